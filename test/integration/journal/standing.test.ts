// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { initJournal, openStore, SCHEMA_SQL, setupSql } from "@elevation/journal";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aNote, JOB, NOON } from "../../support/journal-events";
import { type JournalDatabase, type JournalLogin, ROLES, sharedJournalServer } from "../../support/journal-server";

const server = sharedJournalServer();
const NOBODY = { writers: [], readers: [] };

let database: JournalDatabase;
const init = (login: JournalLogin, roles: { writers: readonly string[]; readers: readonly string[] } = NOBODY) =>
  initJournal(openStore(database.address(login), { env: {}, roles }), JOB, NOON);

/** Who has what on schema, table and functions, besides the owner. */
const rights = async () =>
  (
    await database.sql(
      "postgres",
      `SELECT format('%s %s %s', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, a.privilege_type, o.name)
       FROM (SELECT 'schema', nspacl, nspowner FROM pg_namespace WHERE nspname = 'elevation'
         UNION ALL SELECT relname, relacl, relowner FROM pg_class WHERE relnamespace = 'elevation'::regnamespace AND relkind = 'r'
         UNION ALL SELECT proname, coalesce(proacl, acldefault('f', proowner)), proowner FROM pg_proc
           WHERE pronamespace = 'elevation'::regnamespace) AS o (name, acl, owner), aclexplode(o.acl) AS a
       WHERE a.grantee <> o.owner ORDER BY 1`,
    )
  ).map(([right]) => right);

/** What the journal's owner, or who may create in the schema, could have changed; what is said of it. */
const CHANGES: readonly [statement: string, problem: string][] = [
  ["ALTER TABLE elevation.journal DISABLE TRIGGER journal_append", "its trigger journal_append"],
  ["ALTER TABLE elevation.journal ENABLE TRIGGER journal_refuse", "its trigger journal_refuse"],
  ["DROP TRIGGER journal_refuse ON elevation.journal", "its trigger journal_refuse"],
  [
    `CREATE OR REPLACE TRIGGER journal_refuse BEFORE UPDATE OF at OR DELETE OR TRUNCATE ON elevation.journal
       EXECUTE FUNCTION elevation.journal_refuse(); ALTER TABLE elevation.journal ENABLE ALWAYS TRIGGER journal_refuse`,
    "its trigger journal_refuse",
  ],
  [
    `CREATE OR REPLACE TRIGGER journal_append BEFORE INSERT ON elevation.journal FOR EACH ROW WHEN (NEW.seq > 9)
       EXECUTE FUNCTION elevation.journal_append(); ALTER TABLE elevation.journal ENABLE ALWAYS TRIGGER journal_append`,
    "its trigger journal_append",
  ],
  [
    "CREATE TRIGGER a AFTER INSERT ON elevation.journal EXECUTE FUNCTION elevation.journal_refuse()",
    "elevation.journal has the trigger a",
  ],
  [
    "CREATE TABLE public.fan (seq bigint CONSTRAINT fan REFERENCES elevation.journal)",
    'elevation.journal has the trigger "RI_ConstraintTrigger_a_N" of the constraint fan',
  ],
  ["CREATE RULE r AS ON INSERT TO elevation.journal DO INSTEAD NOTHING", "elevation.journal has the rule r"],
  ["ALTER TABLE elevation.journal ENABLE ROW LEVEL SECURITY", "elevation.journal has row-level security"],
  ["CREATE POLICY p ON elevation.journal", "elevation.journal has row-level security"],
  ["CREATE TABLE public.heir () INHERITS (elevation.journal)", "elevation.journal is an heir or has one"],
  ["ALTER TABLE elevation.journal SET UNLOGGED", "elevation.journal is no ordinary, permanent table"],
  ["ALTER FUNCTION elevation.journal_append() SECURITY DEFINER", "the function elevation.journal_append()"],
  ["ALTER FUNCTION elevation.journal_append() RESET ALL", "the function elevation.journal_append()"],
  [
    `CREATE OR REPLACE FUNCTION elevation.journal_refuse() RETURNS trigger
       LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN NULL; END'`,
    "the function elevation.journal_refuse()",
  ],
  ["GRANT TRIGGER ON elevation.journal TO stranger", "the role stranger has TRIGGER on elevation.journal"],
  ["GRANT SELECT ON elevation.journal TO PUBLIC", "PUBLIC has SELECT on elevation.journal"],
  ["GRANT UPDATE (data) ON elevation.journal TO stranger", "the role stranger has UPDATE on the column data"],
  ["GRANT CREATE ON SCHEMA elevation TO stranger", "the role stranger has CREATE on the schema elevation"],
  [
    "GRANT SELECT ON elevation.journal TO journal_reader WITH GRANT OPTION",
    "the role journal_reader has SELECT on elevation.journal with grant option",
  ],
];

