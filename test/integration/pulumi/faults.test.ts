// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { must } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { killTree } from "../../support/kill-tree";
import { type Scenario, startOrders, startScenario } from "../../support/pulumi-suite";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy";

const ADMIN_WORK = "SELECT count(*) FROM orders";
const REFUSED = "ERROR:  permission denied for table orders";

/** What breaks while the engine runs: its own death, the target, the journal. */
describe("pulumi, faults", function () {
  this.timeout(120_000);
  let server: PostgresServer;
  let proxy: TcpProxy;
  let it_: Scenario;

  before(async function () {
    this.timeout(engineTimeoutMs);
    await theEngine();
    server = await startOrders();
    proxy = await startTcpProxy(server.port);
  });
  after(async () => {
    await proxy?.close();
    await server?.stop();
  });
  afterEach(() => it_?.dispose());

  /** The manager's address through the proxy. */
  const through = () => server.url("elevation_manager", "orders").replace(`:${server.port}/`, `:${proxy.port}/`);

  const modes = [
    ["with checkpoints", {}],
    ["without checkpoints", { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" }],
  ] as const;
  for (const [mode, env] of modes) {
    it(`when engine and provider are killed between effect and state, ${mode}, then a clean next run leaves one grant and no leak`, async () => {
      it_ = await startScenario(server, { env: { ...env, ELEVATION_CONNECTION_ORDERS: through() } });
      it_.request("alice");
      const committed = proxy.holdAfter("COMMIT");
      let pid = 0;
      const killed = it_.up({
        onStart: (started) => {
          pid = started;
        },
      });
      await committed;
      killTree(pid);
      assert.notEqual((await killed).code, 0);
      proxy.release();
      assert.deepEqual(await it_.events(), ["decided", "activating"]);
      const [role, ...none] = await it_.roles();
      assert.deepEqual(none, []);
      const alice = await it_.session("alice");
      assert.equal(await alice.run(ADMIN_WORK), "30", "the effect is there, the state is not");

      await must(it_.workspace.pulumi(["cancel", "--yes"]));
      await must(it_.up());
      await must(it_.refresh("--clear-pending-creates"));
      assert.deepEqual(await it_.roles(), [role], "adopted, not made twice");
      assert.deepEqual(await it_.events(), ["decided", "activating", "activated"]);
      const { alice: grant } = await it_.grants();
      assert.equal(grant?.place?.object, role);

      await must(it_.workspace.pulumi(["destroy", "--yes", "--skip-preview"]));
      assert.deepEqual(await it_.roles(), []);
      assert.equal(await (await it_.session("alice")).run(ADMIN_WORK), REFUSED);
      assert.equal((await it_.workspace.elevate(["audit", "verify"])).code, 0);
    });
  }

  it("when PostgreSQL is down during refresh, then the state is kept, the others end, and the next refresh finishes", async () => {
    it_ = await startScenario(server, { env: { ELEVATION_CONNECTION_REPLICA: through() } });
    it_.request("alice", { duration: "PT6S" });
    it_.request("bruno", { requester: "bruno@example.com", role: "orders-replica", duration: "PT6S" });
    await must(it_.up());
    const grants = await it_.grants();
    await it_.until(grants["bruno"]?.expiresAt);
    await it_.until(grants["alice"]?.expiresAt);
    proxy.down();
    const failed = await it_.refresh();
    assert.notEqual(failed.code, 0);
    assert.match(
      failed.output,
      /stuck: the access of `bruno` to role `orders_admin` at `replica` must end and could not be ended: /,
    );
    assert.doesNotMatch(failed.output, /postgres:\/\//);
    assert.deepEqual(Object.keys(await it_.grants()), ["bruno"]);
    assert.equal(await (await it_.session("alice")).run(ADMIN_WORK), REFUSED);
    assert.equal(await (await it_.session("bruno")).run(ADMIN_WORK), "30");

    proxy.up();
    await must(it_.refresh());
    assert.deepEqual(await it_.grants(), {});
    assert.equal(await (await it_.session("bruno")).run(ADMIN_WORK), REFUSED);
    const types = await it_.events();
    assert.equal(types.filter((type) => type === "stuck").length, 1);
    assert.equal(types.filter((type) => type === "expired").length, 2);
  });

  const spoilt: readonly [string, (file: string) => void][] = [
    ["is missing", (file) => renameSync(file, `${file}.away`)],
    ["was replaced by a new one", (file) => replaceBy(file)],
    ["was cut at its last event", (file) => writeFileSync(file, withoutLastLine(file))],
  ];
  for (const [name, spoil] of spoilt) {
    it(`when the journal ${name}, then up grants nothing, a refresh past expiry still ends the access, and the resource stays until the journal is back`, async () => {
      it_ = await startScenario(server);
      it_.request("alice", { duration: "PT10S" });
      await must(it_.up());
      const { alice: grant } = await it_.grants();
      const file = join(it_.workspace.root, "journal.jsonl");
      copyFileSync(file, `${file}.kept`);
      spoil(file);

      it_.request("bruno", { requester: "bruno@example.com" });
      const up = await it_.up({ preview: true });
      assert.notEqual(up.code, 0, up.output);
      assert.equal(await (await it_.session("bruno")).run(ADMIN_WORK), REFUSED);
      assert.equal(
        await (await it_.session("alice")).run(ADMIN_WORK),
        "30",
        "ignorance is no reason to end what is live",
      );

      await it_.until(grant?.expiresAt);
      const refresh = await it_.refresh();
      assert.notEqual(refresh.code, 0);
      assert.match(refresh.output, /the access was ended at `orders`, but that can't be recorded: /);
      assert.equal(await (await it_.session("alice")).run(ADMIN_WORK), REFUSED);
      assert.deepEqual(Object.keys(await it_.grants()), ["alice"]);

      copyFileSync(`${file}.kept`, file);
      await must(it_.refresh());
      assert.deepEqual(await it_.grants(), {});
      assert.deepEqual((await it_.events()).slice(-2), ["revoking", "expired"]);
    });
  }
});

/** Another journal that verifies: what an attacker would put in place of one that knows too much. */
function replaceBy(file: string): void {
  const [opened] = readFileSync(file, "utf8").split("\n");
  writeFileSync(file, `${opened}\n`);
}

function withoutLastLine(file: string): string {
  return `${readFileSync(file, "utf8").trimEnd().split("\n").slice(0, -1).join("\n")}\n`;
}
