// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { type Finished, must } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { type Scenario, startOrders, startScenario } from "../../support/pulumi-suite";

const SPEAKS = /\[advisory\] {1,2}\[severity: high\] {2}grants-all-judged/;

/** A program with a Grant's inputs in a resource of another type, beside the request files. */
const DISGUISED = `
import * as pulumi from "@pulumi/pulumi";
import { declareGrants, SHELL_TEXT } from "@elevation/provider";

const request = {
  apiVersion: "elevation/v1",
  kind: "Request",
  metadata: { name: "disguised" },
  spec: {
    requester: "bruno@example.com",
    role: "orders-admin",
    environment: "production",
    requestedAt: "2026-11-24T10:00:00Z",
    reason: "Rebuild the orders index",
  },
};

export = () => {
  const stack = { organization: pulumi.getOrganization(), project: pulumi.getProject(), stack: pulumi.getStack() };
  const inputs = { __provider: SHELL_TEXT, request, origin: "", ...stack };
  new pulumi.CustomResource("pulumi-nodejs:dynamic:Resource", "disguised", inputs);
  return declareGrants("requests");
};
`;

/** What a stack rule sees is the engine's affair: no double shows it. */
describe("pulumi, the stack rule", function () {
  this.timeout(180_000);
  let server: PostgresServer;
  let it_: Scenario;

  before(async function () {
    this.timeout(engineTimeoutMs);
    await theEngine();
    server = await startOrders();
  });
  after(() => server?.stop());
  afterEach(() => it_?.dispose());

  const pulumi = (...args: string[]): Promise<Finished> =>
    it_.workspace.pulumi([...args, "--policy-pack", "policypack"]);

  async function urnOf(request: string): Promise<string> {
    const { stdout } = await must(it_.workspace.pulumi(["stack", "export"]));
    const { deployment } = JSON.parse(stdout) as { deployment: { resources: { urn: string }[] } };
    const found = deployment.resources.find(({ urn }) => urn.includes(`::${request}-`));
    assert.ok(found, stdout);
    return found.urn;
  }

  it("when every Grant was shown to every rule, then it is silent: in preview, up, unchanged, refreshed, analyzed, and without Grants", async () => {
    it_ = await startScenario(server);
    const runs = [await must(it_.preview())];
    it_.request("alice");
    it_.request("bruno", { requester: "bruno@example.com" });
    runs.push(await must(it_.preview()), await must(it_.up({ preview: true })), await must(it_.up({ preview: true })));
    runs.push(await must(pulumi("up", "--yes", "--refresh")), await must(pulumi("policy", "analyze")));
    it_.withdraw("bruno");
    runs.push(await must(it_.preview()), await must(it_.up()));
    for (const { output } of runs) assert.doesNotMatch(output, /grants-all-judged/);
  });

  it("when a run with --target spares a withdrawn Grant and a new one, then it names both, judges neither, and fails nothing", async () => {
    it_ = await startScenario(server);
    it_.request("alice");
    it_.request("bruno", { requester: "bruno@example.com" });
    await must(it_.up());
    it_.withdraw("bruno");
    it_.request("denied", { requester: "mallory@example.com" });
    const target = await urnOf("alice");
    for (const run of [pulumi("preview", "--target", target), pulumi("up", "--yes", "--target", target)]) {
      const { output } = await must(run);
      assert.match(output, SPEAKS);
      assert.match(
        output,
        /no rule looked at `bruno-[0-9a-f]{12}`, `denied-[0-9a-f]{12}`: this run spares what it doesn't name, also what the program no longer declares; run without `--target` and `--exclude`\n/,
      );
      assert.doesNotMatch(output, /alice-[0-9a-f]{12}`/);
    }
    assert.deepEqual(Object.keys(await it_.grants()).sort(), ["alice", "bruno"]);
    const whole = await it_.preview();
    assert.notEqual(whole.code, 0, "the new one is judged as soon as it is not spared");
    assert.match(whole.output, /role-constraint/);
  });

  it("when the pack's configuration disables a rule, then it says so and up goes on; when a Grant has another type, then grant-shell refuses it", async () => {
    it_ = await startScenario(server);
    it_.request("alice");
    it_.workspace.write("levels.json", JSON.stringify({ "time-boundary": "disabled" }));
    const disabled = await must(pulumi("preview", "--policy-pack-config", "levels.json"));
    assert.match(disabled.output, SPEAKS);
    assert.match(disabled.output, /`time-boundary` did not look at `alice-[0-9a-f]{12}`, because /);
    it_.workspace.write("stacks/index.ts", DISGUISED);
    const { output, code } = await pulumi("preview");
    assert.notEqual(code, 0);
    assert.match(
      output,
      /\[mandatory\] \[severity: critical\] {2}grant-shell {2}\(pulumi-nodejs:dynamic:Resource: disguised\)/,
    );
    assert.match(
      output,
      /carrying a request as type `pulumi-nodejs:dynamic:Resource`, at which no rule looks: `disguised`; make it with `new Grant` or a request file\n/,
    );
  });
});