/** What only `init` compares: a writer's appends don't rest on it. */
const FORMS: readonly [statement: string, problem: string][] = [
  ["ALTER TABLE elevation.journal ADD more text", "the column more of elevation.journal is missing, added or changed"],
  ["ALTER TABLE elevation.journal ALTER data TYPE varchar", "the column data"],
  ["ALTER TABLE elevation.journal ALTER data SET DEFAULT 'x'", "the column data"],
  ["ALTER TABLE elevation.journal ALTER data DROP NOT NULL", "the column data"],
  ['ALTER TABLE elevation.journal ALTER data TYPE text COLLATE "C"', "the column data"],
  [
    "ALTER TABLE elevation.journal DROP CONSTRAINT journal_pkey",
    "elevation.journal lacks the constraint PRIMARY KEY (seq)",
  ],
  ["ALTER TABLE elevation.journal DROP CONSTRAINT journal_seq_check", "lacks the constraint CHECK ((seq > 0))"],
  ["ALTER TABLE elevation.journal ADD CHECK (seq < 9)", "elevation.journal has the constraint CHECK ((seq < 9))"],
  ["CREATE INDEX i ON elevation.journal (at)", "elevation.journal has the index elevation.i"],
  [
    "GRANT EXECUTE ON FUNCTION elevation.journal_append() TO PUBLIC",
    "PUBLIC has EXECUTE on elevation.journal_append()",
  ],
];

