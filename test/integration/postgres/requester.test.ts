// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Access, TargetConnection } from "@elevation/provider/lifecycle";
import { Client } from "pg";
import { anAccess, type OrdersServer, sharedOrdersServer } from "../../support/postgres";

const theServer = sharedOrdersServer();

const DENIED = "permission denied for table orders";
const LAST = `elev_${"9".repeat(40)}`;
/** Cuts all sessions. */
const END = async (): Promise<boolean> => false;

/** What she tries while elevated, and the server's words. Nothing is left of any of it. */
const REFUSED: readonly (readonly [string, string, string])[] = [
  ["becomes the policy's role", "SET ROLE orders_admin", 'permission denied to set role "orders_admin"'],
  ["becomes the grant's role", `SET ROLE ${LAST}`, `permission denied to set role "${LAST}"`],
  [
    "becomes another session's user",
    "SET SESSION AUTHORIZATION orders_admin",
    'permission denied to set session authorization "orders_admin"',
  ],
  ["hands the grant's role on", `GRANT ${LAST} TO mallory`, `permission denied to grant role "${LAST}"`],
  ["hands the policy's role on", "GRANT orders_admin TO mallory", 'permission denied to grant role "orders_admin"'],
  [
    "makes a login, though the policy's role has CREATEROLE",
    "CREATE ROLE hers LOGIN",
    "permission denied to create role",
  ],
  ["renames the grant's role", `ALTER ROLE ${LAST} RENAME TO hers`, "permission denied to rename role"],
  ["rewrites the note", `COMMENT ON ROLE ${LAST} IS NULL`, "permission denied"],
  [
    "makes an event trigger",
    "CREATE EVENT TRIGGER hers ON ddl_command_end EXECUTE FUNCTION pg_catalog.now()",
    'permission denied to create event trigger "hers"',
  ],
  [
    "locks the memberships",
    "BEGIN; LOCK TABLE pg_catalog.pg_auth_members IN ACCESS EXCLUSIVE MODE",
    "permission denied for table pg_auth_members",
  ],
  ["locks the catalog", "BEGIN; REINDEX TABLE pg_catalog.pg_class", ""],
  [
    "writes a membership",
    "INSERT INTO pg_catalog.pg_auth_members SELECT * FROM pg_catalog.pg_auth_members",
    "permission denied for table pg_auth_members",
  ],
  [
    "hinders the manager's login",
    "ALTER ROLE elevation_manager SET statement_timeout = 1",
    "permission denied to alter",
  ],
  [
    "takes the manager's connections",
    "ALTER ROLE elevation_manager CONNECTION LIMIT 0",
    "permission denied to alter role",
  ],
  [
    "sets the server's defaults",
    "ALTER SYSTEM SET max_connections = 1",
    'permission denied to set parameter "max_connections"',
  ],
  [
    "makes a replication slot",
    "SELECT pg_catalog.pg_create_physical_replication_slot('hers')",
    "permission denied to use replication slots",
  ],
  [
    "makes a subscription",
    "CREATE SUBSCRIPTION hers CONNECTION 'host=127.0.0.1' PUBLICATION p WITH (connect = false)",
    "permission denied to create subscription",
  ],
  [
    "gives a function of hers to the policy's role",
    "ALTER FUNCTION hers.f() OWNER TO orders_admin",
    'must be able to SET ROLE "orders_admin"',
  ],
  ["gives a table of hers to somebody", "ALTER TABLE hers.t OWNER TO mallory", 'must be able to SET ROLE "mallory"'],
  [
    "ends the manager's session",
    "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = 'elevation_manager'",
    "permission denied to terminate process",
  ],
];

