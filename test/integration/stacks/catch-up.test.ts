// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "@elevation/journal";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { openSession } from "@elevation/scripts/support/sql-session";
import { until } from "../../support/alive";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { grantRoles, query, startOrders } from "../../support/pulumi-suite";
import { type HeldResource, openTwoStacks, type TwoStacks } from "../../support/two-stacks";

const ADMIN_WORK = "SELECT count(*) FROM orders";
const REFUSED = "ERROR:  permission denied for table orders";

/** A reaper beside two stacks on the real engine, before a real PostgreSQL. */
describe("stacks that catch up", function () {
  this.timeout(180_000);
  let server: PostgresServer;
  let two: TwoStacks;

  before(async function () {
    this.timeout(engineTimeoutMs);
    await theEngine();
    server = await startOrders();
  });
  after(() => server?.stop());
  beforeEach(async () => {
    two = await openTwoStacks(server);
  });
  afterEach(async () => {
    await two?.dispose();
    for (const role of await grantRoles(server)) await query(server, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  const work = async (login: string): Promise<string> => {
    const session = await openSession(server.url(login, "orders"));
    try {
      return await session.run(ADMIN_WORK);
    } finally {
      await session.close();
    }
  };
  const BRUNO = { requester: "bruno@example.com" };
  /** Alice's grant in production, which ends soon beside one that stays, and bruno's in staging. */
  const deployBoth = async (): Promise<void> => {
    two.request("production", "ending", { duration: "PT20S" });
    two.request("production", "staying", { role: "orders-replica", requester: "bruno@example.com" });
    two.request("staging", "bruno", { ...BRUNO, duration: "PT12S" });
    await two.up("production");
    await two.up("staging");
  };

  it("when one stack is locked and another is not, then both grants end on time, the one forgets, and the other once it is free", async () => {
    two.request("production", "alice", { duration: "PT20S" });
    two.request("production", "staying");
    two.request("staging", "bruno", { ...BRUNO, duration: "PT12S" });
    await two.up("production");
    await two.up("staging");
    const before = await two.resources("production");
    const unlock = two.lock("staging");
    const reaper = await two.reap("--stacks", ".");

    assert.equal((await reaper.next("ended", { name: "bruno" }))["outcome"], "expired");
    assert.equal(await work("bruno"), REFUSED, "a locked stack holds up no end");
    assert.equal((await reaper.next("ended", { name: "alice" }))["outcome"], "expired");

    const { at: _at, journal: _journal, ...caughtUp } = await reaper.next("stack-caught-up", { stack: "production" });
    assert.deepEqual(caughtUp, { event: "stack-caught-up", stack: "production", forgotten: 1 });
    assert.deepEqual(await two.grants("production"), ["staying"]);
    assert.deepEqual(
      plain(await two.resources("production")),
      plain(before.filter(({ urn }) => !/::alice-/.test(urn))),
    );
    assert.equal(await work("alice"), "30", "the grant beside it is untouched");

    const { failures, reason } = await reaper.next("stack-behind", { stack: "staging", failures: 2 });
    assert.deepEqual(
      [failures, reason],
      [2, "it is locked by another run; if none is at work, run `pipeline recover`"],
    );
    const behind = await reaper.metrics();
    assert.equal(behind["elevation_stacks_behind"], "1");
    assert.equal(behind["elevation_stacks_failing"], "1");
    assert.equal(behind["elevation_stack_resources_forgotten_total"], "1");
    assert.ok(Number(behind["elevation_stack_failures_total"]) >= 2);
    assert.deepEqual(await two.grants("staging"), ["bruno"]);
    unlock();
    assert.equal((await reaper.next("stack-caught-up", { stack: "staging" }))["forgotten"], 1);
    assert.deepEqual(await two.grants("staging"), []);
    const caught = await reaper.metrics();
    assert.equal(caught["elevation_stacks_behind"], "0");
    assert.equal(caught["elevation_stacks_failing"], "0");
    assert.equal(await reaper.stop(), 0);
    assert.equal(two.isLocked(), false);
    const events = await openStore(two.workspace.env["ELEVATION_JOURNAL"] ?? "").read();
    const ends = events.filter(({ type }) => ["revoking", "stuck", "revoked", "expired"].includes(type));
    assert.deepEqual(
      ends.map(({ type }) => type).sort(),
      ["expired", "expired", "revoking", "revoking"],
      "a refresh of what has ended journals nothing",
    );
  });

  it("when a state holds foreign code, then it is refused and said, nothing of it runs, and the other stack catches up", async () => {
    await deployBoth();
    const owned = join(two.workspace.root, "owned");
    const foreign = `exports.handler = () => { require("node:fs").writeFileSync(${JSON.stringify(owned)}, ""); return {}; };`;
    const sound = await two.tamper("staging", (state) =>
      state.replace(/"__provider": "(?:[^"\\]|\\.)*"/g, () => `"__provider": ${JSON.stringify(foreign)}`),
    );
    const reaper = await two.reap("--stacks", "stacks");
    await reaper.next("ended", { name: "bruno" });
    await reaper.next("ended", { name: "ending" });
    assert.equal(await work("alice"), REFUSED);
    const { reason } = await reaper.next("stack-behind", { stack: "staging" });
    assert.match(
      String(reason),
      /^stack `staging`: `bruno-[0-9a-f]{12}` holds provider code that this version did not ship, and a refresh would run it; find out who wrote to the state, and restore it from a backup$/,
    );
    assert.equal((await reaper.next("stack-caught-up", { stack: "production" }))["forgotten"], 1);
    assert.deepEqual(await two.grants("production"), ["staying"]);
    assert.equal(existsSync(owned), false, "the foreign code ran");
    await two.restore("staging", sound);
    assert.equal((await reaper.next("stack-caught-up", { stack: "staging" }))["forgotten"], 1);
    assert.deepEqual(await two.grants("staging"), []);
  });

  it("when a stack isn't made, then that is told once, and it is not behind", async () => {
    two.workspace.write("stacks/Pulumi.unmade.yaml", "config: { elevation:environments: [staging] }\n");
    two.request("staging", "bruno", { ...BRUNO, duration: "PT4S" });
    await two.up("staging");
    const reaper = await two.reap("--stacks", ".");
    const { at: _at, journal: _journal, ...unmade } = await reaper.next("stack-unmade");
    assert.deepEqual(unmade, { event: "stack-unmade", stack: "unmade" });
    assert.equal((await reaper.next("stack-caught-up", { stack: "staging" }))["forgotten"], 1);
    const metrics = await reaper.metrics();
    assert.deepEqual([metrics["elevation_stacks_behind"], metrics["elevation_stacks_failing"]], ["0", "0"]);
    assert.equal(await reaper.stop(), 0);
    two.workspace.remove("stacks/Pulumi.unmade.yaml");
  });

  it("when it is told to stop while a refresh runs, then it waits for it, and leaves no lock behind", async () => {
    two.request("staging", "bruno", { ...BRUNO, duration: "PT4S" });
    await two.up("staging");
    const reaper = await two.reap("--stacks", ".");
    await reaper.next("ended", { name: "bruno" });
    await until(() => two.isLocked());
    assert.equal(await reaper.stop(), 0);
    assert.equal(two.isLocked(), false);
    assert.deepEqual(await two.grants("staging"), []);
  });

  it("when a grant ended before the reaper began, or by hand of another, then its first look finds it", async () => {
    two.request("production", "alice", { duration: "PT2S" });
    await two.up("production");
    const reaped = async () => (await two.workspace.elevate(["reap", "--once", "--json"])).stdout;
    for (let stdout = ""; !/"outcome": "expired"/.test(stdout); ) stdout = await reaped();
    assert.deepEqual(await two.grants("production"), ["alice"]);
    const reaper = await two.reap("--stacks", ".");
    assert.equal((await reaper.next("stack-caught-up", { stack: "production" }))["forgotten"], 1);
    assert.deepEqual(await two.grants("production"), []);
  });
});

/** NB. the engine drops the empty `propertyDependencies` of every resource when it saves a refresh. */
function plain(resources: readonly HeldResource[]): readonly object[] {
  return resources.map(({ propertyDependencies: _empty, ...rest }) => rest);
}
