// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { canonicalJson, sha256Hex } from "@elevation/domain";
import {
  GENESIS,
  type Head,
  initJournal,
  isJournalError,
  Journal,
  type JournalStore,
  openStore,
  verifyChain,
} from "@elevation/journal";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Client } from "pg";
import { AT, aNote, JOB, NOON } from "../../support/journal-events";
import { type JournalDatabase, sharedJournalServer, startJournalServer } from "../../support/journal-server";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy";

const server = sharedJournalServer();

describe("the PostgreSQL journal's connection", function () {
  this.timeout(60_000);
  let database: JournalDatabase;
  let id: string;
  let proxy: TcpProxy;
  let writer: JournalStore;
  let shown: string;
  beforeEach(async () => {
    const { server: postgres, database: newDatabase } = await server();
    database = await newDatabase();
    id = await database.open();
    proxy = await startTcpProxy(postgres.port);
    writer = database.store("journal_writer", proxy.port);
    shown = database.shown.replace(`:${postgres.port}/`, `:${proxy.port}/`);
  });
  afterEach(async () => {
    await proxy.close();
    await database.drop();
  });

  const all = () => database.store("journal_reader").read();
  const texts = async () => (await all()).slice(1).map(({ data }) => (data as { text: unknown }).text);
  /** Resolves when the writer's session waits for another one's transaction. */
  const writerWaits = async (observer: Client) => {
    for (;;) {
      const { rowCount } = await observer.query(
        "SELECT FROM pg_stat_activity WHERE usename = 'journal_writer' AND datname = current_database() AND wait_event_type = 'Lock'",
      );
      if (rowCount === 1) return;
    }
  };

  it("when the answer to an append is lost, then what stands there tells that it happened, once", async () => {
    await writer.read();
    const held = proxy.holdAfter("INSERT 0 ");
    const appending = writer.append([aNote("a"), aNote("b")]);
    await held;
    proxy.release();
    const appended = await appending;
    assert.deepEqual((await all()).slice(1), appended);
    assert.deepEqual(await texts(), ["a", "b"]);
  });

  it("when the answer is lost and others append on top, then it happened all the same", async () => {
    const [opened] = await writer.read();
    const held = proxy.holdAfter("INSERT 0 ");
    const appending = writer.append([aNote("ours")], opened);
    await held;
    await database.store("journal_owner").append([aNote("theirs")]);
    proxy.release();
    assert.equal((await appending)[0]?.seq, 2);
    assert.deepEqual(await texts(), ["ours", "theirs"]);
  });

  it("when the connection is cut while the statement waits, then the events are appended once, whoever wins", async () => {
    const [opened] = await writer.read();
    const rival = await database.session("journal_owner");
    const admin = await database.session("postgres");
    for (const end of ["ROLLBACK", "COMMIT"]) {
      await rival.query("BEGIN");
      await rival.query(rivalInsert((await all()).at(-1) ?? GENESIS, `rival ${end}`));
      const appending = writer.append([aNote(`ours ${end}`)]);
      await writerWaits(admin);
      proxy.release();
      await rival.query(end);
      await appending;
    }
    assert.deepEqual(await texts(), ["ours ROLLBACK", "rival COMMIT", "ours COMMIT"]);
    assert.equal(verifyChain(await all()), null);
    await assert.rejects(writer.append([aNote("late")], opened), {
      code: "head-moved",
      message: `the journal \`${shown}\` does not end with event 1 as it was judged; judge again`,
    });
  });

  it("when the server stays away, then it says that the outcome is not known, and how to know it", async () => {
    const [opened] = await writer.read();
    const held = proxy.holdAfter("INSERT 0 ");
    const appending = writer.append([aNote("a")], opened);
    await held;
    proxy.release();
    proxy.down();
    const error: unknown = await appending.catch((caught: unknown) => caught);
    const [, event] = await all();
    assert.ok(isJournalError(error) && error.code === "write-failed");
    assert.equal(
      error.message,
      `the connection to the journal \`${shown}\` was lost during an append, and whether it happened is not known (Connection terminated unexpectedly): it did if event 2 has the hash ${event?.hash}; see whether the server runs, and run again`,
    );
    proxy.up();
    assert.deepEqual(await writer.read(opened), [event]);
  });

  it("when the connection is cut between two calls, then the next call makes a new one", async () => {
    const journal = await Journal.open(writer, id);
    for (const cut of [proxy.release, proxy.release]) {
      cut();
      await journal.append([aNote("on")]);
      cut();
      assert.equal((await journal.view()).head.seq, (await all()).length);
    }
    assert.deepEqual(await texts(), ["on", "on"]);
  });

  it("when the server is down, then it says so, with no password, and is there again later", async () => {
    proxy.down();
    const message = `the journal \`${shown}\` cannot be reached: Connection terminated unexpectedly; see whether the server runs, and whether address, user and password in the job's environment are right`;
    await assert.rejects(writer.read(), { code: "unreadable", message });
    await assert.rejects(writer.append([aNote("a")]), { code: "unreadable", message });
    proxy.up();
    await writer.append([aNote("a")]);
    assert.deepEqual(await texts(), ["a"]);
  });

  it("when nobody listens, the password is wrong, or the database is absent, then it says so, with no password", async () => {
    const wrong = database.address("journal_writer").replace(/:[0-9a-f]{32}@/, ":hunter2@");
    const at = (address: string, env = {}) => openStore(address, { env }).read();
    const fix =
      "see whether the server runs, and whether address, user and password in the job's environment are right";
    await assert.rejects(at("postgres://alice:hunter2@127.0.0.1:1/journal"), {
      code: "unreadable",
      message: `the journal \`postgres://127.0.0.1:1/journal\` cannot be reached: connect ECONNREFUSED 127.0.0.1:1 (ECONNREFUSED); ${fix}`,
    });
    await assert.rejects(at(wrong), {
      code: "unreadable",
      message: `the journal \`${database.shown}\` cannot be reached: password authentication failed for user "journal_writer" (28P01); ${fix}`,
    });
    await assert.rejects(at(wrong.replace(/[^/]*$/, "nowhere").replace("hunter2", passwordOf(database))), {
      code: "absent",
      message: `there is no journal at \`${database.shown.replace(/[^/]*$/, "nowhere")}\`, not even the database; correct \`ELEVATION_JOURNAL\`, or make the database and run \`elevate journal init\``,
    });
  });

  it("when user and password stand in PGUSER and PGPASSWORD, then they count where the address has none", async () => {
    const env = { PGUSER: "journal_reader", PGPASSWORD: passwordOf(database, "journal_reader") };
    const address = database.address("journal_writer");
    assert.equal((await openStore(address.replace(/\/\/.*@/, "//"), { env }).read()).length, 1);
    assert.equal((await openStore(address, { env: { PGUSER: "nobody", PGPASSWORD: "no" } }).read()).length, 1);
  });

  it("when another writer keeps its transaction open, then an append is `locked` after its wait", async () => {
    const rival = await database.session("journal_owner");
    await rival.query("BEGIN");
    await rival.query(rivalInsert({ seq: 1, hash: id }, "open"));
    const hasty = openStore(database.address("journal_writer"), { env: {}, lockWait: 200 });
    await assert.rejects(hasty.append([aNote("a")]), {
      code: "locked",
      message: `another writer has kept the journal \`${database.shown}\` from being appended to; see who in pg_stat_activity, and run again`,
    });
    await rival.query("ROLLBACK");
    await hasty.append([aNote("a")]);
    assert.deepEqual(await texts(), ["a"]);
  });

  it("when a writer dies in the middle of its transaction, then nothing of it is left and others go on", async () => {
    const rival = await database.session("journal_owner");
    await rival.query("BEGIN");
    await rival.query(rivalInsert({ seq: 1, hash: id }, "half"));
    const appending = writer.append([aNote("whole")]);
    const admin = await database.session("postgres");
    await writerWaits(admin);
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'");
    await appending;
    assert.deepEqual(await texts(), ["whole"]);
    assert.equal(verifyChain(await all()), null);
  });

  it("when the journal is longer than one reading, then all of it is read, and an audit sees it all", async () => {
    for (let i = 0; i < 3; i++) await writer.append(Array.from({ length: 1_500 }, (_, n) => aNote(n)));
    const [first] = await writer.read();
    assert.equal((await writer.read(first)).length, 4_500);
    const batches: number[] = [];
    for await (const values of writer.values?.() ?? []) batches.push(values.length);
    assert.deepEqual(batches, [2_000, 1_999, 502]);
  });

  it("when it is asked for its server, then it is the one that a target's connection tells", async () => {
    const [[identifier] = []] = await database.sql(
      "postgres",
      "SELECT system_identifier::text FROM pg_control_system()",
    );
    const journal = await Journal.open(database.store("journal_reader"), id);
    assert.equal(await journal.server(), identifier);
  });

  it("when a process neither closes the journal nor ends itself, then it ends; a file's journal loads no `pg`", async () => {
    const loaded = "Object.keys(require.cache).some((file) => /node_modules.pg./.test(file))";
    const script = (address: string) =>
      `const j = require(${JSON.stringify(require.resolve("@elevation/journal"))}); const s = j.openStore(${JSON.stringify(address)}); s.read().then((e) => e.length, (e) => e.code).then((r) => console.log(r, ${loaded}))`;
    assert.equal(await output(script(database.address("journal_reader"))), "1 true\n");
    assert.equal(await output(script("file:/nonexistent/journal")), "absent false\n");
  });
});

