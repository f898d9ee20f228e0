// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Access, TargetConnection } from "@elevation/provider/lifecycle";
import { PostgresTarget } from "@elevation/provider/targets";
import { anAccess, CONNECTION, type OrdersServer, sharedOrdersServer, VARIABLE } from "../../support/postgres";

const theServer = sharedOrdersServer();

const DENIED = "permission denied for table orders";
/** Cuts all sessions. */
const END = async (): Promise<boolean> => false;

describe("a grant whose holder, or neighbour, resists", function () {
  this.timeout(30_000);
  let orders: OrdersServer;
  let manager: TargetConnection;
  let access: Access;
  let role: string;

  before(async () => {
    orders = await theServer();
  });
  beforeEach(async () => {
    manager = await orders.connect();
    access = anAccess(manager.server, "a");
    role = access.place.object;
  });
  afterEach(() => orders.reset());

  const membersOf = () =>
    orders.superuser(`SELECT member::regrole::text FROM pg_auth_members
                      WHERE roleid = '${role}'::regrole AND member <> 'elevation_manager'::regrole ORDER BY 1 DESC`);
  const left = (reason: string) => `role \`${role}\` is left, without members and without any role: ${reason}`;

  it("when she grants the grant's role a right on a table, then it is left empty, and swept once the right is gone", async () => {
    await orders.superuser("CREATE SCHEMA alice AUTHORIZATION alice");
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql("CREATE TABLE alice.own (id int)");
    await alice.sql(`GRANT SELECT ON alice.own TO ${role}`);
    await alice.sql("REVOKE ALL ON alice.own FROM alice");
    const { residue, sessionsEnded } = await manager.revoke(access, END);
    assert.equal(sessionsEnded, 1);
    assert.deepEqual(residue, [
      left(
        `role "${role}" cannot be dropped because some objects depend on it (2BP01), privileges for table alice.own`,
      ),
      `\`${role}\` has SELECT on table \`alice.own\` in database \`orders\`, given by \`alice\``,
      "`alice` owns table `alice.own` in database `orders`, made or changed since the grant began",
    ]);
    assert.deepEqual(await manager.observe(access), { state: "absent" });
    assert.deepEqual(await membersOf(), []);
    assert.equal(await (await orders.open("alice")).refusal("SELECT count(*) FROM orders"), DENIED);
    await assert.rejects(manager.create(access), { code: "name-taken" });
    const sweeper = await aPostgresConnection(orders);
    assert.deepEqual(await sweeper.sweep(() => true), []);
    await orders.superuser(`REVOKE ALL ON alice.own FROM ${role}`);
    assert.deepEqual(await sweeper.sweep(() => true), [role]);
    await sweeper.close();
  });

  it("when a neighbour's open transaction names the role, then nobody waits for it and the next revoke drops it", async () => {
    await orders.superuser("CREATE SCHEMA mallory AUTHORIZATION mallory");
    await manager.create(access);
    const mallory = await orders.open("mallory");
    await mallory.sql("CREATE TABLE mallory.bait (id int)");
    await mallory.sql("BEGIN");
    await mallory.sql(`GRANT SELECT ON mallory.bait TO ${role}`);
    const { residue } = await manager.revoke(access, END);
    assert.deepEqual(residue, [left("canceling statement due to lock timeout (55P03)")]);
    assert.deepEqual(await manager.observe(access), { state: "absent" });
    await mallory.sql("ROLLBACK");
    assert.deepEqual(await manager.revoke(access, END), { found: false, sessionsEnded: 0, residue: [] });
    assert.deepEqual(await orders.superuser(`SELECT FROM pg_roles WHERE rolname = '${role}'`), []);
  });

  it("when she makes default rights for the role, then it is left empty", async () => {
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql(`ALTER DEFAULT PRIVILEGES FOR ROLE ${role} GRANT SELECT ON TABLES TO alice`);
    const { residue } = await manager.revoke(access, END);
    assert.equal(
      residue[0],
      left(
        `role "${role}" cannot be dropped because some objects depend on it (2BP01), owner of default privileges on new relations belonging to role ${role}`,
      ),
    );
    assert.deepEqual(await manager.observe(access), { state: "absent" });
  });

  it("when her open transaction locks the role's tables, then it is rolled back with her session", async () => {
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql("BEGIN");
    await alice.sql("LOCK TABLE orders, customers IN ACCESS EXCLUSIVE MODE");
    await alice.sql(`GRANT SELECT ON orders TO ${role}`);
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 1, residue: [] });
    await alice.cut;
  });

  it("when she holds a cursor WITH HOLD, then it dies with her session", async () => {
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql("BEGIN");
    await alice.sql("DECLARE c CURSOR WITH HOLD FOR SELECT * FROM orders");
    await alice.sql("COMMIT");
    assert.equal((await manager.revoke(access, END)).sessionsEnded, 1);
    await alice.cut;
    await assert.rejects(alice.sql("FETCH 1 FROM c"));
  });

  it("when a statement runs on and on, then it is ended with its session", async () => {
    await manager.create(access);
    const alice = await orders.open("alice");
    const running = alice.refusal("SELECT pg_sleep(3600) FROM orders");
    const asleep = "SELECT FROM pg_stat_activity WHERE usename = 'alice' AND wait_event = 'PgSleep'";
    while ((await orders.superuser(asleep)).length === 0) await setImmediate();
    assert.equal((await manager.revoke(access, END)).sessionsEnded, 1);
    assert.equal(await running, "terminating connection due to administrator command");
  });

  it("when she connects again and again meanwhile, then the revocation ends and she has nothing", async () => {
    await manager.create(access);
    await orders.open("alice");
    let going = true;
    const reconnecting = (async () => {
      while (going) await orders.open("alice").catch(() => undefined);
    })();
    const { sessionsEnded } = await manager.revoke(access, END);
    going = false;
    await reconnecting;
    assert.ok(sessionsEnded > 0);
    assert.equal(await (await orders.open("alice")).refusal("SELECT count(*) FROM orders"), DENIED);
  });

  it("when a superuser made another member, then that session ends too, even with the person's spared", async () => {
    await manager.create(access);
    await orders.superuser(`GRANT ${role} TO bruno`);
    const alice = await orders.open("alice");
    const bruno = await orders.open("bruno");
    assert.equal(await bruno.refusal("SELECT count(*) FROM orders"), null);
    assert.deepEqual(await manager.revoke(access, async () => true), { found: true, sessionsEnded: 1, residue: [] });
    await bruno.cut;
    assert.equal(await alice.refusal("SELECT count(*) FROM orders"), DENIED);
    assert.deepEqual(await orders.superuser(`SELECT FROM pg_roles WHERE rolname = '${role}'`), []);
  });

  it("when another's member keeps a role that can't be dropped, then revoking fails and says what is left", async () => {
    await orders.superuser("CREATE SCHEMA mallory AUTHORIZATION mallory");
    await manager.create(access);
    await orders.superuser(`GRANT ${role} TO bruno`);
    const mallory = await orders.open("mallory");
    await mallory.sql("CREATE TABLE mallory.bait (id int)");
    await mallory.sql(`GRANT SELECT ON mallory.bait TO ${role}`);
    await assert.rejects(manager.revoke(access, END), {
      code: "revoke-failed",
      message:
        `role \`${role}\` at connection \`orders-production\` could not be ended: role \`${role}\` could not be revoked from \`bruno\`: ` +
        `permission denied to revoke privileges granted by role "postgres" (42501); ` +
        `role "${role}" cannot be dropped because some objects depend on it (2BP01), privileges for table mallory.bait; try again, or let a superuser drop the role`,
    });
    // Even so the policy's role is gone from it.
    assert.equal(await (await orders.open("bruno")).refusal("SELECT count(*) FROM orders"), DENIED);
    assert.equal(await (await orders.open("alice")).refusal("SELECT count(*) FROM orders"), DENIED);
  });

  it("when a member with ADMIN goes on adding members, then none of them keeps the access", async () => {
    await manager.create(access);
    await orders.superuser(`GRANT ${role} TO mallory WITH ADMIN TRUE`);
    const mallory = await orders.open("mallory");
    let going = true;
    const adding = (async () => {
      while (going && (await mallory.refusal(`GRANT ${role} TO chiara`).catch(() => "cut")) === null);
    })();
    const chiara = await orders.open("chiara");
    await manager.revoke(access, END);
    going = false;
    await adding;
    assert.deepEqual(await manager.observe(access), { state: "absent" });
    assert.equal(await (await orders.open("chiara")).refusal("SELECT count(*) FROM orders"), DENIED);
    await chiara.close().catch(() => undefined);
  });

  it("when another login was made a member of the person's, then its session ends too", async () => {
    await manager.create(access);
    await orders.superuser("GRANT alice TO chiara");
    try {
      const chiara = await orders.open("chiara");
      assert.equal(await chiara.refusal("SELECT count(*) FROM orders"), null);
      assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 1, residue: [] });
      await chiara.cut;
    } finally {
      await orders.superuser("REVOKE alice FROM chiara");
    }
  });

  it("when somebody logs in as the grant's role itself, then that session ends too", async () => {
    await manager.create(access);
    await orders.superuser(`ALTER ROLE ${role} LOGIN PASSWORD '${orders.server.password(role)}'`);
    const itself = await orders.open(role);
    assert.equal(await itself.refusal("SELECT count(*) FROM orders"), null);
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 1, residue: [] });
    await itself.cut;
  });

  it("when a neighbour made a role of our name first, then it is never given anything", async () => {
    await orders.superuser("ALTER ROLE mallory CREATEROLE");
    try {
      const mallory = await orders.open("mallory");
      await mallory.sql(`CREATE ROLE ${role} ROLE chiara`);
      await mallory.sql(`GRANT ${role} TO elevation_manager WITH ADMIN TRUE`);
      await assert.rejects(manager.create(access), { code: "name-taken" });
      const differences = [`role \`${role}\` was made by \`mallory\`, not by \`elevation_manager\``];
      assert.deepEqual(await manager.observe(access), { state: "foreign", differences });
      await assert.rejects(manager.cutBack(access), {
        code: "name-taken",
        message: `role \`${role}\` was made by \`mallory\`, not by \`elevation_manager\`; nothing was changed`,
      });
      const chiara = await orders.open("chiara");
      assert.deepEqual(await manager.revoke(access, END), {
        found: false,
        sessionsEnded: 0,
        residue: [`role \`${role}\` was made by \`mallory\`, not by \`elevation_manager\`; it was left alone`],
      });
      assert.equal(await chiara.refusal("SELECT 1"), null);
      assert.deepEqual(await membersOf(), [["mallory"], ["chiara"]]);
    } finally {
      await orders.superuser("ALTER ROLE mallory NOCREATEROLE");
    }
  });

  it("when a superuser made the role again and it gives the person the policy's role, then revoking fails", async () => {
    await orders.superuser(`CREATE ROLE ${role}`, `GRANT orders_admin TO ${role}`, `GRANT ${role} TO alice`);
    const alice = await orders.open("alice");
    await assert.rejects(manager.revoke(access, END), {
      code: "revoke-failed",
      message:
        `role \`${role}\` at connection \`orders-production\` could not be ended: role \`${role}\` was made by a superuser or a login that is gone, ` +
        "not by `elevation_manager`, and gives `alice` what it has; try again, or let a superuser drop the role",
    });
    await alice.cut;
  });

  it("when a holder who owns the database sets its defaults against us, then revoking works", async () => {
    await orders.superuser("ALTER DATABASE orders OWNER TO orders_admin");
    try {
      await manager.create(access);
      const alice = await orders.open("alice");
      for (const setting of [
        "default_transaction_read_only = on",
        "search_path = evil",
        "statement_timeout = 1",
        ...(orders.major < 17 ? [] : ["transaction_timeout = 1"]),
        "lock_timeout = 1",
        "role = 'alice'",
        "local_preload_libraries = 'none-such'",
        "default_transaction_isolation = serializable",
      ]) {
        await alice.sql(`ALTER DATABASE orders SET ${setting}`);
      }
      assert.deepEqual(await (await orders.connect()).revoke(access, END), {
        found: true,
        sessionsEnded: 1,
        residue: [],
      });
    } finally {
      await asPostgres(orders, "ALTER DATABASE orders RESET ALL", "ALTER DATABASE orders OWNER TO postgres");
    }
  });

  for (const [how, statement] of [
    ["refuses all sessions", "ALTER DATABASE orders ALLOW_CONNECTIONS false"],
    ["takes CONNECT from everybody", "REVOKE CONNECT ON DATABASE orders FROM PUBLIC"],
    ["allows no more sessions", "ALTER DATABASE orders CONNECTION LIMIT 0"],
  ] as const) {
    it(`when a holder who owns the database ${how}, then revoking works through another database`, async () => {
      await orders.superuser("ALTER DATABASE orders OWNER TO orders_admin");
      try {
        await manager.create(access);
        const alice = await orders.open("alice", "postgres");
        await alice.sql(statement);
        const late = await orders.connect();
        assert.deepEqual(await late.observe(access), { state: "intact" });
        await assert.rejects(late.preflight(access.place), {
          code: "connection-failed",
          message: "database `orders` at connection `orders-production` lets nobody in; make it accept connections",
        });
        const { sessionsEnded, residue } = await late.revoke(access, END);
        assert.equal(sessionsEnded, 1);
        assert.equal(
          residue[0],
          "database `orders` at connection `orders-production` lets nobody in, so rights handed on there were not looked for",
        );
        await alice.cut;
        assert.deepEqual(await late.observe(access), { state: "absent" });
      } finally {
        await asPostgres(
          orders,
          "ALTER DATABASE orders ALLOW_CONNECTIONS true",
          "ALTER DATABASE orders CONNECTION LIMIT -1",
          "ALTER DATABASE orders OWNER TO postgres",
          "GRANT CONNECT ON DATABASE orders TO PUBLIC",
        );
      }
    });
  }

  it("when the manager may not end sessions, then revoking takes the access, fails and says so", async () => {
    await manager.create(access);
    await orders.superuser("REVOKE pg_signal_backend FROM elevation_manager");
    try {
      const alice = await orders.open("alice");
      await assert.rejects(manager.revoke(access, END), {
        code: "revoke-failed",
        message:
          `role \`${role}\` at connection \`orders-production\` could not be ended: the memberships are gone, but open sessions could not be ended: ` +
          "permission denied to terminate process (42501); see that the manager has pg_signal_backend, and try again",
      });
      assert.equal(await alice.refusal("SELECT count(*) FROM orders"), DENIED);
    } finally {
      await orders.superuser("GRANT pg_signal_backend TO elevation_manager WITH INHERIT TRUE, SET FALSE");
    }
  });
});

async function aPostgresConnection(orders: OrdersServer) {
  return new PostgresTarget({ [VARIABLE]: orders.server.url("elevation_manager", "orders") }).connect(CONNECTION);
}

/** For when the database `orders` lets nobody in. */
async function asPostgres(orders: OrdersServer, ...statements: string[]): Promise<void> {
  const { Client } = await import("pg");
  const client = new Client({ connectionString: orders.server.url("postgres", "postgres") });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