/** A fault with this code whose message holds the text; names that PostgreSQL numbers are `N`. */
const fault = (code: string, text: string) => (error: Error & { code?: string }) => {
  assert.equal(error.code, code, error.message);
  assert.ok(error.message.replace(/_\d+"/g, '_N"').includes(text), error.message);
  return true;
};

describe("a new PostgreSQL journal where default privileges give everything away", function () {
  this.timeout(30_000);
  beforeEach(async () => {
    database = await (await server()).database();
    for (const kind of ["TABLES", "SCHEMAS", "FUNCTIONS"]) {
      await database.sql(
        "journal_owner",
        `ALTER DEFAULT PRIVILEGES GRANT ALL ON ${kind} TO PUBLIC, journal_reader;
         ALTER DEFAULT PRIVILEGES GRANT ALL ON ${kind} TO stranger WITH GRANT OPTION`,
      );
    }
  });
  afterEach(() => database.drop());

  it("when it is made, then writers and readers have their rights, and nobody else has any", async () => {
    await init("journal_owner", ROLES);
    assert.deepEqual(await rights(), [
      "journal_reader SELECT alive",
      "journal_reader SELECT journal",
      "journal_reader USAGE schema",
      "journal_writer INSERT alive",
      "journal_writer INSERT journal",
      "journal_writer SELECT alive",
      "journal_writer SELECT journal",
      "journal_writer UPDATE alive",
      "journal_writer USAGE schema",
    ]);
  });

  it("when it is made, then no stranger gets in a trigger, and no reader locks writers out", async () => {
    await init("journal_owner", ROLES);
    for (const login of ["stranger", "journal_reader"] as const) {
      const denied = `permission denied for ${login === "stranger" ? "schema elevation" : "table journal"}`;
      assert.equal(
        await database.refusal(login, "BEGIN; LOCK TABLE elevation.journal IN ACCESS EXCLUSIVE MODE"),
        denied,
      );
      const trigger = "CREATE TRIGGER swallow BEFORE INSERT ON elevation.journal FOR EACH ROW EXECUTE FUNCTION f()";
      const swallow = "CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'";
      assert.equal(await database.refusal(login, `${swallow}; ${trigger.replace("f()", "pg_temp.f()")}`), denied);
    }
  });
});

describe("a journal's schema that stands before `init`", function () {
  this.timeout(30_000);
  beforeEach(async () => {
    database = await (await server()).database();
    await database.sql(
      "postgres",
      `GRANT CREATE ON DATABASE ${database.name} TO stranger; GRANT ALL ON SCHEMA public TO PUBLIC`,
    );
  });
  afterEach(() => database.drop());

  it("when somebody else made it, with triggers that do nothing, then nobody takes it over", async () => {
    await database.sql(
      "stranger",
      SCHEMA_SQL.replaceAll(/\nBEGIN\n(?= {2}(SELECT|RAISE) )/g, "\nBEGIN\n  RETURN NEW;\n"),
    );
    for (const login of ["postgres", "journal_owner"] as const) {
      await assert.rejects(init(login, ROLES), {
        code: "write-failed",
        message: `nothing was opened at \`${database.shown}\`, because elevation.journal belongs to the role stranger, not to ${login}; unless a journal is in use there, run this as the role that owns it, if that role shall own the journal, or else drop the schema \`elevation\` and run this again`,
      });
    }
    assert.deepEqual(await database.sql("postgres", "SELECT count(*)::int FROM elevation.journal"), [[0]]);
    assert.deepEqual(await rights(), []);
  });

  it("when a part of it is somebody else's, then it is refused", async () => {
    for (const [object, name] of [
      ["SCHEMA elevation", "the schema elevation"],
      ["TABLE elevation.journal", "elevation.journal"],
      ["FUNCTION elevation.journal_append()", "elevation.journal_append()"],
    ]) {
      await database.sql("journal_owner", SCHEMA_SQL);
      await database.sql("postgres", `ALTER ${object} OWNER TO stranger`);
      const problem = `because ${name} belongs to the role stranger, not to journal_owner; unless a journal is in use there, run this as`;
      await assert.rejects(init("journal_owner"), fault("write-failed", problem));
      await database.sql("postgres", "DROP SCHEMA elevation CASCADE");
    }
  });

  it("when its journal is a view, then its functions are not run", async () => {
    await database.sql(
      "stranger",
      `CREATE TABLE public.taken (by text);
       CREATE FUNCTION public.take() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.taken VALUES (current_user); RETURN 1; END';
       CREATE SCHEMA elevation CREATE VIEW journal AS SELECT public.take() AS seq WHERE public.take() = 1`,
    );
    await assert.rejects(init("postgres"), fault("write-failed", "belongs to the role stranger"));
    assert.deepEqual(await database.sql("postgres", "SELECT * FROM public.taken"), []);
  });

  for (const [statement, problem] of [...CHANGES, ...FORMS]) {
    it(`when the SQL was followed by \`${statement}\`, then it is refused`, async () => {
      await database.sql("journal_owner", setupSql(ROLES));
      await database.sql("journal_owner", statement);
      await assert.rejects(init("journal_owner"), fault("write-failed", problem));
      assert.deepEqual(await database.sql("postgres", "SELECT count(*)::int FROM elevation.journal"), [[0]]);
    });
  }

  it("when the table differs from the SQL, then the fix is no danger to a journal in use", async () => {
    await database.open();
    await database.sql("journal_owner", "CREATE INDEX i ON elevation.journal (at)");
    await assert.rejects(init("journal_owner"), {
      code: "write-failed",
      message: `nothing was opened at \`${database.shown}\`, because elevation.journal has the index elevation.i; unless a journal is in use there, drop the schema \`elevation\` and run this again, or all that \`elevate journal init --sql\` prints`,
    });
  });

  it("when roles are named, then nobody else may have rights", async () => {
    await database.sql("journal_owner", setupSql(ROLES));
    await assert.rejects(init("journal_owner", { writers: ["journal_writer"], readers: [] }), {
      message: `nothing was opened at \`${database.shown}\`, because the role journal_reader has SELECT on elevation.journal; revoke that, or name the role with \`--writer\` or \`--reader\`, and run this again`,
    });
    await init("journal_owner", ROLES);
  });

  it("when the server gives rights away behind our back, then nothing is made", async () => {
    await database.sql(
      "postgres",
      `CREATE FUNCTION public.give() RETURNS event_trigger LANGUAGE plpgsql AS
         'BEGIN EXECUTE ''GRANT TRIGGER ON elevation.journal TO stranger''; END';
       CREATE EVENT TRIGGER give ON ddl_command_end WHEN TAG IN ('CREATE TRIGGER', 'REVOKE') EXECUTE FUNCTION public.give()`,
    );
    await assert.rejects(init("journal_owner", ROLES), {
      code: "write-failed",
      message: `nothing was opened at \`${database.shown}\`, because the role stranger has TRIGGER on elevation.journal; revoke that, or name the role with \`--writer\` or \`--reader\`, and run this again`,
    });
    assert.deepEqual(await database.sql("postgres", "SELECT FROM pg_namespace WHERE nspname = 'elevation'"), []);
  });
});

describe("a PostgreSQL journal that was changed after `init`", function () {
  this.timeout(30_000);
  beforeEach(async () => {
    database = await (await server()).database();
    await database.sql("postgres", "GRANT ALL ON SCHEMA public TO PUBLIC");
    await database.open();
  });
  afterEach(() => database.drop());

  for (const [statement, problem] of CHANGES) {
    it(`when its owner ran \`${statement}\`, then a writer that opens it appends nothing`, async () => {
      await database.sql("journal_owner", statement);
      await assert.rejects(database.store("journal_writer").append([aNote("x")]), fault("untrusted", problem));
      assert.equal((await database.store("journal_owner").read()).length, 1);
    });
  }

  it("when a part of it was given to another role, then a writer says so, and what to do", async () => {
    await database.sql("postgres", "ALTER FUNCTION elevation.journal_append() OWNER TO stranger");
    await assert.rejects(database.store("journal_writer").append([aNote("x")]), {
      code: "untrusted",
      message: `the journal \`${database.shown}\` cannot be trusted: elevation.journal_append() belongs to the role stranger, not to journal_owner; its owner must undo that, and see with \`elevate audit verify\` what stands in it`,
    });
  });

  it("when a role got a writer's rights as docs/journal.md says, then it appends", async () => {
    await database.sql(
      "journal_owner",
      'GRANT USAGE ON SCHEMA elevation TO "stranger"; GRANT SELECT, INSERT ON elevation.journal TO "stranger"',
    );
    await database.store("stranger").append([aNote("late")]);
  });
});