describe("the PostgreSQL journal's server", function () {
  this.timeout(60_000);

  it("when it crashes between two calls and during one, then nothing acknowledged is lost and writers go on", async () => {
    const { database: newDatabase, stop } = await startJournalServer();
    try {
      const database = await newDatabase();
      const id = (await initJournal(database.store("journal_owner"), JOB, NOON)).hash;
      const journal = await Journal.open(database.store("journal_writer"), id);
      await journal.append([aNote("before")]);
      // The death of one server process makes PostgreSQL end all others, recover, and start again.
      const crash = async () => {
        const [victim, other] = [await database.session("journal_reader"), await database.session("journal_reader")];
        const { rows } = await victim.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
        const cut = new Promise<void>((resolve) => other.once("end", resolve));
        process.kill(rows[0]?.pid ?? 0, "SIGKILL");
        await cut;
      };
      await crash();
      await journal.append([aNote("after one")]);
      let isOver = false;
      const crashing = crash().then(() => {
        isOver = true;
      });
      const acknowledged: number[] = [];
      for (let n = 0, after = 0; after < 10; n++, after += isOver ? 1 : 0) {
        await journal.append([aNote(n)]);
        acknowledged.push(n);
      }
      await crashing;
      const events = await database.store("journal_reader").read();
      assert.equal(verifyChain(events), null);
      assert.deepEqual(
        events.slice(1).map(({ data }) => (data as { text: unknown }).text),
        ["before", "after one", ...acknowledged],
      );
    } finally {
      await stop();
    }
  });
});

/** The statement by which another writer appends a note, for a transaction that a test keeps open. */
function rivalInsert(head: Head, text: string): string {
  const [salt, data] = ["0".repeat(32), canonicalJson({ text })];
  const digest = sha256Hex(salt + data);
  const event = { seq: head.seq + 1, at: AT, type: "approval", request: null, actor: JOB, digest, prev: head.hash };
  const hash = sha256Hex(canonicalJson(event));
  return `INSERT INTO elevation.journal VALUES (${event.seq}, '${AT}', 'approval', NULL, '${JOB.kind}', '${JOB.key}',
    '${digest}', '${head.hash}', '${hash}', '${data}', '${salt}')`;
}

function passwordOf(database: JournalDatabase, login: "journal_writer" | "journal_reader" = "journal_writer"): string {
  return new URL(database.address(login)).password;
}

async function output(script: string): Promise<string> {
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child, "close");
  return Buffer.concat(chunks).toString();
}
