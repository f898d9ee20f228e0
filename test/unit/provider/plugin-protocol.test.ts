// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { digestOf } from "@elevation/domain";
import { SHELL_TEXT } from "@elevation/provider";
import { repository } from "@elevation/scripts/support/workspace";
import { aRequest } from "../../support/lifecycle";
import { type Plugin, startPlugin } from "../../support/plugin";

const NO_CHANGES = 1;
const CHANGES = 2;

/**
 * Pins the protocol of @pulumi/pulumi's dynamic provider plugin that the literal shell relies on (docs/adr/0001): it is
 * no public interface, so a new version that changes it must fail here and not at somebody's grant.
 */
describe("the literal shell in @pulumi/pulumi's dynamic provider plugin", () => {
  let plugin: Plugin;
  const request = aRequest();
  const inputs = {
    __provider: SHELL_TEXT,
    request,
    origin: "alice.yaml",
    organization: "organization",
    project: "elevation",
    stack: "production",
  };
  /** A Grant whose end is over: nothing of it is at a target. */
  const inert = {
    ...inputs,
    digest: digestOf(request),
    status: "expired",
    rule: null,
    activatedAt: null,
    expiresAt: null,
    place: null,
    witness: null,
    drift: [],
  };

  before(async function () {
    this.timeout(20_000);
    const env = { ...process.env, PULUMI_PROJECT: "elevation", ELEVATION_JOURNAL: "", ELEVATION_JOURNAL_ID: "" };
    const config = { "elevation:environments": '["production"]', "aws:region": "eu-central-1" };
    plugin = await startPlugin(join(repository, "stacks"), env, config);
  });
  after(() => plugin.stop());

  it("when the shell's text changes, then somebody has read the decision about it", () => {
    assert.equal(SHELL_TEXT, 'exports.handler = () => require("@elevation/provider/shell").handler();');
  });

  it("when check is called, then stack config reaches the handler and the inputs come back whole", async () => {
    const { inputs: checked, failures } = await plugin.check({}, inputs);
    assert.deepEqual(failures, []);
    assert.deepEqual(checked, inputs);
  });

  it("when check fails, then each reason comes without a property", async () => {
    const staging = { ...inputs, request: aRequest({ environment: "staging" }) };
    assert.deepEqual((await plugin.check({}, staging)).failures, [
      {
        property: "",
        reason:
          "`alice-orders` asks for environment `staging`, stack `production` serves `production`; file it for the stack that serves it, or set `elevation:environments`",
      },
    ]);
  });

  it("when the state holds another shell text, then diff reports a change; otherwise none", async () => {
    assert.deepEqual(await plugin.diff(inert, inputs), { changes: NO_CHANGES, replaces: [] });
    const old = { ...inert, __provider: `${SHELL_TEXT}\n` };
    assert.deepEqual(await plugin.diff(old, inputs), { changes: CHANGES, replaces: [] });
  });

  it("when create refuses, then the engine gets its message and nothing else", async () => {
    await assert.rejects(plugin.create(inputs), {
      details:
        "`ELEVATION_JOURNAL` is not set; set it to the journal's address, as in file:/var/lib/elevation/journal.jsonl",
    });
  });

  it("when read, update and delete are called, then the shell's text is carried on", async () => {
    assert.deepEqual(await plugin.read("id", inert), { id: "id", properties: inert });
    assert.deepEqual((await plugin.update("id", inert, inputs)).properties, inert);
    await plugin.delete("id", inert);
  });

  it("when read throws, then the message is clean and no stack follows it", async () => {
    await assert.rejects(plugin.read("id", { ...inert, status: "nonsense" }), /a Grant's state is malformed/);
    assert.doesNotMatch(plugin.stderr(), /\n\s+at /);
  });
});
