// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Access, TargetConnection } from "@elevation/provider/lifecycle";
import { SharedLooks } from "@elevation/provider/targets/postgres/shared-looks";
import { anAccess, type OrdersServer, type PersonSession, sharedOrdersServer } from "../../support/postgres";

const theServer = sharedOrdersServer();

/** Cuts all sessions. */
const END = async (): Promise<boolean> => false;
const SINCE = "; it was changed since the grant began";

describe("what the holder of a grant handed on", function () {
  this.timeout(30_000);
  let orders: OrdersServer;
  let manager: TargetConnection;
  let access: Access;

  before(async () => {
    orders = await theServer();
  });
  beforeEach(async () => {
    manager = await orders.connect();
    access = anAccess(manager.server, "b");
  });
  afterEach(async () => {
    await orders.superuser(
      "DROP SCHEMA IF EXISTS lab CASCADE",
      "DROP PUBLICATION IF EXISTS everything",
      "ALTER TABLE orders OWNER TO orders_admin",
      "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
      "DROP POLICY IF EXISTS hers ON orders",
      "DROP TRIGGER IF EXISTS later ON orders",
      "DROP RULE IF EXISTS quietly ON orders",
      "DROP SERVER IF EXISTS elsewhere CASCADE",
      "DROP FOREIGN DATA WRAPPER IF EXISTS far CASCADE",
      "REVOKE ALL ON DATABASE orders FROM orders_admin, mallory CASCADE",
      "REVOKE ALL ON LANGUAGE plpgsql FROM orders_admin CASCADE",
      "REVOKE ALL ON TABLESPACE pg_default FROM orders_admin CASCADE",
      "REVOKE SET ON PARAMETER log_statement FROM orders_admin CASCADE",
      "REVOKE ALL ON orders, customers FROM alice, mallory, chiara, PUBLIC",
      "REVOKE ALL ON SCHEMA public FROM alice, mallory",
      "ALTER DEFAULT PRIVILEGES FOR ROLE orders_admin REVOKE ALL ON TABLES FROM mallory",
    );
    await orders.reset();
  });

  /** What revoking lists after `alice` ran the statements while elevated. */
  const residueOf = async (...statements: string[]): Promise<readonly string[]> => {
    await manager.create(access);
    const alice = await orders.open("alice");
    for (const statement of statements) await alice.sql(statement);
    return (await manager.revoke(access, END)).residue;
  };

  const LAB = [
    "CREATE SCHEMA lab AUTHORIZATION orders_admin",
    "SET ROLE orders_admin",
    "CREATE SEQUENCE lab.numbers",
    "CREATE TYPE lab.mood AS ENUM ('good', 'bad')",
    "CREATE FUNCTION lab.total() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION lab.secret() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "CREATE FUNCTION lab.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE VIEW lab.recent AS SELECT 1 AS id",
    "RESET ROLE",
    "CREATE FOREIGN DATA WRAPPER far",
    "GRANT USAGE ON FOREIGN DATA WRAPPER far TO orders_admin WITH GRANT OPTION",
    "CREATE SERVER elsewhere FOREIGN DATA WRAPPER far",
    "GRANT USAGE ON FOREIGN SERVER elsewhere TO orders_admin WITH GRANT OPTION",
    "GRANT CREATE, CONNECT ON DATABASE orders TO orders_admin WITH GRANT OPTION",
    "GRANT CREATE ON TABLESPACE pg_default TO orders_admin WITH GRANT OPTION",
    "GRANT USAGE ON LANGUAGE plpgsql TO orders_admin WITH GRANT OPTION",
    "GRANT SET ON PARAMETER log_statement TO orders_admin WITH GRANT OPTION",
  ];

  it("when nothing was, then there is no residue, whatever rights stand", async () => {
    assert.deepEqual(await residueOf("UPDATE orders SET total_cents = total_cents + 1", "ANALYZE orders"), []);
  });

  for (const [what, statement, sentence] of [
    [
      "a table, to herself",
      "GRANT SELECT, UPDATE ON orders TO alice",
      "`alice` has SELECT, UPDATE on table `public.orders` in database `orders`, given by `orders_admin`",
    ],
    [
      "a table, to somebody else",
      "GRANT ALL ON customers TO mallory",
      `\`mallory\` has DELETE, INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE on table \`public.customers\` in database \`orders\`, given by \`orders_admin\`${SINCE}`,
    ],
    [
      "a table, to everybody",
      "GRANT SELECT ON orders TO PUBLIC",
      `everybody has SELECT on table \`public.orders\` in database \`orders\`, given by \`orders_admin\`${SINCE}`,
    ],
    [
      "a table, with the right to hand it on",
      "GRANT SELECT ON orders TO alice WITH GRANT OPTION",
      "`alice` has SELECT (with grant option) on table `public.orders` in database `orders`, given by `orders_admin`",
    ],
    [
      "a table's ownership, which she takes",
      "ALTER TABLE orders OWNER TO alice",
      "`alice` owns table `public.orders` in database `orders`, made or changed since the grant began",
    ],
    [
      "a type that she takes",
      "ALTER TYPE lab.mood OWNER TO alice",
      "`alice` owns type `lab.mood` in database `orders`, made or changed since the grant began",
    ],
    [
      "the database",
      "GRANT CREATE ON DATABASE orders TO mallory",
      `\`mallory\` has CREATE on database \`orders\` in database \`orders\`, given by \`orders_admin\`${SINCE}`,
    ],
    [
      "a foreign server",
      "GRANT USAGE ON FOREIGN SERVER elsewhere TO mallory",
      `\`mallory\` has USAGE on foreign server \`elsewhere\` in database \`orders\`, given by \`orders_admin\`${SINCE}`,
    ],
    [
      "a foreign-data wrapper",
      "GRANT USAGE ON FOREIGN DATA WRAPPER far TO mallory",
      `\`mallory\` has USAGE on foreign-data wrapper \`far\` in database \`orders\`, given by \`orders_admin\`${SINCE}`,
    ],
    [
      "a tablespace",
      "GRANT CREATE ON TABLESPACE pg_default TO mallory",
      `\`mallory\` has CREATE on tablespace \`pg_default\` in database \`orders\`, given by \`orders_admin\`${SINCE}`,
    ],
    [
      "a language",
      "GRANT USAGE ON LANGUAGE plpgsql TO alice",
      "`alice` has USAGE on language `plpgsql` in database `orders`, given by `orders_admin`",
    ],
    [
      "a parameter",
      "GRANT SET ON PARAMETER log_statement TO mallory",
      `\`mallory\` has SET on parameter \`log_statement\` in database \`orders\`, given by \`orders_admin\`${SINCE}`,
    ],
    [
      "a publication",
      "CREATE PUBLICATION everything FOR TABLE orders",
      "`alice` owns publication `everything` in database `orders`, made or changed since the grant began",
    ],
    [
      "a function that is made to work with the role's rights",
      "ALTER FUNCTION lab.total() SECURITY DEFINER",
      "function `lab.total` in database `orders`, which works with the rights of `orders_admin`, was made or changed since the grant began",
    ],
    [
      "a function that others use",
      "CREATE OR REPLACE FUNCTION lab.total() RETURNS int LANGUAGE sql AS 'SELECT 2'",
      "function `lab.total` in database `orders`, which works with the rights of whoever meets it, was made or changed since the grant began",
    ],
    [
      "a trigger",
      "CREATE TRIGGER later BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION lab.note()",
      "trigger `public.orders.later` in database `orders`, which works with the rights of whoever meets it, was made or changed since the grant began",
    ],
    [
      "a rule",
      "CREATE RULE quietly AS ON DELETE TO orders DO INSTEAD NOTHING",
      "rule `public.orders.quietly` in database `orders`, which works with the rights of whoever meets it, was made or changed since the grant began",
    ],
    [
      "a row-level policy",
      "CREATE POLICY hers ON orders TO alice USING (true)",
      "row-level policy `public.orders.hers` in database `orders`, which works with the rights of whoever meets it, was made or changed since the grant began",
    ],
    [
      "a column",
      "GRANT UPDATE (total_cents) ON orders TO mallory",
      `\`mallory\` has UPDATE on column \`public.orders.total_cents\` in database \`orders\`, given by \`orders_admin\`${SINCE}`,
    ],
    [
      "a schema",
      "GRANT CREATE ON SCHEMA lab TO mallory",
      `\`mallory\` has CREATE on schema \`lab\` in database \`orders\`, given by \`orders_admin\`${SINCE}`,
    ],
    [
      "a sequence",
      "GRANT USAGE ON SEQUENCE lab.numbers TO alice",
      "`alice` has USAGE on sequence `lab.numbers` in database `orders`, given by `orders_admin`",
    ],
    [
      "a type",
      "GRANT USAGE ON TYPE lab.mood TO alice",
      "`alice` has USAGE on type `lab.mood` in database `orders`, given by `orders_admin`",
    ],
    [
      "a function",
      "GRANT EXECUTE ON FUNCTION lab.total() TO mallory",
      `\`mallory\` has EXECUTE on function \`lab.total\` in database \`orders\`, given by \`orders_admin\`${SINCE}`,
    ],
    [
      "future tables",
      "ALTER DEFAULT PRIVILEGES FOR ROLE orders_admin GRANT SELECT ON TABLES TO mallory",
      `\`mallory\` has SELECT on default rights on future tables of \`orders_admin\` in database \`orders\`, given by \`orders_admin\`${SINCE}`,
    ],
    [
      "a function that works with the role's rights",
      "CREATE OR REPLACE FUNCTION lab.secret() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 2'",
      "function `lab.secret` in database `orders`, which works with the rights of `orders_admin`, was made or changed since the grant began",
    ],
    [
      "a view",
      "CREATE OR REPLACE VIEW lab.recent AS SELECT id FROM public.orders",
      "view `lab.recent` in database `orders`, which works with the rights of `orders_admin`, was made or changed since the grant began",
    ],
    [
      "a copy in the same database",
      "CREATE TABLE lab.copy AS SELECT * FROM orders",
      "`alice` owns table `lab.copy` in database `orders`, made or changed since the grant began",
    ],
  ] as const) {
    const isListed = (residue: readonly string[]) => {
      // MAINTAIN is known since 17.
      const expected = orders.major < 17 ? sentence.replace(" MAINTAIN,", "") : sentence;
      assert.ok(residue.includes(expected), `${residue.join("\n")}\nlacks\n${expected}`);
    };

    it(`when it is ${what}, then revoking lists it`, async () => {
      await orders.superuser(...LAB);
      isListed(await residueOf(statement));
    });

    it(`when it is ${what}, and a newer grant of another ends at the same time, then too`, async () => {
      await orders.superuser(...LAB);
      const other = await orders.connect();
      const others = anAccess(other.server, "c", { identity: "bruno", role: "orders_reader" });
      await manager.create(access);
      const alice = await orders.open("alice");
      await alice.sql(statement);
      await other.create(others);
      const [hers, his] = await Promise.all([manager.revoke(access, END), other.revoke(others, END)]);
      isListed(hers.residue);
      assert.deepEqual(his.residue, []);
    });
  }

  it("when it is looked for again, and the role with its note is gone, then it is found as long as it stands", async () => {
    await orders.superuser(...LAB);
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql("CREATE TABLE lab.copy AS SELECT * FROM orders");
    await alice.sql("GRANT CREATE ON SCHEMA lab TO mallory");
    await alice.sql("CREATE OR REPLACE FUNCTION lab.secret() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 2'");
    const first = await manager.revoke(access, END);
    assert.equal(first.residue.length, 3, first.residue.join("\n"));
    assert.ok(first.trace);
    const again = { ...access, trace: first.trace };
    const second = await manager.revoke(again, END);
    assert.deepEqual(second, { found: false, sessionsEnded: 0, residue: first.residue, trace: first.trace });
    await orders.superuser("DROP SCHEMA lab CASCADE");
    assert.deepEqual(await manager.revoke(again, END), { found: false, sessionsEnded: 0, residue: [] });
    // Without it only what names her is found: what stands in the journal must not be lost.
    assert.deepEqual((await manager.revoke(access, END)).residue, []);
  });

  it("when nothing was by any of many that end at the same time, then one look tells all of them", async () => {
    const told: Promise<boolean>[] = [];
    const { mayConcern } = SharedLooks.prototype;
    SharedLooks.prototype.mayConcern = function (...asked) {
      const answer = mayConcern.apply(this, asked);
      told.push(answer);
      return answer;
    };
    try {
      const many = await Promise.all(
        ["1", "2", "3", "4", "5"].map(async (digit, n) => {
          const one = await orders.connect();
          const role = n % 2 === 0 ? "orders_admin" : "orders_reader";
          return { one, its: anAccess(one.server, digit, { role, identity: n % 3 === 0 ? "alice" : "bruno" }) };
        }),
      );
      for (const { one, its } of many) await one.create(its);
      const ended = await Promise.all(many.map(({ one, its }) => one.revoke(its, END)));
      for (const end of ended) assert.deepEqual(end, { found: true, sessionsEnded: 0, residue: [] });
      assert.deepEqual(await Promise.all(told), [false, false, false, false, false]);
    } finally {
      SharedLooks.prototype.mayConcern = mayConcern;
    }
  });

  it("when it is something in another database, then revoking says how much and that it was not looked into", async () => {
    const elsewhere = await orders.open("postgres", "postgres");
    await elsewhere.sql("CREATE SCHEMA far AUTHORIZATION orders_admin");
    await elsewhere.sql("CREATE TABLE far.prices (id int)");
    await elsewhere.sql("ALTER TABLE far.prices OWNER TO orders_admin");
    try {
      await manager.create(access);
      const alice = await orders.open("alice", "postgres");
      await alice.sql("GRANT SELECT ON far.prices TO alice");
      await alice.sql("CREATE TABLE far.copy AS SELECT * FROM far.prices");
      const { residue, sessionsEnded } = await manager.revoke(access, END);
      assert.equal(sessionsEnded, 1);
      assert.deepEqual(residue, [
        "`alice` owns, or was given rights on, 2 objects in database `postgres` since the grant began; that database was not looked into",
      ]);
    } finally {
      await (await orders.open("postgres", "postgres")).sql("DROP SCHEMA far CASCADE");
    }
  });

  it("when a large object was made and shared, then revoking lists it", async () => {
    const residue = await residueOf("SELECT lo_create(424242)", "GRANT SELECT ON LARGE OBJECT 424242 TO mallory");
    assert.deepEqual(residue, [
      `\`mallory\` has SELECT on large object \`424242\` in database \`orders\`, given by \`alice\`${SINCE}`,
      "`alice` owns large object `424242` in database `orders`, made or changed since the grant began",
    ]);
  });

  describe("beside a transaction that is older than the grant and still open", () => {
    const HERS = "`alice` owns table `hers.before` in database `orders`, made or changed since the grant began";
    const GIVEN = `\`mallory\` has SELECT on table \`public.orders\` in database \`orders\`, given by \`orders_admin\`${SINCE}`;
    const makeHers = () => orders.superuser("CREATE SCHEMA hers AUTHORIZATION alice", "CREATE TABLE hers.before ()");
    const giveHers = () => orders.superuser("ALTER TABLE hers.before OWNER TO alice");
    const lists = (residue: readonly string[], sentence: string) =>
      assert.ok(residue.includes(sentence), `${residue.join("\n")}\nlacks\n${sentence}`);
    /** A session with a transaction that has an id. */
    const writing = async (user: string, ...statements: string[]): Promise<PersonSession> => {
      const session = await orders.open(user);
      for (const statement of ["BEGIN", "SELECT pg_current_xact_id()", ...statements]) await session.sql(statement);
      return session;
    };
    /** Only then is what began before it older than the next one. */
    const another = () => orders.superuser("SELECT pg_current_xact_id()");
    afterEach(() => orders.superuser("DROP SCHEMA IF EXISTS hers CASCADE"));

    it("when something of hers was made before the grant, then it is not listed, whoever's the transaction is", async function () {
      if (orders.major < 16) this.skip();
      for (const user of ["postgres", "mallory", "alice"]) await writing(user);
      await makeHers();
      await giveHers();
      assert.deepEqual(await residueOf(), []);
    });

    it("when that transaction is prepared, then neither", async function () {
      if (orders.major < 16) this.skip();
      const other = await writing("mallory");
      await other.sql("PREPARE TRANSACTION 'forgotten'");
      try {
        await makeHers();
        await giveHers();
        assert.deepEqual(await residueOf(), []);
      } finally {
        await orders.superuser("ROLLBACK PREPARED 'forgotten'");
      }
    });

    it("when more are open than a note takes, then the oldest are told exactly", async function () {
      if (orders.major < 16) this.skip();
      for (let n = 0; n < 32; n++) await writing("mallory");
      await makeHers();
      await writing("mallory");
      await giveHers();
      await manager.create(access);
      assert.deepEqual(await manager.observe(access), { state: "intact" });
      // The 33rd is older than the change, so that one counts as if it were later.
      assert.deepEqual((await manager.revoke(access, END)).residue, [HERS]);
    });

    it("when it hands on, then that is listed", async () => {
      const alice = await writing("alice");
      await another();
      await manager.create(access);
      await alice.sql("GRANT SELECT ON orders TO mallory");
      await alice.sql("COMMIT");
      lists((await manager.revoke(access, END)).residue, GIVEN);
    });

    it("when somebody else's uses a function of hers to hand on, then that is listed", async () => {
      await makeHers();
      await giveHers();
      const alice = await orders.open("alice");
      await alice.sql(
        "CREATE FUNCTION hers.hand() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'GRANT SELECT ON public.orders TO mallory'",
      );
      await alice.sql("GRANT USAGE ON SCHEMA hers TO mallory");
      const mallory = await writing("mallory");
      await another();
      await manager.create(access);
      await mallory.sql("SELECT hers.hand()");
      await mallory.sql("COMMIT");
      lists((await manager.revoke(access, END)).residue, GIVEN);
    });

    it("when a subtransaction that is older, too, hands on, then that is listed", async () => {
      const alice = await writing("alice", "SAVEPOINT deeper", "CREATE TEMP TABLE mine ()");
      await another();
      await manager.create(access);
      await alice.sql("GRANT SELECT ON orders TO mallory");
      await alice.sql("COMMIT");
      lists((await manager.revoke(access, END)).residue, GIVEN);
    });

    it("when one had a subtransaction, then all that was changed since it began is listed", async () => {
      await writing("mallory", "SAVEPOINT deeper", "CREATE TEMP TABLE mine ()");
      await makeHers();
      await giveHers();
      assert.deepEqual(await residueOf(), [
        "`alice` owns schema `hers` in database `orders`, made or changed since the grant began",
        HERS,
      ]);
    });
  });

  it("when a transaction is prepared, then revoking lists it, for it can still be committed", async () => {
    const residue = await residueOf("BEGIN", "GRANT SELECT ON orders TO alice", "PREPARE TRANSACTION 'later'");
    assert.deepEqual(residue, [
      "transaction `later` of `alice`, prepared in database `orders`, is open and can still be committed",
    ]);
    await orders.superuser("ROLLBACK PREPARED 'later'");
  });

  it("when she uses the access again by a right that was listed, then it is true", async () => {
    const residue = await residueOf("GRANT SELECT ON orders TO alice");
    assert.equal(residue.length, 2);
    const alice: PersonSession = await orders.open("alice");
    assert.equal(await alice.refusal("SELECT count(*) FROM orders"), null);
  });

  it("when the person is a member of the policy's role by another path, then revoking lists it", async () => {
    await orders.superuser("CREATE ROLE dba_team", "GRANT orders_admin TO dba_team", "GRANT dba_team TO alice");
    try {
      await manager.preflight(access.place);
      assert.deepEqual(await residueOf(), [
        "`alice` is a member of `orders_admin` by another path than this grant, through `dba_team`",
      ]);
    } finally {
      await orders.superuser("DROP ROLE dba_team");
    }
  });

  it("when the policy's role may give another role and it was given, then revoking lists it", async () => {
    await orders.superuser("CREATE ROLE orders_app", "GRANT orders_app TO orders_admin WITH ADMIN TRUE");
    try {
      assert.deepEqual(await residueOf("GRANT orders_app TO mallory"), [
        "`mallory` is a member of `orders_app`, made so by `orders_admin` since the grant began",
      ]);
    } finally {
      await orders.superuser("DROP ROLE orders_app");
    }
  });

  it("when another grant of the person goes on, then that is no residue", async () => {
    const other = anAccess(manager.server, "c");
    await manager.create(other);
    await manager.create(access);
    assert.deepEqual(await manager.revoke(access, async () => true), { found: true, sessionsEnded: 0, residue: [] });
  });

  it("when there is another path beside another grant that goes on, then that path alone is listed", async () => {
    await orders.superuser("CREATE ROLE dba_team", "GRANT orders_admin TO dba_team", "GRANT dba_team TO alice");
    try {
      await manager.create(anAccess(manager.server, "c"));
      assert.deepEqual(await residueOf(), [
        "`alice` is a member of `orders_admin` by another path than this grant, through `dba_team`",
      ]);
    } finally {
      await orders.superuser("DROP ROLE dba_team");
    }
  });

  it("when rights of hers were given long before the grant, then revoking lists them all the same", async () => {
    await orders.superuser(
      ...LAB,
      "SET ROLE orders_admin",
      "SELECT lo_create(4711)",
      "GRANT SELECT ON orders TO alice",
      "GRANT UPDATE (name) ON customers TO alice",
      "GRANT USAGE ON SCHEMA lab TO alice",
      "GRANT USAGE ON SEQUENCE lab.numbers TO alice",
      "GRANT USAGE ON TYPE lab.mood TO alice",
      "GRANT EXECUTE ON FUNCTION lab.total() TO alice",
      "GRANT SELECT ON LARGE OBJECT 4711 TO alice",
      "RESET ROLE",
    );
    try {
      assert.deepEqual(await residueOf(), [
        "`alice` has UPDATE on column `public.customers.name` in database `orders`, given by `orders_admin`",
        "`alice` has EXECUTE on function `lab.total` in database `orders`, given by `orders_admin`",
        "`alice` has SELECT on large object `4711` in database `orders`, given by `orders_admin`",
        "`alice` has USAGE on schema `lab` in database `orders`, given by `orders_admin`",
        "`alice` has USAGE on sequence `lab.numbers` in database `orders`, given by `orders_admin`",
        "`alice` has SELECT on table `public.orders` in database `orders`, given by `orders_admin`",
        "`alice` has USAGE on type `lab.mood` in database `orders`, given by `orders_admin`",
      ]);
    } finally {
      await orders.superuser("SELECT lo_unlink(4711)", "REVOKE ALL (name) ON customers FROM alice");
    }
  });

  it("when a name carries control characters, then the sentence is one harmless line", async () => {
    await orders.superuser(...LAB);
    const residue = await residueOf('CREATE TABLE lab."x\n`; \u001b[2J" (id int)');
    assert.deepEqual(residue, [
      "`alice` owns table `lab.x '; [2J` in database `orders`, made or changed since the grant began",
    ]);
  });

  it("when too much was handed on, then the rest is counted", async () => {
    await orders.superuser(...LAB);
    const many = Array.from({ length: 60 }, (_, n) => `CREATE TABLE lab.t${n} (id int)`);
    const residue = await residueOf(many.join(";"));
    assert.equal(residue.length, 51);
    assert.equal(residue.at(-1), "10 more rights were handed on");
  });
});
