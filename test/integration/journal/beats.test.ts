// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Beats, openStore } from "@elevation/journal";
import { repository } from "@elevation/scripts/support/workspace";
import { afterEach, beforeEach, describe, it } from "mocha";
import { BEAT, beatsConform } from "../../conformance/beats";
import { type JournalDatabase, type JournalLogin, sharedJournalServer } from "../../support/journal-server";

const server = sharedJournalServer();

describe("beats in PostgreSQL", function () {
  this.timeout(30_000);
  let database: JournalDatabase;
  const open = (login: JournalLogin = "journal_writer"): Beats => {
    const beats = openStore(database.address(login), { env: {} }).beats?.();
    assert.ok(beats);
    return beats;
  };
  const hear = async (login: JournalLogin) => {
    const beats = open(login);
    return beats.hear().finally(() => beats.close());
  };

  beforeEach(async () => {
    database = await (await server()).database();
    await database.open();
  });
  afterEach(() => database.drop());

  beatsConform("as all are", open);

  it("when a reader asks, then it hears what a writer said, and can say nothing itself; nor can a stranger hear", async () => {
    const writer = open();
    await writer.say(BEAT);
    await writer.close();
    assert.deepEqual(await hear("journal_reader"), { beats: [BEAT], copiedAt: null });
    const reader = open("journal_reader");
    await assert.rejects(
      reader.say(BEAT),
      /cannot be written: permission denied for table alive \(42501\); give the role the rights/,
    );
    await reader.close();
    await assert.rejects(hear("stranger"), /cannot be read: permission denied for schema elevation/);
    for (const statement of ["DELETE FROM elevation.alive", "TRUNCATE elevation.alive", "DROP TABLE elevation.alive"])
      assert.match((await database.refusal("journal_writer", statement)) ?? "", /^(permission denied|must be owner)/);
  });

  it("when somebody wrote what is no beat, then it is passed over", async () => {
    await database.sql("journal_writer", "INSERT INTO elevation.alive VALUES ('reaper', '{')");
    assert.deepEqual(await hear("journal_reader"), { beats: [], copiedAt: null });
  });

  it("when the journal is older than the table, then that is said, and what docs/journal.md has makes it", async () => {
    await database.sql("journal_owner", "DROP TABLE elevation.alive");
    const missing = `the journal \`${database.shown}\` has no table elevation.alive, in which whoever ends grants says that it lives; let its owner run what docs/journal.md has for older journals`;
    await assert.rejects(hear("journal_reader"), { code: "absent", message: missing });
    const doc = readFileSync(join(repository, "docs", "journal.md"), "utf8").split("### Who is alive")[1] ?? "";
    await database.sql("journal_owner", /```sql\n(.*?)```/s.exec(doc)?.[1] ?? "");
    const writer = open();
    await writer.say(BEAT);
    await writer.close();
    assert.deepEqual(await hear("journal_reader"), { beats: [BEAT], copiedAt: null });
  });

  it("when the server is gone, then that is said, and no password", async () => {
    const beats = openStore("postgres://writer:s3cretPW@127.0.0.1:1/journal").beats?.();
    await assert.rejects(beats?.hear() ?? Promise.resolve(), (error: Error) => {
      assert.match(error.message, /^the journal `postgres:\/\/127.0.0.1:1\/journal` cannot be reached: /);
      assert.doesNotMatch(error.message, /s3cretPW/);
      return true;
    });
    await beats?.close();
  });
});
