// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Decision } from "@elevation/domain";
import { Journal, SCHEMA_SQL } from "@elevation/journal";
import { type JournalDatabase, sharedJournalServer } from "../../support/journal-server";
import { AT, aRequest, eventOf, intentOf } from "./documents";
import { aProject, elevate, type Project, TIMEOUT } from "./elevate";

const server = sharedJournalServer();

describe("elevate with a journal in PostgreSQL", () => {
  let project: Project;
  let database: JournalDatabase;
  beforeEach(async () => {
    project = aProject();
    database = await (await server()).database();
  });
  afterEach(async () => {
    project.remove();
    await database.drop();
  });

  const run = (env: Readonly<Record<string, string>>, ...args: string[]) => elevate(args, { cwd: project.path, env });
  const ROLES = ["--writer", "journal_writer", "--reader", "journal_reader"];

  it("when it is opened, then writer and reader have their rights, and what to set is printed without a password", async () => {
    const env = { ELEVATION_JOURNAL: database.address("journal_owner") };
    const { exit, stdout, stderr } = await run(env, "journal", "init", ...ROLES);
    const [opened] = await database.store("journal_reader").read();
    assert.deepEqual(
      [exit, stdout, stderr],
      [
        0,
        `opened the journal ${database.shown}, id ${opened?.hash}
set in every job that uses it:
  export ELEVATION_JOURNAL=${database.shown}  # with the job's own user, password and TLS parameters
  export ELEVATION_JOURNAL_ID=${opened?.hash}
`,
        "",
      ],
    );
    assert.deepEqual(await run(env, "journal", "init"), {
      exit: 2,
      stdout: "",
      stderr: `error: something stands at \`${database.shown}\` already; use the journal that it is, or choose another database\n`,
    });
  });

  it("when a decision is recorded, then status, check and audit read it, and none hangs", async () => {
    const id = await database.open();
    const [writer, reader] = (["journal_writer", "journal_reader"] as const).map((login) => ({
      ELEVATION_JOURNAL: database.address(login),
      ELEVATION_JOURNAL_ID: id,
    }));
    assert.ok(writer && reader);
    const journal = await Journal.open(database.store("journal_writer"), id);
    const intent = intentOf(aRequest());
    await journal.append([intent, eventOf(intent.request, { type: "activated", data: { adopted: false } })]);
    project.write("alice.yaml", aRequest());

    const status = await run(reader, "status", "--at", AT);
    assert.equal(status.exit, 0, status.stderr);
    assert.match(status.stdout, /alice@example\.com .*active/);

    const flag = ["--journal", database.address("journal_reader"), "--at", AT, "--json"];
    const check = await run({}, "check", "alice.yaml", ...flag);
    assert.deepEqual([check.exit, check.stderr], [0, ""]);
    assert.equal((JSON.parse(check.stdout) as Decision).expiresAt, intent.data.expiresAt);

    const record = await run(reader, "check", "alice.yaml", "--record");
    assert.deepEqual(
      [record.exit, record.stderr],
      [
        4,
        `error: nothing was journaled: the journal \`${database.shown}\` cannot be written: permission denied for table journal (42501); give the role the rights that docs/journal.md lists\n`,
      ],
    );
    assert.equal((await run(writer, "check", "alice.yaml", "--record")).exit, 0);

    const head = (await journal.view()).head;
    const audit = await run(reader, "audit", "verify", "--json");
    assert.deepEqual(JSON.parse(audit.stdout), {
      verified: true,
      journal: database.shown,
      events: 4,
      withoutData: 0,
      unfinishedBytes: 0,
      head,
      id,
      openedAt: "2026-11-24T12:00:00.000Z",
    });
  });

  it("when an event was rewritten behind the triggers, then the audit says which, and how far the chain holds", async () => {
    const id = await database.open();
    const journal = await Journal.open(database.store("journal_writer"), id);
    await journal.append([intentOf(aRequest())]);
    await database.sql("journal_owner", "ALTER TABLE elevation.journal DISABLE TRIGGER ALL");
    const [row] = await database.sql("journal_owner", "SELECT data FROM elevation.journal WHERE seq = 2");
    const twice = String(row?.[0]).replace("{", '{"requester":"mallory@example.com",');
    for (const [data, problem] of [
      [twice, "event 2: it has only one of `data` and `salt`"],
      ["{}", "event 2: its `digest` is not that of its data"],
      ["no JSON", "event 2: it has only one of `data` and `salt`"],
    ]) {
      await database.sql("journal_owner", `UPDATE elevation.journal SET data = '${data}' WHERE seq = 2`);
      const env = { ELEVATION_JOURNAL: database.address("journal_reader") };
      const { exit, stdout } = await run(env, "audit", "verify");
      assert.deepEqual([exit, stdout], [1, `not verified: ${database.shown}, ${problem}\n`]);
      const json = JSON.parse((await run(env, "audit", "verify", "--json")).stdout) as Record<string, unknown>;
      assert.deepEqual(
        [json["events"], json["head"], json["problem"]],
        [1, { seq: 1, hash: id }, { seq: 2, message: problem }],
      );
    }
  });

  it("when it is absent, or its server is down, then the exit code tells, and no password is shown", async () => {
    const env = { ELEVATION_JOURNAL: database.address("journal_reader") };
    assert.deepEqual(await run(env, "audit", "verify"), {
      exit: 4,
      stdout: "",
      stderr: `error: there is no journal at \`${database.shown}\`; correct \`ELEVATION_JOURNAL\`, or make one with \`elevate journal init\`\n`,
    });
    const down = { ELEVATION_JOURNAL: "postgres://alice:hunter2@127.0.0.1:1/journal" };
    const stderr =
      "error: the journal `postgres://127.0.0.1:1/journal` cannot be reached: connect ECONNREFUSED 127.0.0.1:1 (ECONNREFUSED); see whether the server runs, and whether address, user and password in the job's environment are right\n";
    for (const command of [["audit", "verify"], ["status"]]) {
      assert.deepEqual(await run(down, ...command), { exit: 4, stdout: "", stderr });
    }
  });

  it("when --sql is given, then what would be run is printed, and nothing is done", async () => {
    assert.deepEqual(await run({}, "journal", "init", "--sql", "--writer", "ci_deploy"), {
      exit: 0,
      stdout: `BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;

${SCHEMA_SQL}
GRANT USAGE ON SCHEMA elevation TO "ci_deploy";
GRANT SELECT, INSERT ON elevation.journal TO "ci_deploy";
GRANT SELECT, INSERT, UPDATE ON elevation.alive TO "ci_deploy";

COMMIT;
`,
      stderr: "",
    });
  });

  it("when a role's name is none, or the journal is a file, then nothing is made", async () => {
    for (const name of ["public", "pg_monitor", 'x"; DROP TABLE t; --', ""]) {
      const { exit, stderr } = await run({}, "journal", "init", "--sql", "--reader", name);
      assert.deepEqual(
        [exit, stderr],
        [
          2,
          `error: \`${name}\` can't be given rights on the journal; name a role of letters, digits, \`_\`, \`$\` and \`-\`, none of PostgreSQL's own\n`,
        ],
      );
    }
    const file = { ELEVATION_JOURNAL: `file:${project.path}/journal.jsonl` };
    assert.deepEqual(await run(file, "journal", "init", "--writer", "ci"), {
      exit: 2,
      stdout: "",
      stderr:
        "error: `--writer` and `--reader` are roles of a PostgreSQL server, and `ELEVATION_JOURNAL` names a file; leave them out\n",
    });
  });
}).timeout(TIMEOUT);
