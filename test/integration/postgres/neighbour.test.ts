// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Access, TargetConnection } from "@elevation/provider/lifecycle";
import { anAccess, type OrdersServer, sharedOrdersServer } from "../../support/postgres";

const theServer = sharedOrdersServer();

const DENIED = "permission denied for table orders";
const ROLE = `elev_${"4".repeat(40)}`;
const AT = "at connection `orders-production`";
/** Cuts all sessions. */
const END = async (): Promise<boolean> => false;

/** What a neighbour with CREATEROLE tries on our role, and the server's words. */
const REFUSED: readonly (readonly [string, string, string])[] = [
  ["adds a member", `GRANT ${ROLE} TO chiara`, `permission denied to grant role "${ROLE}"`],
  ["gives the person ADMIN", `GRANT ${ROLE} TO alice WITH ADMIN TRUE`, `permission denied to grant role "${ROLE}"`],
  [
    "writes our login as who grants",
    `GRANT ${ROLE} TO chiara GRANTED BY elevation_manager`,
    `permission denied to grant role "${ROLE}"`,
  ],
  ["gives it a role", `GRANT orders_admin TO ${ROLE}`, 'permission denied to grant role "orders_admin"'],
  ["lets it log in", `ALTER ROLE ${ROLE} LOGIN`, "permission denied to alter role"],
  ["renames it", `ALTER ROLE ${ROLE} RENAME TO taken`, "permission denied to rename role"],
  ["rewrites the note", `COMMENT ON ROLE ${ROLE} IS NULL`, "permission denied"],
  ["drops it", `DROP ROLE ${ROLE}`, "permission denied to drop role"],
  ["takes it away", `REVOKE ${ROLE} FROM alice`, `permission denied to revoke role "${ROLE}"`],
];

describe("a neighbour who sabotages a grant", function () {
  this.timeout(40_000);
  let orders: OrdersServer;
  let manager: TargetConnection;
  let access: Access;

  before(async function () {
    orders = await theServer();
    // Before 16 whoever may make roles may do all of this: see before-16.test.ts.
    if (orders.major < 16) this.skip();
    await orders.superuser("ALTER ROLE mallory CREATEROLE");
  });
  beforeEach(async () => {
    manager = await orders.connect();
    access = anAccess(manager.server, "4");
  });
  afterEach(() => orders.reset());
  after(() => orders.superuser("ALTER ROLE mallory NOCREATEROLE"));

  const isDenied = async (user = "alice") =>
    assert.equal(await (await orders.open(user)).refusal("SELECT count(*) FROM orders"), DENIED);

  for (const [what, statement, words] of REFUSED) {
    it(`when one who may make roles ${what}, then the server refuses`, async () => {
      await manager.create(access);
      const mallory = await orders.open("mallory");
      const refusal = await mallory.refusal(statement);
      assert.ok(refusal?.startsWith(words), `${refusal} does not start with ${words}`);
      assert.deepEqual(await manager.observe(access), { state: "intact" });
      assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 0, residue: [] });
    });
  }

  it("when one is making a role of our name at this moment, then nothing of ours is made, and it isn't called gone", async () => {
    const mallory = await orders.open("mallory");
    await mallory.sql("BEGIN");
    await mallory.sql(`CREATE ROLE ${ROLE} ROLE chiara`);
    await assert.rejects(manager.create(access), { code: "timed-out" });
    await assert.rejects(manager.revoke(access, END), {
      code: "revoke-failed",
      message: `role \`${ROLE}\` ${AT} is being made by a transaction that does not finish; end it, or let the standby that it waits for come back`,
    });
    await mallory.sql("COMMIT");
    await assert.rejects(manager.create(access), { code: "name-taken" });
    assert.deepEqual(await manager.revoke(access, END), {
      found: false,
      sessionsEnded: 0,
      residue: [`role \`${ROLE}\` was made by \`mallory\`, not by \`elevation_manager\`; it was left alone`],
    });
    await orders.superuser(`DROP ROLE ${ROLE}`);
  });

  for (const [how, finish] of [
    ["an open transaction", "ROLLBACK"],
    ["a prepared transaction", "PREPARE TRANSACTION 'his'"],
  ] as const) {
    it(`when one who may give the policy's role locks it by ${how}, then the grant ends all the same`, async () => {
      await orders.superuser("GRANT orders_admin TO mallory WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
      try {
        await manager.create(access);
        const alice = await orders.open("alice");
        const mallory = await orders.open("mallory");
        await mallory.sql("BEGIN");
        await mallory.sql("GRANT orders_admin TO chiara");
        if (finish !== "ROLLBACK") await mallory.sql(finish);
        assert.deepEqual(
          await manager.revoke(access, END).then(({ found, sessionsEnded }) => ({ found, sessionsEnded })),
          { found: true, sessionsEnded: 1 },
        );
        await alice.cut;
        assert.deepEqual(await manager.observe(access), { state: "absent" });
        await isDenied();
        if (finish === "ROLLBACK") await mallory.sql(finish);
      } finally {
        if (finish !== "ROLLBACK") await orders.superuser("ROLLBACK PREPARED 'his'");
        await orders.superuser("REVOKE orders_admin FROM mallory CASCADE");
      }
    });
  }

  it("when one who may give the policy's role gives it to her directly, then revoking lists that", async () => {
    await orders.superuser("GRANT orders_admin TO mallory WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
    try {
      await manager.create(access);
      await (await orders.open("mallory")).sql("GRANT orders_admin TO alice");
      assert.deepEqual(await manager.observe(access), { state: "intact" });
      const { trace, ...ended } = await manager.revoke(access, END);
      assert.ok(trace, "what a look after this one needs");
      assert.deepEqual(ended, {
        found: true,
        sessionsEnded: 0,
        residue: ["`alice` is a member of `orders_admin` by another path than this grant, directly"],
      });
    } finally {
      await orders.superuser("REVOKE orders_admin FROM mallory CASCADE");
    }
  });
});
