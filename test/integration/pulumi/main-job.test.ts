// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { must } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { aPolicy, type Scenario, startOrders, startScenario } from "../../support/pulumi-suite";

const ADMIN_WORK = "SELECT count(*) FROM orders";
const REFUSED = "ERROR:  permission denied for table orders";

/** The main job on the real engine, before a real PostgreSQL; each effect is proven by SQL as the person. */
describe("pulumi, the main job", function () {
  this.timeout(120_000);
  let server: PostgresServer;
  let it_: Scenario;

  before(async function () {
    this.timeout(engineTimeoutMs);
    await theEngine();
    server = await startOrders();
  });
  after(() => server?.stop());
  afterEach(() => it_?.dispose());

  it("when a request violates the policy, then preview fails with the rule and the fix, and nothing is journaled", async () => {
    it_ = await startScenario(server);
    it_.request("alice", { duration: "PT2H" });
    it_.request("mallory", { requester: "mallory@example.com" });
    const { code, output } = await it_.preview();
    assert.notEqual(code, 0);
    assert.match(
      output,
      /\[mandatory\] {2}\[severity: high\] {2}time-boundary|\[mandatory\] \[severity: high\] {2}time-boundary/,
    );
    assert.match(output, /`alice` asks for 2 h, rule `dba` allows 1 h; set `duration` to PT1H or less/);
    assert.match(output, /role-constraint/);
    assert.deepEqual(await it_.events(), []);
  });

  it("when a pack isn't passed, then up grants nothing that the policy denies", async () => {
    it_ = await startScenario(server);
    it_.request("mallory", { requester: "mallory@example.com" });
    const { code, output } = await it_.up({ pack: false });
    assert.notEqual(code, 0);
    assert.match(output, /request `mallory` is denied:\s+\[not-eligible\]/);
    assert.deepEqual(await it_.grants(), {});
    assert.deepEqual(await it_.events(), ["decided"]);
    const mallory = await it_.session("mallory");
    assert.equal(await mallory.run(ADMIN_WORK), REFUSED);
  });

  it("when an allowed request is deployed, then she can do the work; at its expiry a refresh cuts her open session and destroys it; up doesn't bring it back", async () => {
    it_ = await startScenario(server);
    it_.request("alice", { duration: "PT8S" });
    const alice = await it_.session("alice");
    assert.equal(await alice.run(ADMIN_WORK), REFUSED);
    await must(it_.up());
    assert.equal(await alice.run(ADMIN_WORK), "30");
    const mallory = await it_.session("mallory");
    assert.equal(await mallory.run(ADMIN_WORK), REFUSED);
    const { alice: grant } = await it_.grants();
    assert.equal(grant?.status, "active");

    await it_.until(grant?.expiresAt);
    assert.equal(await alice.run(ADMIN_WORK), "30", "a refresh ends it, nothing else does in this version");
    const { output } = await must(it_.refresh());
    assert.match(output, /alice-[0-9a-f]{12}.* deleted/);
    assert.match(await alice.cut, /terminating connection due to administrator command/);
    const again = await it_.session("alice");
    assert.equal(await again.run(ADMIN_WORK), REFUSED);
    assert.deepEqual(await it_.roles(), []);
    assert.deepEqual(await it_.grants(), {});

    await must(it_.up());
    assert.equal(await again.run(ADMIN_WORK), REFUSED);
    assert.deepEqual(await it_.grants(), {});
    assert.deepEqual(await it_.events(), ["decided", "activating", "activated", "revoking", "expired"]);
    const verified = await it_.workspace.elevate(["audit", "verify"]);
    assert.equal(verified.code, 0, verified.output);
  });

  it("when a request is removed from code, then up ends it early", async () => {
    it_ = await startScenario(server);
    it_.request("alice");
    await must(it_.up());
    const alice = await it_.session("alice");
    assert.equal(await alice.run(ADMIN_WORK), "30");
    it_.withdraw("alice");
    await must(it_.up());
    assert.match(await alice.cut, /terminating connection due to administrator command/);
    assert.equal(await (await it_.session("alice")).run(ADMIN_WORK), REFUSED);
    assert.deepEqual(await it_.events(), ["decided", "activating", "activated", "revoking", "revoked"]);
  });

  it("when the role is dropped by hand, then refresh ends the grant and up doesn't put it back", async () => {
    it_ = await startScenario(server);
    it_.request("alice");
    await must(it_.up());
    const [role] = await it_.roles();
    await it_.superuser(`DROP ROLE ${role}`);
    await must(it_.refresh());
    assert.deepEqual(await it_.grants(), {});
    await must(it_.up());
    assert.deepEqual(await it_.roles(), []);
    assert.equal(await (await it_.session("alice")).run(ADMIN_WORK), REFUSED);
    assert.deepEqual((await it_.events()).slice(3), ["drift", "revoking", "revoked"]);
  });

  it("when another member is added to the role by hand, then refresh shows it and up cuts it back", async () => {
    it_ = await startScenario(server);
    it_.request("alice");
    await must(it_.up());
    const [role] = await it_.roles();
    await it_.superuser(`GRANT ${role} TO mallory GRANTED BY elevation_manager`);
    const mallory = await it_.session("mallory");
    assert.equal(await mallory.run(ADMIN_WORK), "30");
    await must(it_.refresh());
    await must(it_.up());
    assert.equal(await (await it_.session("mallory")).run(ADMIN_WORK), REFUSED);
    assert.equal(await (await it_.session("alice")).run(ADMIN_WORK), "30");
  });

  for (const [name, first, second] of [
    ["the older one first", "one", "other"],
    ["the younger one first", "other", "one"],
  ] as const) {
    it(`when two grants of one role overlap and end ${name}, then she keeps her session until the last one ends`, async () => {
      it_ = await startScenario(server);
      it_.request("one");
      await must(it_.up());
      it_.request("other");
      await must(it_.up());
      const alice = await it_.session("alice");
      it_.withdraw(first);
      await must(it_.up());
      assert.equal(await alice.run(ADMIN_WORK), "30");
      it_.withdraw(second);
      await must(it_.up());
      assert.match(await alice.cut, /terminating connection/);
      assert.equal(await (await it_.session("alice")).run(ADMIN_WORK), REFUSED);
    });
  }

  it("when two grants of one role to one person are withdrawn in one up, then her session is cut", async () => {
    it_ = await startScenario(server);
    it_.request("one");
    it_.request("other");
    await must(it_.up());
    const alice = await it_.session("alice");
    assert.equal(await alice.run(ADMIN_WORK), "30");
    it_.withdraw("one");
    it_.withdraw("other");
    await must(it_.up());
    assert.match(await alice.cut, /terminating connection/);
    assert.deepEqual(await it_.roles(), []);
  });

  it("when a live grant is applied after its activateBy and outside its hours, near its end, then it is untouched", async function () {
    this.timeout(240_000);
    // The window of the allow rule closes at the next full minute that leaves time for the first up.
    const closes = new Date(Math.ceil((Date.now() + 20_000) / 60_000) * 60_000);
    const clock = closes.toISOString().slice(11, 16);
    const policy = aPolicy().replace(
      "    duration: { min: PT1S, max: PT1H }",
      `    duration: { min: PT1S, max: PT1H }\n    hours: { zone: UTC, days: [mon, tue, wed, thu, fri, sat, sun], from: "${threeHoursBefore(clock)}", to: "${clock === "00:00" ? "24:00" : clock}" }`,
    );
    it_ = await startScenario(server, { policy });
    const seconds = Math.ceil((closes.getTime() - Date.now()) / 1000) + 40;
    it_.request("alice", { duration: `PT${seconds}S`, extra: `activateBy: ${closes.toISOString()}` });
    await must(it_.up());
    const { alice: granted } = await it_.grants();
    await it_.until(closes.toISOString());
    it_.request("late", { duration: "PT1M" });
    const denied = await it_.preview();
    assert.match(denied.output, /`late` .*outside|`late` would/);
    it_.withdraw("late");
    const { output } = await must(it_.preview());
    assert.doesNotMatch(output, /to (create|update|delete|replace)/);
    await must(it_.up());
    assert.deepEqual((await it_.grants())["alice"], granted);
    assert.equal(await (await it_.session("alice")).run(ADMIN_WORK), "30");
  });

  it("when the deploy job finds a denied request beside a withdrawn and an allowed one, then both happen and the denial is reported", async () => {
    it_ = await startScenario(server);
    it_.request("leaving");
    await must(it_.up());
    it_.withdraw("leaving");
    it_.request("denied", { requester: "mallory@example.com" });
    it_.request("allowed", { requester: "bruno@example.com" });
    const { output } = await must(it_.up({ env: { ELEVATION_DEPLOY: "1" } }));
    assert.match(output, /denied\.yaml is denied and not declared:\s+\[not-eligible\]/);
    assert.deepEqual(Object.keys(await it_.grants()), ["allowed"]);
    const types = await it_.events();
    assert.equal(types.filter((type) => type === "revoked").length, 1);
    await must(it_.up({ env: { ELEVATION_DEPLOY: "1" } }));
    assert.deepEqual(await it_.events(), types, "a denial that was journaled is not journaled again");
  });
});

/** Three hours before a clock time, as HH:mm. */
function threeHoursBefore(clock: string): string {
  const [hours, minutes] = clock.split(":").map(Number);
  return `${String(((hours ?? 0) + 21) % 24).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
}
