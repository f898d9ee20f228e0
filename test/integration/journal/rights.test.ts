// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, type JournalEvent, sha256Hex } from "@elevation/domain";
import { initJournal, Journal, openStore, setupSql, verifyChain } from "@elevation/journal";
import { repository } from "@elevation/scripts/support/workspace";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aNote, JOB, NOON } from "../../support/journal-events";
import { JournalProcess, runAll } from "../../support/journal-process";
import { type JournalDatabase, type JournalLogin, sharedJournalServer } from "../../support/journal-server";

const server = sharedJournalServer();

describe("the PostgreSQL journal's rights", function () {
  this.timeout(30_000);
  let database: JournalDatabase;
  let id: string;
  beforeEach(async () => {
    database = await (await server()).database();
    id = await database.open();
    await database.store("journal_writer").append([aNote("kept")]);
  });
  afterEach(async () => {
    assert.equal(verifyChain(await database.store("journal_owner").read()), null);
    await database.drop();
  });

  const INSERT = "INSERT INTO elevation.journal SELECT * FROM elevation.journal WHERE seq = 2";
  const refused: readonly [JournalLogin, string, string][] = [
    ["journal_writer", "UPDATE elevation.journal SET data = '{}'", "permission denied for table journal"],
    ["journal_writer", "DELETE FROM elevation.journal", "permission denied for table journal"],
    ["journal_writer", "TRUNCATE elevation.journal", "permission denied for table journal"],
    ["journal_writer", "DROP TABLE elevation.journal", "must be owner of table journal"],
    ["journal_writer", "ALTER TABLE elevation.journal DISABLE TRIGGER ALL", "must be owner of table journal"],
    ["journal_writer", "ALTER TABLE elevation.journal ADD COLUMN x int", "must be owner of table journal"],
    ["journal_writer", "DROP TRIGGER journal_append ON elevation.journal", "must be owner of relation journal"],
    ["journal_writer", "DROP SCHEMA elevation CASCADE", "must be owner of schema elevation"],
    ["journal_writer", "CREATE TABLE elevation.other ()", "permission denied for schema elevation"],
    ["journal_writer", "CREATE TABLE pg_temp.heir () INHERITS (elevation.journal)", "must be owner of table journal"],
    [
      "journal_writer",
      "CREATE OR REPLACE FUNCTION elevation.journal_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
      "permission denied for schema elevation",
    ],
    [
      "journal_writer",
      "DROP FUNCTION elevation.journal_refuse() CASCADE",
      "must be owner of function elevation.journal_refuse",
    ],
    [
      "journal_writer",
      "CREATE RULE swallow AS ON INSERT TO elevation.journal DO INSTEAD NOTHING",
      "must be owner of table journal",
    ],
    [
      "journal_writer",
      "SET session_replication_role = replica",
      'permission denied to set parameter "session_replication_role"',
    ],
    ["journal_writer", "SELECT * FROM elevation.journal FOR UPDATE", "permission denied for table journal"],
    ["journal_writer", `${INSERT} ON CONFLICT (seq) DO UPDATE SET data = '{}'`, "permission denied for table journal"],
    ["journal_reader", INSERT, "permission denied for table journal"],
    ["journal_reader", "DELETE FROM elevation.journal", "permission denied for table journal"],
    ["journal_reader", "BEGIN; LOCK TABLE elevation.journal IN ROW SHARE MODE", "permission denied for table journal"],
    ["stranger", "SELECT * FROM elevation.journal", "permission denied for schema elevation"],
    ["journal_owner", "UPDATE elevation.journal SET data = '{}'", "the journal is append-only: UPDATE is refused"],
    ["journal_owner", "DELETE FROM elevation.journal WHERE false", "the journal is append-only: DELETE is refused"],
    ["journal_owner", "TRUNCATE elevation.journal", "the journal is append-only: TRUNCATE is refused"],
    [
      "journal_owner",
      `${INSERT} ON CONFLICT (seq) DO UPDATE SET data = '{}'`,
      "the journal is append-only: UPDATE is refused",
    ],
    [
      "postgres",
      "SET session_replication_role = replica; DELETE FROM elevation.journal",
      "the journal is append-only: DELETE is refused",
    ],
    ["journal_writer", INSERT, "event 2 does not follow the last event of the journal"],
    [
      "journal_writer",
      INSERT.replace("*", "seq + 5, at, type, request, actor_kind, actor_key, digest, prev, hash, data, salt"),
      "event 7 does not follow the last event of the journal",
    ],
    [
      "journal_writer",
      INSERT.replace("*", "3, at, type, request, actor_kind, actor_key, digest, prev, hash, data, salt"),
      "event 3 does not follow the last event of the journal",
    ],
    [
      "journal_writer",
      INSERT.replace("*", "3, at, type, request, actor_kind, actor_key, digest, hash, hash, data, salt"),
      "event 3 does not verify",
    ],
    [
      "journal_writer",
      INSERT.replace("*", "3, at, type, request, actor_kind, actor_key, digest, hash, hash, '{}', salt"),
      "event 3 does not verify",
    ],
  ];
  for (const [login, statement, message] of refused) {
    it(`when ${login} runs \`${statement}\`, then the server says: ${message}`, async () => {
      assert.equal(await database.refusal(login, statement), message);
      assert.equal((await database.store("journal_owner").read()).length, 2);
    });
  }

  it("when a writer's session has functions of its own in front, then the triggers don't see them", async () => {
    const writer = await database.session("journal_writer");
    await writer.query(`CREATE FUNCTION pg_temp.encode(bytea, text) RETURNS text LANGUAGE sql AS 'SELECT repeat($2, 64)';
      SET search_path = pg_temp, pg_catalog`);
    const forged = INSERT.replace("*", "3, at, type, request, actor_kind, actor_key, digest, hash, hash, data, salt");
    await assert.rejects(writer.query(forged), { message: "event 3 does not verify" });
  });

  it("when a writer's session is asynchronous, then an append makes its transaction durable all the same", async () => {
    const writer = await database.session("journal_writer");
    const [, head] = await database.store("journal_reader").read();
    assert.ok(head);
    const chained = {
      seq: 3,
      at: head.at,
      type: head.type,
      request: null,
      actor: JOB,
      digest: head.digest,
      prev: head.hash,
    };
    await writer.query("BEGIN; SET LOCAL synchronous_commit = off");
    await writer.query(
      "INSERT INTO elevation.journal SELECT 3, at, type, request, actor_kind, actor_key, digest, $1, $2, data, salt FROM elevation.journal WHERE seq = 2",
      [head.hash, sha256Hex(canonicalJson(chained))],
    );
    const { rows } = await writer.query<{ synchronous_commit: string }>("SHOW synchronous_commit");
    assert.deepEqual(rows, [{ synchronous_commit: "on" }]);
    await writer.query("COMMIT");
    assert.equal((await database.store("journal_reader").read()).length, 3);
  });

  it("when role or database say otherwise, then the store's own sessions are durable and may write", async () => {
    await database.sql(
      "postgres",
      `DO $$ BEGIN EXECUTE 'ALTER ROLE journal_writer IN DATABASE ${database.name} SET synchronous_commit = off';
        EXECUTE 'ALTER ROLE journal_writer IN DATABASE ${database.name} SET default_transaction_read_only = on'; END $$`,
    );
    await database.store("journal_writer").append([aNote("on")]);
    assert.equal((await database.store("journal_reader").read()).length, 3);
  });

  it("when roles lack a right, then the store says which and what to do", async () => {
    const shown = database.shown;
    await assert.rejects(database.store("stranger").read(), {
      code: "unreadable",
      message: `the journal \`${shown}\` cannot be read: permission denied for schema elevation (42501); give the role the rights that docs/journal.md lists`,
    });
    const [, head] = await database.store("journal_reader").read();
    await assert.rejects(database.store("journal_reader").append([aNote("no")], head), {
      code: "write-failed",
      message: `the journal \`${shown}\` cannot be written: permission denied for table journal (42501); give the role the rights that docs/journal.md lists`,
    });
  });

  it("when a trigger that somebody added meanwhile swallows events, then they are not called appended", async () => {
    const writer = database.store("journal_writer");
    await writer.append([aNote("before")]);
    await database.sql(
      "journal_owner",
      `CREATE FUNCTION elevation.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
       CREATE TRIGGER swallow BEFORE INSERT ON elevation.journal FOR EACH ROW EXECUTE FUNCTION elevation.swallow()`,
    );
    await assert.rejects(writer.append([aNote("gone")]), {
      code: "write-failed",
      message: `the journal \`${database.shown}\` took 0 of 1 events without an error; remove whatever was added to its table`,
    });
  });

  it("when the owner switched the triggers off and rewrote an event, then the chain tells", async () => {
    await database.sql("journal_owner", "ALTER TABLE elevation.journal DISABLE TRIGGER ALL");
    await database.sql("journal_owner", 'UPDATE elevation.journal SET data = \'{"text":"forged"}\' WHERE seq = 2');
    await assert.rejects(Journal.open(database.store("journal_reader"), id), {
      code: "untrusted",
      message: `the journal \`${database.shown}\` cannot be trusted: event 2: its \`digest\` is not that of its data; restore it from a copy that verifies`,
    });
    await assert.rejects(database.store("journal_writer").append([aNote("on top")]), { code: "untrusted" });
    await database.sql("journal_owner", "DELETE FROM elevation.journal WHERE seq = 2");
  });

  it("when events hold what JSON and SQL escape, then they are read as they were written, byte for byte", async () => {
    const texts = [
      "\0",
      "\ud800",
      "'; DROP TABLE elevation.journal; --",
      '{"a",null}\\',
      "é\u2028\u{1f600}",
      1e21,
      0.1,
      -0,
      [null],
    ];
    const odd = texts.map((text) => ({
      ...aNote(text),
      actor: { kind: "job" as const, key: 'ci "é" \\ \u0001\u007f' },
    }));
    const appended = await database.store("journal_writer").append(odd);
    const read = (await database.store("journal_reader").read()).slice(2);
    assert.deepEqual(read, appended);
    assert.equal(
      read.map((event) => JSON.stringify(event)).join("\n"),
      appended.map((event) => JSON.stringify(event)).join("\n"),
    );
  });

  it("when an actor's key can't be kept as it is, then it is refused and not changed", async () => {
    for (const key of ["\ud800", "\0"]) {
      const event = { ...aNote("odd"), actor: { kind: "job" as const, key } };
      await assert.rejects(database.store("journal_writer").append([event]), { code: "write-failed" });
    }
  });

  it("when eight processes step at once, then one chain holds it all", async () => {
    const processes = Array.from(
      { length: 8 },
      (_, i) =>
        new JournalProcess({ does: "step", id, name: `p${i}`, count: 10, address: database.address("journal_writer") }),
    );
    await runAll(processes);
    assert.deepEqual(
      processes.flatMap(({ errors }) => errors),
      [],
    );
    const events = (await database.store("journal_reader").read()).slice(2);
    assert.equal(events.length, 80);
    assert.ok(events.every(({ seq, data }) => (data as { text: { judgedBy: number } }).text.judgedBy === seq - 1));
  });
});