describe("a requester who sabotages the end of her grant", function () {
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
    access = anAccess(manager.server, "9");
    role = access.place.object;
  });
  afterEach(async () => {
    await orders.reset();
    await orders.superuser("DROP SCHEMA IF EXISTS hers CASCADE");
  });

  const left = (reason: string) => `role \`${role}\` is left, without members and without any role: ${reason}`;
  const herSchema = () => orders.superuser("CREATE SCHEMA hers AUTHORIZATION alice");
  const isDenied = async (user = "alice") =>
    assert.equal(await (await orders.open(user)).refusal("SELECT count(*) FROM orders"), DENIED);

  for (const [what, statement, words] of REFUSED) {
    it(`when she ${what}, then the server refuses and nothing is left`, async () => {
      await orders.superuser(
        "CREATE SCHEMA hers AUTHORIZATION alice",
        "CREATE TABLE hers.t (id int)",
        "CREATE FUNCTION hers.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE hers.t OWNER TO alice",
        "ALTER FUNCTION hers.f() OWNER TO alice",
        "ALTER ROLE orders_admin CREATEROLE",
      );
      try {
        await manager.create(access);
        const alice = await orders.open("alice");
        const refusal = await alice.refusal(statement);
        assert.ok(refusal?.startsWith(words), `${refusal} does not start with ${words}`);
        assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 1, residue: [] });
        await isDenied();
      } finally {
        await orders.superuser("ALTER ROLE orders_admin NOCREATEROLE");
      }
    });
  }

  it("when she grants the role something in another database, then it is left empty and that is said", async () => {
    const there = await orders.open("postgres", "postgres");
    await there.sql("CREATE SCHEMA hers AUTHORIZATION alice");
    try {
      await manager.create(access);
      const alice = await orders.open("alice", "postgres");
      await alice.sql("CREATE TABLE hers.t (id int)");
      await alice.sql(`GRANT SELECT ON hers.t TO ${role}`);
      const { residue, sessionsEnded } = await manager.revoke(access, END);
      assert.equal(sessionsEnded, 1);
      await alice.cut;
      const notLookedInto = "since the grant began; that database was not looked into";
      assert.deepEqual(residue, [
        left(
          `role "${role}" cannot be dropped because some objects depend on it (2BP01), 1 object in database postgres`,
        ),
        `\`alice\` owns, or was given rights on, 1 object in database \`postgres\` ${notLookedInto}`,
        `\`${role}\` owns, or was given rights on, 1 object in database \`postgres\` ${notLookedInto}`,
      ]);
      assert.deepEqual(await manager.observe(access), { state: "absent" });
      await isDenied();
    } finally {
      await (await orders.open("postgres", "postgres")).sql("DROP SCHEMA hers CASCADE");
    }
  });

  it("when she grants the role something in an open transaction, then that is rolled back with her session", async () => {
    await herSchema();
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql("CREATE TABLE hers.t (id int)");
    await alice.sql("BEGIN");
    await alice.sql(`GRANT ALL ON hers.t TO ${role}`);
    const { trace, ...ended } = await manager.revoke(access, END);
    assert.ok(trace, "what a look after this one needs");
    assert.deepEqual(ended, {
      found: true,
      sessionsEnded: 1,
      residue: ["`alice` owns table `hers.t` in database `orders`, made or changed since the grant began"],
    });
    await alice.cut;
    assert.deepEqual(await orders.superuser(`SELECT FROM pg_roles WHERE rolname = '${role}'`), []);
  });

  it("when she grants the role something in a prepared transaction, then it is left empty until that is rolled back", async () => {
    await herSchema();
    await orders.superuser("CREATE TABLE hers.t (id int)", "ALTER TABLE hers.t OWNER TO alice");
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql("BEGIN");
    await alice.sql(`GRANT ALL ON hers.t TO ${role}`);
    await alice.sql("PREPARE TRANSACTION 'hers'");
    try {
      const { residue, sessionsEnded } = await manager.revoke(access, END);
      assert.equal(sessionsEnded, 1);
      assert.deepEqual(residue, [
        left("canceling statement due to lock timeout (55P03)"),
        "transaction `hers` of `alice`, prepared in database `orders`, is open and can still be committed",
      ]);
      assert.deepEqual(await manager.observe(access), { state: "absent" });
      await isDenied();
      // Committed after the end it gives the emptied role a right, which nobody has.
      await (await orders.open("alice")).sql("COMMIT PREPARED 'hers'");
      const again = await manager.revoke(access, END);
      assert.match(again.residue[0] ?? "", /cannot be dropped because some objects depend on it/);
      await isDenied();
    } finally {
      await orders.superuser("ROLLBACK PREPARED 'hers'").catch(() => undefined);
    }
  });

  it("when she takes what she has read along in a cursor, then it ends with her transaction and session", async () => {
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await alice.sql("DECLARE c SCROLL CURSOR FOR SELECT * FROM orders");
    await alice.sql("FETCH 1 FROM c");
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 1, residue: [] });
    await alice.cut;
    await assert.rejects(alice.sql("FETCH 1 FROM c"));
  });

  it("when a statement of hers has parallel workers, then they end with it", async () => {
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql("SET debug_parallel_query = on");
    const running = alice.refusal("SELECT count(pg_sleep(100)) FROM orders");
    const workers = `SELECT count(*)::int FROM pg_stat_activity WHERE leader_pid = ${alice.pid}`;
    const early = running.then((words) => assert.fail(`the statement ended by itself: ${words}`));
    const seen = (async () => {
      while ((await orders.superuser(workers))[0]?.[0] === 0);
    })();
    await Promise.race([seen, early]);
    early.catch(() => undefined);
    assert.deepEqual((await manager.revoke(access, END)).residue, []);
    // A worker that begins after the REVOKE is refused, and ends the statement first.
    assert.match(
      String(await running),
      /^(terminating connection due to administrator command|permission denied for table orders)$/,
    );
    assert.deepEqual(await orders.superuser(workers), [[0]]);
  });

  it("when she holds every lock that she can, then her session ends and nothing waits for it", async () => {
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql("SELECT pg_advisory_lock(n) FROM generate_series(1, 100) n");
    await alice.sql("BEGIN");
    await alice.sql("LOCK TABLE orders, customers IN ACCESS EXCLUSIVE MODE");
    await alice.sql(`ALTER ROLE alice PASSWORD '${orders.server.password("alice")}'`);
    await alice.sql("ALTER ROLE alice SET statement_timeout = 0");
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 1, residue: [] });
    await alice.cut;
  });

  it("when many clients of hers reconnect without end, then no statement begun after the end succeeds", async () => {
    await manager.create(access);
    let going = true;
    let lastSuccessBegan = 0;
    let successes = 0;
    const client = async (): Promise<void> => {
      while (going) {
        const session = await orders.open("alice").catch(() => null);
        for (let n = 0; session !== null && n < 5; n++) {
          const began = performance.now();
          const refusal = await session.refusal("SELECT count(*) FROM orders");
          if (refusal !== null) break;
          successes++;
          lastSuccessBegan = Math.max(lastSuccessBegan, began);
        }
        await session?.close().catch(() => undefined);
      }
    };
    const clients = Array.from({ length: 12 }, client);
    while (successes < 20) await new Promise((resolve) => setImmediate(resolve));
    await manager.revoke(access, END);
    const ended = performance.now();
    await isDenied();
    going = false;
    await Promise.all(clients);
    assert.ok(lastSuccessBegan < ended, `a statement begun ${lastSuccessBegan - ended} ms after the end succeeded`);
  });

  it("when a superuser let her set the role and she does so in a session that is held back, then it is ended", async () => {
    await manager.create(access);
    await orders.superuser(
      `GRANT ${role} TO alice WITH SET TRUE GRANTED BY elevation_manager`,
      `GRANT orders_admin TO ${role} WITH SET TRUE GRANTED BY elevation_manager`,
    );
    const late = new Client({
      connectionString: orders.server.url("alice", "orders"),
      options: "-c role=orders_admin -c post_auth_delay=20",
    });
    late.on("error", () => undefined);
    const fate = late
      .connect()
      .then(() => late.query("SELECT count(*) FROM orders"))
      .then(
        () => "it worked",
        (error: Error) => error.message,
      );
    const locks = `SELECT count(*)::int FROM pg_locks l WHERE locktype = 'object' AND classid = 'pg_database'::regclass
                   AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = l.pid AND a.usesysid IS NOT NULL)`;
    while ((await orders.superuser(locks))[0]?.[0] === 0);
    assert.deepEqual((await manager.revoke(access, END)).residue, []);
    assert.match(await fate, /terminat|connection error/);
  });

  it("when her login was renamed and somebody else bears its name now, then both sessions end and neither has access", async () => {
    await manager.create(access);
    const alice = await orders.open("alice");
    await orders.superuser(
      "ALTER ROLE alice RENAME TO alice_renamed",
      `ALTER ROLE alice_renamed PASSWORD '${orders.server.password("alice_renamed")}'`,
      `CREATE ROLE alice LOGIN PASSWORD '${orders.server.password("alice")}'`,
    );
    try {
      const other = await orders.open("alice");
      assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 2, residue: [] });
      await Promise.all([alice.cut, other.cut]);
      await isDenied();
      await isDenied("alice_renamed");
    } finally {
      await orders.superuser(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename IN ('alice', 'alice_renamed')",
        "DROP ROLE alice",
        "ALTER ROLE alice_renamed RENAME TO alice",
        `ALTER ROLE alice PASSWORD '${orders.server.password("alice")}'`,
      );
    }
  });

  it("when a function of hers works with its owner's rights, then it gives nothing after the end, and is listed", async () => {
    await herSchema();
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql(
      "CREATE FUNCTION hers.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM public.orders'",
    );
    await alice.sql("GRANT USAGE ON SCHEMA hers TO mallory");
    const mallory = await orders.open("mallory");
    assert.deepEqual(await mallory.sql("SELECT hers.peek()::int"), [[30]]);
    const { residue } = await manager.revoke(access, END);
    assert.deepEqual(residue, [
      "`mallory` has USAGE on schema `hers` in database `orders`, given by `alice`; it was changed since the grant began",
      "`alice` owns function `hers.peek` in database `orders`, made or changed since the grant began",
      "`alice` owns schema `hers` in database `orders`, made or changed since the grant began",
    ]);
    assert.equal(await mallory.refusal("SELECT hers.peek()"), DENIED);
  });

  it("when a session of hers does not end although told to, then revoking fails, and succeeds once it has", async function () {
    if (process.platform === "win32") this.skip();
    await manager.create(access);
    const alice = await orders.open("alice");
    process.kill(alice.pid, "SIGSTOP");
    try {
      await assert.rejects(manager.revoke(access, END), {
        code: "revoke-failed",
        message: `sessions of \`alice\` at connection \`orders-production\` don't end (process ${alice.pid}); end them at the server`,
      });
    } finally {
      process.kill(alice.pid, "SIGCONT");
    }
    await alice.cut;
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 0, residue: [] });
    await isDenied();
  });
});
