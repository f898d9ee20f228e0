// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { SHELL_TEXT } from "@elevation/provider";
import { activate, readExportedStack } from "@elevation/provider/lifecycle";
import { aRequest, createWorld, inputsOf, type TestWorld } from "../../support/lifecycle";

const TYPE = "pulumi-nodejs:dynamic/elevation:Grant";
const PROVIDER = "urn:pulumi:production::elevation::pulumi:providers:pulumi-nodejs::default";
const SEE = "find out who wrote to the state, and restore it from a backup";

/** The state is code: whoever can write it could run some in the jobs that hold credentials. */
describe("an exported stack", () => {
  let world: TestWorld;
  let outputs: Record<string, unknown>;

  before(async () => {
    world = await createWorld();
    outputs = { ...(await activate(world, inputsOf(aRequest()))), __provider: SHELL_TEXT };
  });
  after(() => world.dispose());

  const stack = () => ({
    urn: "urn:pulumi:production::elevation::pulumi:pulumi:Stack::elevation-production",
    custom: false,
    type: "pulumi:pulumi:Stack",
  });
  const provider = (inputs: object = { "elevation:environments": '["production"]' }) => ({
    ...{ urn: PROVIDER, custom: true, id: "1", type: "pulumi:providers:pulumi-nodejs" },
    ...{ inputs, outputs: inputs },
  });
  const grant = (changes: object = {}) => ({
    urn: `urn:pulumi:production::elevation::${TYPE}::alice-0123456789ab`,
    ...{ custom: true, type: TYPE, id: "sha256:1", inputs: { __provider: SHELL_TEXT }, outputs },
    ...{ parent: stack().urn, provider: `${PROVIDER}::1`, dependencies: [], protect: false },
    ...changes,
  });
  const read = (resources: readonly object[], pending: readonly object[] = []) => {
    const pending_operations = pending.map((resource) => ({ resource, type: "creating" }));
    return readExportedStack(
      "state.json",
      JSON.stringify({ version: 3, deployment: { resources, pending_operations } }),
    );
  };
  const problemsOf = (...resources: readonly object[]) => read([stack(), provider(), ...resources]).problems;

  it("when it is as our jobs make it, then its grants are read and nothing is wrong", () => {
    const { grants, problems } = read([stack(), provider(), grant()]);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      grants.map(({ status }) => status),
      ["active"],
    );
    assert.deepEqual(read([]), { grants: [], held: [], problems: [], unreadable: [] });
  });

  const held = (field: string) =>
    `\`alice-0123456789ab\` is held with \`${field}\`, which no Grant is made with: it can drop access without ending it, or run other code; ${SEE}`;
  for (const [field, value] of [
    ["protect", true],
    ["retainOnDelete", true],
    ["deletedWith", "urn:x"],
    ["external", true],
    ["viewOf", "urn:x"],
    ["resourceHooks", { "before-delete": ["x"] }],
    ["ignoreChanges", ["request"]],
    ["importID", "x"],
    ["aliases", ["urn:x"]],
  ] as const) {
    it(`when a Grant is held with ${field}, then the stack is refused`, () => {
      assert.deepEqual(problemsOf(grant({ [field]: value })), [held(field)]);
    });
  }

  it("when a Grant is no custom resource, then the stack is refused: the engine would drop it without a call", () => {
    assert.deepEqual(problemsOf(grant({ custom: false })), [held("custom: false")]);
    assert.deepEqual(problemsOf(grant({ custom: undefined })), [held("custom: false")]);
  });

  for (const [where, changes] of [
    ["inputs", { inputs: { __provider: "exports.handler = () => ({})" } }],
    ["outputs", { outputs: { __provider: "exports.handler = () => ({})" } }],
    [
      "a secret",
      { inputs: { __provider: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" } } },
    ],
  ] as const) {
    it(`when foreign code stands in ${where}, then the stack is refused, among pending operations, too`, () => {
      const problem = `\`alice-0123456789ab\` holds provider code that this version did not ship, and a refresh would run it; ${SEE}`;
      assert.deepEqual(problemsOf(grant(changes)), [problem]);
      assert.deepEqual(read([stack(), provider()], [grant(changes)]).problems, [problem]);
    });
  }

  it("when it holds another type, then it is refused: the engine would fetch and run that type's plugin", () => {
    const urn = "urn:pulumi:production::elevation::command:local:Command::owned";
    assert.deepEqual(problemsOf({ urn, custom: true, type: "command:local:Command" }), [
      "`owned` is of type `command:local:Command`, and a stack of grants holds nothing but Grants: the engine would run that type's plugin with all that the job holds; move it to a stack of its own",
    ]);
    assert.equal(
      problemsOf({
        urn: "urn:pulumi:production::elevation::pulumi:providers:evil::default",
        type: "pulumi:providers:evil",
      }).length,
      1,
    );
  });

  it("when a resource's URN has another type than it says, then it is refused", () => {
    const urn = "urn:pulumi:production::elevation::command:local:Command::owned";
    assert.match(
      problemsOf(grant({ urn }))[0] ?? "",
      /^`owned` is of type `.+`, its URN says `command:local:Command`, and /,
    );
  });

  it("when the provider is another plugin than the one that @pulumi/pulumi brings, then it is refused", () => {
    const inputs = { version: "1.0.0", pluginDownloadURL: "http://127.0.0.1/evil" };
    const { problems } = read([stack(), provider(inputs), grant()]);
    assert.deepEqual(
      problems.map((problem) => problem.split(", ")[0]),
      ["`default` is held with `pluginDownloadURL`", "`default` is held with `version`"],
    );
    assert.match(
      read([stack(), grant()]).problems[0] ?? "",
      /^`alice-0123456789ab` names `.+` as its provider, which this state does not hold; /,
    );
  });

  it("when a Grant can't be read, then that is said, and the others are read", () => {
    const { grants, problems, unreadable } = read([
      stack(),
      provider(),
      grant({ outputs: { digest: "sha256:1", place: "elsewhere", __provider: SHELL_TEXT } }),
      grant(),
    ]);
    assert.equal(grants.length, 1);
    assert.deepEqual(problems, unreadable);
    assert.match(
      unreadable[0] ?? "",
      /^`alice-0123456789ab`: a Grant's state is malformed: .+; restore this state from a backup$/,
    );
  });

  it("when it is no export, then that is said", () => {
    assert.throws(() => readExportedStack("state.json", "{"), {
      code: "input-invalid",
      message: /^`state.json` is no exported stack \(.+\); write it with `pulumi stack export`$/,
    });
  });
});
