// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { aRequest, START } from "../../support/lifecycle";
import { makePackFolder, NO_CODE, type Pack, startPack, UNKNOWN } from "./pack";

describe("grants-all-judged", () => {
  const request = aRequest({ ticket: "INC-1" });
  const UNJUDGED =
    "this run spares what it doesn't name, also what the program no longer declares; run without `--target` and `--exclude`";
  const DISABLED =
    "because a value is not known before `up` or the pack's configuration disables the rule; write plain values, and disable no rule";
  let documents: { folder: string; remove: () => void };
  let pack: Pack;

  beforeEach(() => {
    documents = makePackFolder();
    pack = startPack(documents.folder, () => START);
  });
  afterEach(() => documents.remove());

  /** The engine shows each Grant to the resource rules first. */
  async function judge(...names: string[]): Promise<void> {
    for (const name of names) await pack.analyze(request, { urn: `urn:${name}` });
  }

  it("when every Grant of the stack was judged, allowed or not, then it is silent", async () => {
    await judge("a", "b");
    await pack.analyze(null, { urn: "urn:denied" });
    const stack = [{ name: "a" }, { name: "b" }, { name: "denied" }, { name: "other", type: "aws:iam/role:Role" }];
    assert.deepEqual(await pack.analyzeStack(stack), []);
  });

  it("when the stack has no Grants, or nothing at all, then it is silent", async () => {
    assert.deepEqual(await pack.analyzeStack([]), []);
    assert.deepEqual(await pack.analyzeStack([{ name: "s", type: "pulumi:pulumi:Stack" }]), []);
  });

  it("when a Grant stands in the stack that no rule was shown, then it advises, and names it", async () => {
    await judge("a");
    assert.deepEqual(await pack.analyzeStack([{ name: "a" }, { name: "withdrawn" }]), [
      `advisory grants-all-judged: no rule looked at \`withdrawn\`: ${UNJUDGED}`,
    ]);
  });

  it("when there are many of them, then five are named and the others counted", async () => {
    const stack = ["g", "f", "e", "d", "c", "b", "a"].map((name) => ({ name }));
    assert.deepEqual(await pack.analyzeStack(stack), [
      `advisory grants-all-judged: no rule looked at \`a\`, \`b\`, \`c\`, \`d\`, \`e\`, 2 more: ${UNJUDGED}`,
    ]);
  });

  it("when the pack's configuration disables rules, then it names them and the Grants", async () => {
    const disabled = ["time-boundary", "grant-shell"];
    await pack.analyze(request, { urn: "urn:a", disabled });
    await judge("b");
    assert.deepEqual(await pack.analyzeStack([{ name: "a" }, { name: "b" }]), [
      `advisory grants-all-judged: \`time-boundary\`, \`grant-shell\` did not look at \`a\`, ${DISABLED}`,
    ]);
  });

  it("when a new Grant is shown without any property, as `--target` shows one that it spares, then no rule judges it, and it is named", async () => {
    assert.deepEqual(await pack.analyze(request, { urn: "urn:spared", isEmpty: true, provider: NO_CODE }), []);
    assert.deepEqual(await pack.analyzeStack([{ name: "spared" }]), [
      `advisory grants-all-judged: no rule looked at \`spared\`: ${UNJUDGED}`,
    ]);
  });

  for (const [name, resource] of [
    ["brings nothing but code", { provider: "exports.handler = () => ({})" }],
    ["brings nothing but our code", {}],
    ["has no property, and its code was not shown", { isRemediated: false }],
  ] as const) {
    it(`when a Grant ${name}, then it is not taken for a spared one, and refused`, async () => {
      const found = await pack.analyze(request, { urn: "urn:a", isEmpty: true, ...resource });
      assert.ok(found.some((line) => line.startsWith("mandatory request-well-formed: ")));
      assert.deepEqual(await pack.analyzeStack([{ name: "a" }]), []);
    });
  }

  it("when a spared Grant is shown in full in the next run, then it is judged", async () => {
    await pack.analyze(request, { urn: "urn:a", isEmpty: true, provider: NO_CODE });
    const denied = aRequest({ duration: "PT2H", ticket: "INC-1" });
    const found = await pack.analyze(denied, { urn: "urn:a" });
    assert.ok(found.some((line) => line.startsWith("mandatory time-boundary: ")));
  });

  it("when a request is carried by a resource of another type, then it says so", async () => {
    const disguised = { name: "odd", type: "pulumi-nodejs:dynamic:Resource", props: { request } };
    assert.deepEqual(await pack.analyzeStack([disguised]), [
      "advisory grants-all-judged: carrying a request as type `pulumi-nodejs:dynamic:Resource`, at which no rule looks: `odd`; make it with `new Grant` or a request file",
    ]);
  });

  for (const props of [
    {},
    { request: "GET /" },
    { request: UNKNOWN },
    { request: null },
    { request: { kind: UNKNOWN } },
  ]) {
    it(`when another resource has the properties ${JSON.stringify(props)}, then it is silent and runs to its end`, async () => {
      assert.deepEqual(await pack.analyzeStack([{ name: "api", type: "aws:apigateway/method:Method", props }]), []);
    });
  }

  it("when a rule could not look because a value isn't known yet, then it says so", async () => {
    await assert.rejects(pack.analyze(request, { urn: "urn:a", provider: UNKNOWN }));
    assert.equal((await pack.analyzeStack([{ name: "a" }])).length, 1);
  });

  it("when the process is used for another run, then what was judged in the first says nothing", async () => {
    await judge("a");
    assert.deepEqual(await pack.analyzeStack([{ name: "a" }]), []);
    assert.equal((await pack.analyzeStack([{ name: "a" }])).length, 1);
    await judge("a");
    assert.deepEqual(await pack.analyzeStack([{ name: "a" }]), []);
  });
});