describe("making a PostgreSQL journal", function () {
  this.timeout(30_000);
  let database: JournalDatabase;
  beforeEach(async () => {
    database = await (await server()).database();
  });
  afterEach(() => database.drop());

  const init = (login: JournalLogin, writers: readonly string[] = []) =>
    initJournal(openStore(database.address(login), { env: {}, roles: { writers, readers: [] } }), JOB, NOON);

  it("when the login may not, or a role can't be given rights, then nothing is made", async () => {
    const shown = database.shown;
    await assert.rejects(init("journal_writer"), {
      code: "write-failed",
      message: `the journal \`${shown}\` cannot be made: permission denied for database ${database.name} (42501); run it as the administrator who shall own the journal, with CREATE on the database`,
    });
    await assert.rejects(init("journal_owner", ["nobody_knows"]), {
      code: "write-failed",
      message:
        'there is no role `nobody_knows` on the journal\'s server; make it first, as in CREATE ROLE "nobody_knows" LOGIN',
    });
    for (const role of ["journal_owner", "postgres"]) {
      await assert.rejects(init("journal_owner", [role]), {
        code: "write-failed",
        message: `role \`${role}\` is a superuser, or is or can become the journal's owner, and so could switch its triggers off; name another role`,
      });
    }
    await assert.rejects(init("journal_owner", ["public"]), { code: "write-failed" });
    assert.deepEqual(await database.sql("postgres", "SELECT FROM pg_namespace WHERE nspname = 'elevation'"), []);
  });

  it("when the owner ran the SQL by hand, then `init` as the owner appends the first event to it", async () => {
    await database.sql("journal_owner", setupSql({ writers: ["journal_writer"], readers: [] }));
    await assert.rejects(database.store("journal_owner").read(), { code: "absent" });
    const { hash } = await init("journal_owner", ["journal_writer"]);
    await (await Journal.open(database.store("journal_writer"), hash)).close();
    await assert.rejects(init("journal_owner"), {
      code: "exists",
      message: `something stands at \`${database.shown}\` already; use the journal that it is, or choose another database`,
    });
  });

  it("when the schema is somebody's already, then it is left alone", async () => {
    await database.sql("postgres", "CREATE SCHEMA elevation");
    await assert.rejects(init("journal_owner"), { code: "exists" });
  });

  it("when rows are written out as docs/journal.md says, then they are a journal's lines", async () => {
    await database.open();
    const appended = await database.store("journal_writer").append([aNote("é"), aNote([1, { b: 1, a: null }])]);
    const rows = (await database.sql("journal_reader", EXPORT_SQL)) as string[][];
    const events = rows.map(([line]) => JSON.parse(line ?? "") as JournalEvent);
    assert.equal(verifyChain(events), null);
    assert.deepEqual(events.slice(1), appended);
  });
});

describe("docs/journal.md", () => {
  it("when its SQL is compared, then it is what is run", () => {
    const doc = readFileSync(join(repository, "docs", "journal.md"), "utf8");
    const roles = { writers: ["journal_writer"], readers: ["journal_reader"] };
    for (const sql of [setupSql(roles), `${EXPORT_SQL}\n`]) {
      assert.ok(doc.includes(`\`\`\`sql\n${sql}\`\`\`\n`), `docs/journal.md lacks:\n${sql}`);
    }
  });
});

/** As docs/journal.md shows it. */
const EXPORT_SQL = `SELECT format(
  '{"seq":%s,"at":%s,"type":%s,"request":%s,"actor":{"kind":%s,"key":%s},"digest":%s,"prev":%s,"hash":%s,"data":%s,"salt":%s}',
  seq, to_json(at), to_json(type), coalesce(to_json(request)::text, 'null'), to_json(actor_kind), to_json(actor_key),
  to_json(digest), to_json(prev), to_json(hash), data, to_json(salt)) FROM elevation.journal ORDER BY seq`;
