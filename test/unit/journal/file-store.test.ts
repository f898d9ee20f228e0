// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { initJournal, type JournalStore, openStore, verifyChain } from "@elevation/journal";
import { tryLock } from "fs-native-extensions";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aNote, JOB, NOON } from "../../support/journal-events";
import { JournalFolder } from "../../support/journal-folder";
import { JournalProcess } from "../../support/journal-process";

describe("file store", () => {
  let folder: JournalFolder;
  let store: JournalStore;
  beforeEach(async () => {
    folder = await JournalFolder.with([aNote("two"), aNote("three")]);
    store = folder.store();
  });
  afterEach(() => folder.remove());

  const untrusted = (what: string) => ({
    code: "untrusted",
    message: `the journal \`${folder.address}\` cannot be trusted: ${what}; restore it from a copy that verifies`,
  });

  describe("its file", () => {
    it("when it is made, then it is its owner's only, one line for each event, and nothing stands beside it", async () => {
      assert.equal((await stat(folder.path)).mode & 0o777, 0o600);
      assert.equal((await folder.lines()).length, 3);
      assert.ok((await folder.text()).endsWith("}\n"));
      assert.deepEqual(await readdir(folder.folder), ["journal.jsonl"]);
    });

    it("when something else stands there, then nothing is made, and it is left alone", async () => {
      await writeFile(folder.path, "mine");
      await assert.rejects(initJournal(store, JOB, NOON), {
        code: "exists",
        message: `something stands at \`${folder.address}\` already; use the journal that it is, or choose another path`,
      });
      assert.equal(await folder.text(), "mine");
    });

    it("when its folder does not exist, then no folder is made", async () => {
      const address = `file:${join(folder.folder, "none", "journal.jsonl")}`;
      await assert.rejects(initJournal(openStore(address), JOB, NOON), {
        code: "write-failed",
        message: `the journal \`${address}\` cannot be made: its folder does not exist; make the folder first`,
      });
    });

    it("when a folder stands in its place, then it is neither read nor written", async () => {
      const address = `file:${folder.folder}`;
      const message = `what stands at \`${address}\` is no regular file; correct \`ELEVATION_JOURNAL\``;
      await assert.rejects(openStore(address).read(), { code: "unreadable", message });
      await assert.rejects(openStore(address).append([aNote(1)]), { code: "write-failed" });
    });

    it("when a named pipe stands in its place, then nobody waits for ever", async () => {
      const pipe = join(folder.folder, "pipe");
      assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
      await assert.rejects(openStore(`file:${pipe}`).read(), { code: "unreadable" });
      await assert.rejects(openStore(`file:${pipe}`).append([aNote(1)]), { code: "unreadable" });
    });

    it("when it is empty, then there is no journal, and the fix is told", async () => {
      await truncate(folder.path, 0);
      const message = `the file at \`${folder.address}\` holds no finished event, so it is no journal; bring the journal back, or remove the file and run \`elevate journal init\``;
      await assert.rejects(store.read(), { code: "absent", message });
      await assert.rejects(store.append([aNote(1)]), { code: "absent", message });
    });

    it("when it is gone, then the fix is told", () =>
      assert.rejects(openStore("file:/nonexistent/journal.jsonl").read(), {
        code: "absent",
        message:
          "there is no journal at `file:/nonexistent/journal.jsonl`; correct `ELEVATION_JOURNAL`, or make one with `elevate journal init`",
      }));

    it("when a copy is read-only in a read-only folder, then anybody who may read it can", async function () {
      const modulePath = require.resolve("@elevation/journal");
      const stranger = { uid: 65534, encoding: "utf8" } as const;
      const isPossible = process.getuid?.() === 0 && spawnSync(process.execPath, [modulePath], stranger).status === 0;
      if (!isPossible) this.skip();
      await chmod(folder.path, 0o444);
      await chmod(folder.folder, 0o555);
      const call = (what: string) => {
        const script = `require(process.argv[1]).openStore(process.argv[2]).${what}.then((e) => e.length, (e) => e.message).then(console.log)`;
        return spawnSync(process.execPath, ["-e", script, modulePath, folder.address], stranger);
      };
      const { stdout, stderr } = call("read()");
      assert.deepEqual({ stdout, stderr }, { stdout: "3\n", stderr: "" });
      assert.equal(
        call(`append([${JSON.stringify(aNote(1))}])`).stdout,
        `the journal \`${folder.address}\` cannot be opened for writing (EACCES); give this process the right to\n`,
      );
    }).timeout(20_000);
  });

  describe("a torn last line", () => {
    let whole: Buffer;
    let start: number;
    beforeEach(async () => {
      whole = await readFile(folder.path);
      start = whole.lastIndexOf("\n", whole.length - 2) + 1;
    });

    it("when it is torn at any byte, then readers ignore it and the next writer cuts it off and keeps it", async () => {
      const tornAt = async (end: number) => {
        const at = await JournalFolder.empty();
        await writeFile(at.path, whole.subarray(0, end));
        assert.equal((await at.store().read()).length, 2);
        assert.equal((await readFile(at.path)).length, end);
        const [event] = await at.store().append([aNote("next")]);
        assert.equal(event?.seq, 3);
        const events = await at.store().read();
        assert.deepEqual([verifyChain(events), events.length], [null, 3]);
        assert.deepEqual(await readFile(`${at.path}.torn-3`), whole.subarray(start, end));
        assert.deepEqual(at.repairs, [
          `event 3 of the journal \`${at.path}\` was not finished by its writer: its ${end - start} bytes were cut off and kept as \`${at.path}.torn-3\``,
        ]);
        await at.remove();
      };
      const ends = Array.from({ length: whole.length - start - 1 }, (_, i) => start + 1 + i);
      while (ends.length > 0) await Promise.all(ends.splice(0, 32).map(tornAt));
    }).timeout(20_000);

    it("when power failed and left zeros, then they are a torn line too", async () => {
      await appendFile(folder.path, Buffer.alloc(5000));
      assert.equal((await store.read()).length, 3);
      await store.append([aNote("next")]);
      assert.equal(verifyChain(await folder.store().read()), null);
      assert.deepEqual(await readFile(`${folder.path}.torn-4`), Buffer.alloc(5000));
    });

    it("when the same event is torn twice, then both are kept", async () => {
      for (const torn of ["{one", "{two", "{two"]) {
        await writeFile(folder.path, whole);
        await appendFile(folder.path, torn);
        await folder.store().append([aNote("next")]);
      }
      const kept = (await readdir(folder.folder)).filter((name) => name.includes(".torn-")).sort();
      assert.deepEqual(kept, ["journal.jsonl.torn-4", "journal.jsonl.torn-4-2"]);
      assert.equal(await readFile(`${folder.path}.torn-4-2`, "utf8"), "{two");
      assert.equal((await stat(`${folder.path}.torn-4`)).mode & 0o777, 0o600);
    });

    it("when the append that repairs it is refused, then it is repaired all the same", async () => {
      await appendFile(folder.path, "{");
      await assert.rejects(store.append([aNote("next")], { seq: 1, hash: "1".repeat(64) }), { code: "head-moved" });
      assert.equal(folder.repairs.length, 1);
      assert.deepEqual(await readFile(folder.path), whole);
    });

    it("when a folder stands where it would be kept, then another name is taken", async () => {
      await mkdir(`${folder.path}.torn-4`);
      await appendFile(folder.path, "{");
      await store.append([aNote("next")]);
      assert.equal(await readFile(`${folder.path}.torn-4-2`, "utf8"), "{");
    });
  });

  describe("damage", () => {
    const damages: [string, (lines: string[]) => string[], string][] = [
      ["the last line is finished but no JSON", (lines) => lines.with(2, "{"), "line 3: it is not JSON"],
      ["the last line is empty", (lines) => [...lines, ""], "line 4: it is not JSON"],
      ["an inner line is no JSON", (lines) => lines.with(1, "{"), "line 2: it is not JSON"],
      ["an inner line is no event", (lines) => lines.with(1, "[]"), "line 2: it is no object"],
      ["an inner line is missing", (lines) => lines.toSpliced(1, 1), "line 2: its `seq` is 3"],
      [
        "a field stands twice",
        (lines) => lines.with(2, `{"seq":9,${lines[2]?.slice(1)}`),
        "line 3: its key `seq` stands twice",
      ],
      [
        "data were put before the data",
        (lines) => lines.with(1, `${lines[1]?.replace('"data":', '"data":{"text":"forged"},"data":')}`),
        "line 2: its key `data` stands twice",
      ],
      ["a line stands twice", (lines) => [...lines, lines[2] ?? ""], "line 4: its `seq` is 3"],
    ];
    for (const [what, damage, message] of damages) {
      it(`when ${what}, then it is never repaired: neither read nor written`, async () => {
        const lines = damage((await folder.text()).trimEnd().split("\n"));
        const text = `${lines.join("\n")}\n`;
        await writeFile(folder.path, text);
        await assert.rejects(store.read(), untrusted(message));
        await assert.rejects(store.append([aNote("next")]), untrusted(message));
        await assert.rejects(folder.store().append([aNote("next")]), untrusted(message));
        assert.equal(await folder.text(), text);
        assert.deepEqual(await readdir(folder.folder), ["journal.jsonl"]);
      });
    }

    it("when the chain does not verify, then nothing is appended to it", async () => {
      const lines = await folder.lines();
      await folder.write(lines.with(1, { ...lines[1], at: "2026-11-24T12:00:00.001Z" }));
      await assert.rejects(store.append([aNote("next")]), untrusted("event 2: its `hash` is not that of its fields"));
    });
  });

  describe("a file that was replaced or cut while a process works with it", () => {
    it("when it is a copy of the same journal, then work goes on", async () => {
      const [, , third] = await store.read();
      assert.ok(third);
      await copyFile(folder.path, `${folder.path}.copy`);
      await rename(`${folder.path}.copy`, folder.path);
      assert.deepEqual(await store.read(third), []);
      await copyFile(folder.path, `${folder.path}.copy`);
      await rename(`${folder.path}.copy`, folder.path);
      assert.deepEqual(
        (await store.append([aNote("next")])).map(({ seq, prev }) => [seq, prev]),
        [[4, third.hash]],
      );
    });

    it("when it is another journal, then it is neither read on nor written", async () => {
      const [, , third] = await store.read();
      const other = await JournalFolder.with([aNote("x"), aNote("y"), aNote("z")]);
      await copyFile(other.path, folder.path);
      await other.remove();
      const lost = untrusted("event 3, which was read before, is no longer in it");
      await assert.rejects(store.read(third), lost);
      await assert.rejects(store.append([aNote("next")]), lost);
      await assert.rejects(store.append([aNote("next")]), lost);
      assert.equal((await folder.lines()).length, 4);
    });

    it("when its end is cut off at a line, then it is neither read on nor written", async () => {
      const [, , third] = await store.read();
      await folder.write((await folder.lines()).slice(0, 2));
      const lost = untrusted("event 3, which was read before, is no longer in it");
      await assert.rejects(store.read(third), lost);
      await assert.rejects(store.append([aNote("next")]), lost);
    });

    it("when a copy with a forged beginning takes its place, then it is neither read on nor written", async () => {
      const [, , third] = await store.read();
      const lines = await folder.lines();
      await folder.write(lines.with(1, { ...lines[1], data: { text: "forged" } }));
      await copyFile(folder.path, `${folder.path}.copy`);
      await rename(`${folder.path}.copy`, folder.path);
      const forged = untrusted("event 2: its `digest` is not that of its data");
      await assert.rejects(store.read(third), forged);
      await assert.rejects(store.append([aNote("next")]), forged);
    });

    it("when the last event that was read is changed in place, then it is noticed", async () => {
      const [, , third] = await store.read();
      const lines = await folder.lines();
      await folder.write(lines.with(2, { ...lines[2], data: { text: "THREE" } }));
      await assert.rejects(store.append([aNote("next")]), untrusted("event 3: its `digest` is not that of its data"));
      await assert.rejects(store.read(third), untrusted("event 3: its `digest` is not that of its data"));
    });
  });

  describe("a write that fails", () => {
    it("when the disk is full in the middle of an append, then nothing of it stays and the error says why", async () => {
      const before = await folder.text();
      const task = {
        does: "append",
        address: folder.address,
        name: "full",
        count: 1,
        batch: 3,
        padding: 3000,
      } as const;
      const child = new JournalProcess(task, "ulimit -f 8");
      await child.go();
      await child.ended();
      assert.deepEqual(child.acknowledged, []);
      assert.deepEqual(child.errors, [
        {
          code: "write-failed",
          message: `the journal \`${folder.address}\` cannot be written (EFBIG); make room for it and run again`,
        },
      ]);
      assert.equal(await folder.text(), before);
      await store.append([aNote("next")]);
      assert.equal(verifyChain(await store.read()), null);
    }).timeout(20_000);

    it("when a new journal can't be written, then no file is left behind", async () => {
      const address = `file:${join(folder.folder, "new.jsonl")}`;
      const script = `const j = require(${JSON.stringify(require.resolve("@elevation/journal"))}); j.initJournal(j.openStore(process.argv[1]), {kind: "job", key: "unverified"}, 0).catch((e) => console.log(e.code, e.message))`;
      const { stdout } = spawnSync(
        "bash",
        ["-c", 'ulimit -f 0; exec "$0" "$@"', process.execPath, "-e", script, address],
        { encoding: "utf8" },
      );
      assert.equal(
        stdout,
        `write-failed the journal \`${address}\` cannot be written (EFBIG); make room for it and run again\n`,
      );
      assert.deepEqual(await readdir(folder.folder), ["journal.jsonl"]);
    }).timeout(20_000);
  });

  describe("its lock", () => {
    it("when another holds it all the time, then a writer gives up in a bounded time and a reader reads", async () => {
      const holder = await open(folder.path, "r+");
      assert.ok(tryLock(holder.fd));
      const hasty = openStore(folder.address, { lockWait: 100 });
      await assert.rejects(hasty.append([aNote("next")]), {
        code: "locked",
        message: `the journal \`${folder.address}\` has been locked by another process for 0.1 s; let that process end, then run again`,
      });
      assert.equal((await store.read()).length, 3);
      const waiting = store.append([aNote("next")]);
      await holder.close();
      assert.equal((await waiting).length, 1);
    });

    it("when one writer appends again and again, then another gets its turn", async () => {
      let isServed = false;
      let appends = 0;
      const busy = (async () => {
        for (; !isServed; appends++) await store.append([aNote("x".repeat(100_000))]);
      })();
      await store.read();
      const before = appends;
      await folder.store().append([aNote("theirs")]);
      isServed = true;
      await busy;
      assert.ok(appends - before < 20, `${appends - before} appends came first`);
    }).timeout(20_000);

    it("when the file is replaced while a writer waits for it, then the writer goes to the new one", async () => {
      const holder = await open(folder.path, "r+");
      assert.ok(tryLock(holder.fd));
      const waiting = store.append([aNote("next")]);
      await copyFile(folder.path, `${folder.path}.copy`);
      await rename(`${folder.path}.copy`, folder.path);
      await holder.close();
      await waiting;
      assert.equal((await folder.lines()).length, 4);
    });
  });
});
