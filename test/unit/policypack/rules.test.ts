// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Request, TARGET_KINDS } from "@elevation/domain";
import { rules } from "@elevation/policypack/rules";
import { createVerdicts } from "@elevation/policypack/verdict";
import { SHELL_TEXT } from "@elevation/provider";
import { createTargets } from "@elevation/provider/targets";
import { repository } from "@elevation/scripts/support/workspace";
import { aRequest, START } from "../../support/lifecycle";
import { type Analyzed, makePackFolder, startPack, UNKNOWN } from "./pack";

const GOOD: Partial<Request["spec"]> = { ticket: "INC-1" };

describe("the policy pack", () => {
  let pack: { folder: string; remove: () => void };
  before(() => {
    pack = makePackFolder();
  });
  after(() => pack.remove());

  /** One analysis of one resource by a pack without a journal. */
  async function analyze(request: unknown, resource: Analyzed = {}, env = {}, now = START): Promise<string[]> {
    const found = await startPack(pack.folder, () => now, env).analyze(request, resource);
    return found.filter((line) => !line.startsWith("advisory journal-read"));
  }

  const rows: readonly [string, Request, readonly string[]][] = [
    ["an allowed request", aRequest(GOOD), []],
    [
      "a person whose job function no rule names",
      aRequest({ ...GOOD, requester: "mallory@example.com" }),
      ["mandatory role-constraint"],
    ],
    [
      "a person who isn't in the directory",
      aRequest({ ...GOOD, requester: "eve@example.com" }),
      ["mandatory role-constraint"],
    ],
    [
      "an environment that no rule opens",
      aRequest({ ...GOOD, environment: "staging" }),
      ["mandatory environment-access"],
    ],
    ["a duration beyond the rule", aRequest({ ...GOOD, duration: "PT61M" }), ["mandatory time-boundary"]],
    ["a reason that is too short", aRequest({ ...GOOD, reason: "because" }), ["mandatory reason-sufficient"]],
    ["no ticket", aRequest({}), ["mandatory ticket-valid"]],
    [
      "a person without an identity",
      aRequest({ ...GOOD, requester: "nadia@example.com" }),
      ["mandatory identity-known"],
    ],
    [
      "an allowed request for a target that nothing serves",
      aRequest({ ...GOOD, role: "bucket-admin" }),
      ["mandatory target-served"],
    ],
    [
      "a denied request for a target that nothing serves",
      aRequest({ ...GOOD, role: "bucket-admin", duration: "PT2H" }),
      ["mandatory time-boundary"],
    ],
    ["a request that lapsed", aRequest({ ...GOOD, requestedAt: "2026-11-22T09:00:00Z" }), ["advisory request-spent"]],
    [
      "three things at once",
      aRequest({ duration: "PT2H", reason: "because" }),
      ["mandatory time-boundary", "mandatory reason-sufficient", "mandatory ticket-valid"],
    ],
  ];
  for (const [name, request, expected] of rows) {
    it(`when it judges ${name}, then ${expected.length === 0 ? "no rule speaks" : expected.join(", ")}`, async () => {
      const found = await analyze(request);
      assert.deepEqual(
        found.map((line) => line.slice(0, line.indexOf(":"))),
        expected,
      );
    });
  }

  it("when the provider has a target of a kind, then the pack knows that it is served", () => {
    assert.deepEqual([...createTargets({}).keys()], [...TARGET_KINDS.keys()]);
  });

  it("when a deny rule matches, then its rule speaks with the window", async () => {
    const inside = aRequest({ ...GOOD, requestedAt: "2026-12-22T09:00:00Z" });
    const [first] = await analyze(inside, {}, {}, Date.parse("2026-12-22T10:00:00Z"));
    assert.match(first ?? "", /^mandatory denied-window: `alice-orders` .*`freeze`/);
  });

  it("when inputs are no request, then request-well-formed refuses them", async () => {
    const [first, ...rest] = await analyze({ ...aRequest(GOOD), kind: "Grant" });
    assert.match(first ?? "", /^mandatory request-well-formed: /);
    assert.deepEqual(rest, []);
  });

  it("when ELEVATION_ADMINS is set, then everything is refused", async () => {
    const [first] = await analyze(aRequest(GOOD), {}, { ELEVATION_ADMINS: "alice" });
    assert.match(first ?? "", /^mandatory request-well-formed: .*`ELEVATION_ADMINS`/);
  });

  it("when a program, a transformation or a parent gives a Grant options, then grant-options names each that it sees", async () => {
    const opts = {
      protect: true,
      ignoreChanges: ["request"],
      aliases: ["urn:other"],
      deleteBeforeReplace: false,
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 60 },
      additionalSecretOutputs: ["status"],
      parent: "urn:pulumi:production::elevation::x:y:Z::team",
    };
    const refusal = (option: string, why: string) =>
      `mandatory grant-options: \`g\` has the resource option \`${option}\`, none is allowed: ${why}; remove it`;
    assert.deepEqual(await analyze(aRequest(GOOD), { opts, providerName: "mine" }), [
      refusal("protect", "it blocks the withdrawal of a grant"),
      refusal("ignoreChanges", "it hides a change of a grant"),
      refusal("aliases", "it lets one grant take the place of another's"),
      refusal("deleteBeforeReplace", "a grant is never replaced"),
      refusal("customTimeouts", "nothing obeys it, a grant bounds its own time"),
      refusal("additionalSecretOutputs", "it hides in the state what a grant gives"),
      refusal("parent", "a component hands down options that keep a withdrawn grant open, unseen"),
      refusal("provider", "it makes a grant by other settings than the stack's"),
    ]);
  });

  it("when a Grant has the stack as its parent and the engine's own provider, then grant-options is silent", async () => {
    const opts = { parent: "urn:pulumi:production::elevation::pulumi:pulumi:Stack::elevation-production" };
    assert.deepEqual(await analyze(aRequest(GOOD), { opts, providerName: "default_3_270_0" }), []);
  });

  for (const provider of ["exports.handler = () => ({})", `${SHELL_TEXT} `, null, undefined, { text: SHELL_TEXT }]) {
    it(`when a Grant brings ${JSON.stringify(provider)} as its code, then grant-shell refuses it`, async () => {
      const resource = { provider: provider === undefined ? "" : provider };
      assert.deepEqual(await analyze(aRequest(GOOD), resource), [
        "mandatory grant-shell: `g` brings code of its own in `__provider`, which the engine would run with all that the job holds; make it with `new Grant` or a request file",
      ]);
    });
  }

  it("when a Grant's code was not shown, then grant-shell doesn't take it for ours", async () => {
    const unseen = [
      "mandatory grant-shell: the code of `g` was not looked at, because it is not known before `up` or the pack's configuration changes the level of `grant-shell`; leave it `remediate`, and make grants with `new Grant` or a request file",
    ];
    assert.deepEqual(await analyze(aRequest(GOOD), { isRemediated: false }), unseen);
    const running = startPack(pack.folder, () => START);
    await running.analyze(aRequest(GOOD));
    const again = await running.analyze(aRequest(GOOD), { isRemediated: false });
    assert.deepEqual(
      again.filter((line) => line.includes("grant-shell")),
      unseen,
    );
    await assert.rejects(analyze(aRequest(GOOD), { provider: UNKNOWN }), /string value at \.__provider/);
  });

  const unknowns: readonly [string, unknown, Analyzed][] = [
    ["request", UNKNOWN, {}],
    ["request.spec", { ...aRequest(GOOD), spec: UNKNOWN }, {}],
    ["request.spec.duration", aRequest({ ...GOOD, duration: UNKNOWN }), {}],
    ["request.metadata.name", aRequest(GOOD, UNKNOWN), {}],
    ["stack", aRequest(GOOD), { stack: UNKNOWN }],
    ["origin", aRequest(GOOD), { origin: UNKNOWN }],
  ];
  for (const [path, request, resource] of unknowns) {
    it(`when ${path} is not known before up, then that is a mandatory violation, and no rule is downgraded`, async () => {
      assert.deepEqual(await analyze(request, resource), [
        `mandatory request-well-formed: \`${path}\` of this Grant is not known before \`up\`, and what can't be judged is refused; write a plain value`,
      ]);
    });
  }

  it("when another resource is analyzed, then no rule looks at it", async () => {
    assert.deepEqual(await analyze(null, { type: "aws:iam/role:Role", provider: "anything" }), []);
    assert.deepEqual(await analyze(null, { type: "pulumi-nodejs:dynamic:Resource", provider: UNKNOWN }), []);
  });

  it("when a Grant's code runs under another type, then grant-shell refuses it", async () => {
    assert.deepEqual(await analyze(null, { type: "pulumi-nodejs:dynamic:Resource", provider: SHELL_TEXT }), [
      "mandatory grant-shell: `g` runs a Grant's code under the type `pulumi-nodejs:dynamic:Resource`, where no rule judges it; make it with `new Grant` or a request file",
    ]);
  });

  it("when the pack's own documents are read, then they are without errors", async () => {
    const verdicts = createVerdicts({ folder: join(repository, "policypack"), env: {}, clock: () => START });
    const props = { request: aRequest(GOOD), origin: "", organization: "o", project: "p", stack: "s" };
    assert.deepEqual((await verdicts.of("test", "urn", props)).faults, []);
  });

  describe("its list of rules", () => {
    it("when decide() can report a violation, then exactly one rule shows it", () => {
      const text = readFileSync(join(repository, "domain", "decision.ts"), "utf8");
      const union = text.slice(
        text.indexOf("export type ViolationId"),
        text.indexOf(";", text.indexOf("export type ViolationId")),
      );
      const ids = [...union.matchAll(/\| "([a-z-]+)"/g)].map(([, id]) => id);
      assert.ok(ids.length > 25);
      const shown = rules.flatMap(({ reports }) => reports);
      assert.deepEqual([...shown].sort(), [...ids].sort());
    });

    it("when a rule file is added, then it is in the list under its file's name", () => {
      const files = readdirSync(join(repository, "policypack", "rules")).filter(
        (name) => name.endsWith(".ts") && name !== "index.ts",
      );
      assert.deepEqual(rules.map(({ id }) => `${id}.ts`).sort(), files.sort());
    });
  });
});
