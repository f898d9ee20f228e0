// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Access, TargetConnection } from "@elevation/provider/lifecycle";
import { PostgresTarget } from "@elevation/provider/targets";
import { hasPostgres } from "@elevation/scripts/support/postgres-binaries";
import { Client } from "pg";
import { anAccess, CONNECTION, type OrdersServer, startOrdersServer, VARIABLE } from "../../support/postgres";

const DENIED = "permission denied for table orders";
const AT = "at connection `orders-production`";
/** Cuts all sessions. */
const END = async (): Promise<boolean> => false;
/** Spares the person's. */
const SPARE = async (): Promise<boolean> => true;
const WHY =
  "and before PostgreSQL 16 the holder of `orders_admin` can become it, and keep what that gives (a password, other roles)";

describe("a grant before PostgreSQL 16 (skipped without the optional package `postgres-15`)", function () {
  this.timeout(30_000);
  let orders: OrdersServer;
  let manager: TargetConnection;
  let access: Access;
  let role: string;

  before("start PostgreSQL 15", async function () {
    if (!hasPostgres(15)) this.skip();
    orders = await startOrdersServer({ major: 15 });
  });
  after(() => orders?.stop());
  beforeEach(async () => {
    manager = await orders.connect();
    access = anAccess(manager.server, "a");
    role = access.place.object;
  });
  afterEach(() => orders.reset());

  const isDenied = async (user = "alice") =>
    assert.equal(await (await orders.open(user)).refusal("SELECT count(*) FROM orders"), DENIED);
  const isLeft = async () =>
    (await orders.superuser(`SELECT count(*)::int FROM pg_roles WHERE rolname = '${role}'`))[0]?.[0] === 1;
  /** Mallory as a neighbour who may make roles, which before 16 means: grant any role to anybody. */
  const withNeighbour = async (work: (sql: (statement: string) => Promise<unknown>) => Promise<void>) => {
    await orders.superuser("ALTER ROLE mallory CREATEROLE");
    try {
      await work((await orders.open("mallory")).sql);
    } finally {
      await orders.superuser("ALTER ROLE mallory NOCREATEROLE");
    }
  };

  it("when created, then it is intact, and works in a session that was open before", async () => {
    const alice = await orders.open("alice");
    assert.equal(await alice.refusal("SELECT count(*) FROM orders"), DENIED);
    await manager.preflight(access.place);
    await manager.create(access);
    assert.deepEqual(await alice.sql("SELECT count(*)::int FROM orders"), [[30]]);
    assert.deepEqual(await manager.observe(access), { state: "intact" });
    assert.equal(await alice.refusal(`GRANT ${role} TO mallory`), `must have admin option on role "${role}"`);
    assert.equal(await alice.refusal("GRANT orders_admin TO mallory"), 'must have admin option on role "orders_admin"');
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 1, residue: [] });
    await alice.cut;
    await isDenied();
    assert.deepEqual(await manager.observe(access), { state: "absent" });
    assert.equal(await isLeft(), false);
  });

  it("when she became the policy's role, then a REVOKE leaves her that, and the end of the grant doesn't", async () => {
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql("SET ROLE orders_admin");
    await orders.superuser(`REVOKE ${role} FROM alice`);
    assert.equal(await alice.refusal("SELECT count(*) FROM orders"), null);
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 1, residue: [] });
    await alice.cut;
    assert.equal(
      await (await orders.open("alice")).refusal("SET ROLE orders_admin"),
      'permission denied to set role "orders_admin"',
    );
  });

  it("when another grant of hers goes on, then her sessions end all the same, and a new one has the access", async () => {
    const other = anAccess(manager.server, "b");
    await manager.create(access);
    await manager.create(other);
    const alice = await orders.open("alice");
    await alice.sql("SET ROLE orders_admin");
    assert.deepEqual(await manager.revoke(access, SPARE), { found: true, sessionsEnded: 1, residue: [] });
    await alice.cut;
    assert.equal(await (await orders.open("alice")).refusal("SELECT count(*) FROM orders"), null);
    assert.deepEqual(await manager.observe(other), { state: "intact" });
  });

  it("when it was ended before, then ending it again spares her sessions", async () => {
    await manager.create(access);
    await manager.revoke(access, END);
    const alice = await orders.open("alice");
    assert.deepEqual(await manager.revoke(access, SPARE), { found: false, sessionsEnded: 0, residue: [] });
    assert.equal(await alice.refusal("SELECT 1"), null);
  });

  it("when her session takes the role while it begins and is held back there, then it is found and ended", async () => {
    await manager.create(access);
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
                   AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = l.pid)`;
    while ((await orders.superuser(locks))[0]?.[0] === 0);
    const { residue } = await manager.revoke(access, END);
    assert.deepEqual(residue, []);
    assert.match(await fate, /terminat|connection error/);
    assert.deepEqual(await orders.superuser(locks), [[0]]);
  });

  it("when many clients begin as the policy's role without end, then none that began before is left after", async () => {
    await manager.create(access);
    let going = true;
    let successes = 0;
    let lastSuccessBegan = 0;
    const reconnect = async (): Promise<void> => {
      while (going) {
        const client = new Client({
          connectionString: orders.server.url("alice", "orders"),
          options: "-c role=orders_admin",
        });
        client.on("error", () => undefined);
        try {
          await client.connect();
          for (;;) {
            const now = performance.now();
            await client.query("SELECT count(*) FROM orders");
            successes++;
            lastSuccessBegan = Math.max(now, lastSuccessBegan);
            if (successes % 7 === 0) break;
          }
        } catch {
          // Cut, or refused the role: begin again.
        }
        await client.end().catch(() => undefined);
      }
    };
    const clients = Array.from({ length: 12 }, reconnect);
    while (successes < 30) await new Promise((resolve) => setImmediate(resolve));
    await manager.revoke(access, END);
    const ended = performance.now();
    await isDenied();
    await new Promise((resolve) => setTimeout(resolve, 200));
    going = false;
    await Promise.all(clients);
    assert.ok(lastSuccessBegan < ended, `a statement begun ${lastSuccessBegan - ended} ms after the end succeeded`);
  });

  it("when she hands her own login on, then the server refuses; when a superuser did, then that session ends too", async () => {
    await manager.create(access);
    const alice = await orders.open("alice");
    assert.equal(await alice.refusal("GRANT alice TO mallory"), 'must have admin option on role "alice"');
    await orders.superuser("GRANT alice TO mallory");
    try {
      const mallory = await orders.open("mallory");
      await mallory.sql("SET ROLE orders_admin");
      assert.equal(await mallory.refusal("SELECT count(*) FROM orders"), null);
      assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 2, residue: [] });
      await mallory.cut;
      await isDenied("mallory");
      await assert.rejects(manager.preflight(access.place), {
        code: "target-unsupported",
        message: `login \`alice\` ${AT} is shared with \`mallory\`, who would get the access too; revoke its membership from them`,
      });
    } finally {
      await orders.superuser("REVOKE alice FROM mallory");
    }
  });

  it("when she prepares a transaction as the policy's role, then it is listed, and she can't commit it", async () => {
    await manager.create(access);
    const alice = await orders.open("alice");
    for (const statement of [
      "SET ROLE orders_admin",
      "BEGIN",
      "GRANT SELECT ON orders TO mallory",
      "PREPARE TRANSACTION 'later'",
    ]) {
      await alice.sql(statement);
    }
    try {
      assert.deepEqual((await manager.revoke(access, END)).residue, [
        "transaction `later` of `orders_admin`, prepared in database `orders`, is open and can still be committed",
      ]);
      assert.equal(
        await (await orders.open("alice")).refusal("COMMIT PREPARED 'later'"),
        "permission denied to finish prepared transaction",
      );
    } finally {
      await orders.superuser("ROLLBACK PREPARED 'later'");
    }
  });

  it("when she makes something as the policy's role, then what works with its rights is listed", async () => {
    await orders.superuser("CREATE SCHEMA lab AUTHORIZATION orders_admin");
    try {
      await manager.create(access);
      const alice = await orders.open("alice");
      await alice.sql("SET ROLE orders_admin");
      await alice.sql(
        "CREATE FUNCTION lab.door() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM public.orders'",
      );
      assert.deepEqual((await manager.revoke(access, END)).residue, [
        "function `lab.door` in database `orders`, which works with the rights of `orders_admin`, was made or changed since the grant began",
      ]);
    } finally {
      await orders.superuser("DROP SCHEMA lab CASCADE");
    }
  });

  it("when she becomes the grant's role and gives it something, then it is left empty, and swept once that is gone", async () => {
    await orders.superuser("CREATE SCHEMA lab AUTHORIZATION orders_admin");
    try {
      await manager.create(access);
      const alice = await orders.open("alice");
      await alice.sql(`SET ROLE ${role}`);
      await alice.sql("CREATE TABLE lab.hers (id int)");
      const { residue } = await manager.revoke(access, END);
      assert.deepEqual(residue, [
        `role \`${role}\` is left, without members and without any role: role "${role}" cannot be dropped because some objects depend on it (2BP01), owner of table lab.hers`,
        `\`${role}\` owns table \`lab.hers\` in database \`orders\`, made or changed since the grant began`,
      ]);
      assert.deepEqual(await manager.observe(access), { state: "absent" });
      await isDenied();
    } finally {
      await orders.superuser("DROP SCHEMA lab CASCADE");
    }
    const stranger = anAccess(manager.server, "c").place.object;
    await orders.superuser(`CREATE ROLE ${stranger}`);
    const sweeper = await new PostgresTarget({ [VARIABLE]: orders.server.url("elevation_manager", "orders") }).connect(
      CONNECTION,
    );
    assert.deepEqual(await sweeper.sweep(() => true), [role]);
    await sweeper.close();
  });

  it("when all are listed, then ours are told by who granted, and what a person has already by her memberships", async () => {
    await manager.create(access);
    const copied = anAccess(manager.server, "b").place.object;
    await withNeighbour(async (sql) => {
      await sql(`CREATE ROLE ${copied} ROLE chiara`);
      await sql(`GRANT orders_admin TO ${copied}`);
    });
    const listed = (await manager.list()).map(({ place, isOurs, note, doubts, observe }) => {
      return {
        place,
        isOurs,
        ends: note?.expiresAt,
        doubts,
        seen: place.object === role ? observe(access).state : null,
      };
    });
    assert.deepEqual(listed, [
      { place: access.place, isOurs: true, ends: access.expiresAt, doubts: [], seen: "intact" },
      {
        place: { ...access.place, identity: "chiara", object: copied },
        ...{ isOurs: false, ends: undefined, seen: null },
        doubts: [`role \`${copied}\` has no membership by a grant of \`elevation_manager\``],
      },
    ]);
    assert.deepEqual(await manager.heldAlready(access.place), []);
    assert.deepEqual(
      (await manager.holdings("orders_admin")).map(({ member, how, through }) => [member, how, through]),
      [
        ["chiara", ["INHERIT", "SET"], [copied]],
        [copied, ["INHERIT", "SET"], []],
        ["postgres", ["SUPERUSER"], []],
      ],
    );
  });

  it("when a neighbour made a role of our name first, then it gets nothing of us, is never adopted, and is left alone", async () => {
    await withNeighbour(async (sql) => {
      await sql(`CREATE ROLE ${role} ROLE chiara`);
      await assert.rejects(manager.create(access), { code: "name-taken" });
      const differences = [`role \`${role}\` has no membership by a grant of \`elevation_manager\``];
      assert.deepEqual(await manager.observe(access), { state: "foreign", differences });
      assert.deepEqual((await manager.revoke(access, END)).residue, [`${differences[0]}; it was left alone`]);
      assert.equal(await isLeft(), true);
    });
  });

  it("when a neighbour's role is a copy of ours, note and all, then it is never adopted, and ended", async () => {
    await withNeighbour(async (sql) => {
      await manager.create(access);
      const [[note] = []] = await orders.superuser(
        `SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = '${role}'`,
      );
      await manager.revoke(access, END);
      await sql(`CREATE ROLE ${role}`);
      await sql(`COMMENT ON ROLE ${role} IS '${note}'`);
      await sql(`GRANT orders_admin TO ${role}`);
      await sql(`GRANT ${role} TO alice`);
      assert.deepEqual(await manager.observe(access), {
        state: "foreign",
        differences: [`role \`${role}\` has no membership by a grant of \`elevation_manager\``],
      });
      await assert.rejects(manager.create(access), { code: "name-taken" });
      const alice = await orders.open("alice");
      assert.equal(await alice.refusal("SELECT count(*) FROM orders"), null);
      assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 1, residue: [] });
      await isDenied();
      assert.equal(await isLeft(), false);
    });
  });

  it("when a neighbour puts memberships of his in place of ours, then it is damaged or foreign, and ended", async () => {
    await withNeighbour(async (sql) => {
      await manager.create(access);
      await sql(`REVOKE ${role} FROM alice`);
      await sql(`GRANT ${role} TO alice`);
      assert.deepEqual(await manager.observe(access), {
        state: "damaged",
        differences: [
          `\`alice\` is no member of \`${role}\` any more`,
          `\`alice\` is a member of \`${role}\` by a grant of \`mallory\``,
        ],
      });
      await sql(`REVOKE orders_admin FROM ${role}`);
      await sql(`GRANT orders_admin TO ${role}`);
      assert.equal((await manager.observe(access)).state, "foreign");
      const alice = await orders.open("alice");
      const { sessionsEnded } = await manager.revoke(access, END);
      assert.equal(sessionsEnded, 1);
      await alice.cut;
      await isDenied();
    });
  });

  it("when a neighbour writes our login as who granted, then the server refuses", async () => {
    await withNeighbour(async (sql) => {
      await assert.rejects(sql("GRANT orders_admin TO chiara GRANTED BY elevation_manager"), {
        message: "must be superuser to set grantor",
      });
    });
  });

  for (const [name, statements, differences] of [
    ["another member", ["GRANT ROLE TO bruno"], ["`bruno` is a member of `ROLE` by a grant of `mallory`"]],
    [
      "another role",
      ["GRANT orders_reader TO ROLE"],
      ["`ROLE` is a member of `orders_reader` by a grant of `mallory`"],
    ],
    ["CREATEDB", ["ALTER ROLE ROLE CREATEDB"], ["`ROLE` has CREATEDB"]],
  ] as const) {
    it(`when a neighbour adds ${name}, then it is wider, is cut back, and was never hers`, async () => {
      await withNeighbour(async (sql) => {
        await manager.create(access);
        if (name === "CREATEDB") await orders.superuser("ALTER ROLE mallory CREATEDB");
        for (const statement of statements)
          await sql(
            statement
              .replace("ROLE TO", `${role} TO`)
              .replace("TO ROLE", `TO ${role}`)
              .replace("ROLE ROLE", `ROLE ${role}`),
          );
        assert.deepEqual(await manager.observe(access), {
          state: "wider",
          differences: differences.map((sentence) => sentence.replace("ROLE", role)),
        });
        if (name === "CREATEDB") await orders.superuser("ALTER ROLE elevation_manager CREATEDB");
        await manager.cutBack(access);
        assert.deepEqual(await manager.observe(access), { state: "intact" });
        await isDenied("bruno");
      });
    });
  }

  it("when she was given ADMIN by a neighbour, then the membership is his, and the grant is damaged and ended", async () => {
    await withNeighbour(async (sql) => {
      await manager.create(access);
      await sql(`GRANT ${role} TO alice WITH ADMIN OPTION`);
      assert.equal((await manager.observe(access)).state, "damaged");
      const alice = await orders.open("alice");
      await alice.sql(`GRANT ${role} TO chiara`);
      const chiara = await orders.open("chiara");
      assert.equal(await chiara.refusal("SELECT count(*) FROM orders"), null);
      assert.equal((await manager.revoke(access, END)).sessionsEnded, 2);
      await Promise.all([alice.cut, chiara.cut]);
      await isDenied("chiara");
    });
  });

  for (const [name, before_, after_, message] of [
    [
      "the policy's role can log in",
      "ALTER ROLE orders_admin LOGIN",
      "ALTER ROLE orders_admin NOLOGIN",
      `role \`orders_admin\` ${AT} has LOGIN, ${WHY}; take that from it, or use PostgreSQL 16 or later`,
    ],
    [
      "a role that the policy's role has can make roles",
      "CREATE ROLE makers CREATEROLE REPLICATION ROLE orders_admin",
      "DROP ROLE makers",
      `role \`makers\` ${AT} has CREATEROLE and REPLICATION, ${WHY}; take that from it, or use PostgreSQL 16 or later`,
    ],
    [
      "her login doesn't inherit",
      "ALTER ROLE alice NOINHERIT",
      "ALTER ROLE alice INHERIT",
      `login \`alice\` ${AT} has NOINHERIT, so a grant would give it nothing; run ALTER ROLE "alice" INHERIT`,
    ],
    [
      "the manager may not end sessions",
      "REVOKE pg_signal_backend FROM elevation_manager",
      "GRANT pg_signal_backend TO elevation_manager",
      `the manager \`elevation_manager\` ${AT} lacks pg_signal_backend; let a superuser run: GRANT pg_signal_backend TO "elevation_manager"`,
    ],
  ] as const) {
    it(`when ${name}, then that is said before anything is made`, async () => {
      await orders.superuser(before_);
      try {
        await assert.rejects(manager.preflight(access.place), (error: Error) => {
          assert.equal(error.message, message);
          return true;
        });
      } finally {
        await orders.superuser(after_);
      }
    });
  }
});
