// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { NewEvent } from "@elevation/domain";
import { initJournal, Journal, JournalError, openStore } from "@elevation/journal";
import { beforeEach, describe, it } from "mocha";
import { aDigest, aNote, anEvent, anIntent, JOB, NOON } from "../../support/journal-events";
import { JournalFolder } from "../../support/journal-folder";
import { MemoryStore } from "../../support/journal-memory-store";

describe("Journal", () => {
  let store: MemoryStore;
  let id: string;
  beforeEach(async () => {
    store = new MemoryStore();
    id = (await initJournal(store, JOB, NOON)).hash;
  });

  const untrusted = (what: string) => ({
    code: "untrusted",
    message: `the journal \`memory:\` cannot be trusted: ${what}`,
  });
  const unset =
    "nothing says which journal it should be; set `ELEVATION_JOURNAL_ID` to the id that `elevate journal init` printed";
  const malformed =
    "the id to be trusted is not 64 hex digits; set `ELEVATION_JOURNAL_ID` to the id that `elevate journal init` printed";

  describe("open", () => {
    it("when it is the journal that is trusted, then its id, head and date are known", async () => {
      const [event] = store.force([aNote(1)]);
      const view = await (await Journal.open(store, id)).view();
      assert.deepEqual([view.id, view.openedAt, view.head], [id, NOON, { seq: 2, hash: event?.hash }]);
      assert.deepEqual([view.live, view.history, [...view.grants]], [[], [], []]);
    });

    const ids: [string, string | undefined, string][] = [
      ["undefined", undefined, unset],
      ["empty", "", unset],
      ["no hash", "journal", malformed],
      ["in capitals", "A".repeat(64), malformed],
    ];
    for (const [what, given, message] of ids) {
      it(`when the id is ${what}, then it is not trusted`, () =>
        assert.rejects(Journal.open(store, given), untrusted(message)));
    }

    it("when it is another journal, then it is not trusted", () =>
      assert.rejects(
        Journal.open(store, "1".repeat(64)),
        untrusted(
          `its id is ${id}, the one to be trusted is ${"1".repeat(64)}; correct \`ELEVATION_JOURNAL\`, or bring the right journal back`,
        ),
      ));

    it("when it is on no server, then it has none", async () => {
      assert.equal(await (await Journal.open(store, id)).server(), null);
    });

    it("when there is none, then it is not trusted, and the fix is told", () =>
      assert.rejects(Journal.open(openStore("file:/nonexistent/journal"), id), {
        code: "untrusted",
        message:
          "there is no journal at `file:/nonexistent/journal`; correct `ELEVATION_JOURNAL`, or make one with `elevate journal init`",
      }));

    it("when the system refuses to read it, then that is what is said", () => {
      store.read = () => Promise.reject(new JournalError("unreadable", "the disk is broken"));
      return assert.rejects(Journal.open(store, id), { code: "unreadable", message: "the disk is broken" });
    });

    it("when it does not verify, then it is not trusted", () => {
      store.force([aNote(1), aNote(2)]);
      store.events[1] = { ...store.events[1], data: { text: "forged" } } as (typeof store.events)[1];
      return assert.rejects(
        Journal.open(store, id),
        untrusted("event 2: its `digest` is not that of its data; restore it from a copy that verifies"),
      );
    });

    const senseless: [string, NewEvent, string][] = [
      [
        "an intent without an expiry",
        { ...anEvent("activating", aDigest(1)), data: { ...anIntent(), expiresAt: "soon" } } as NewEvent,
        "its data has no proper `expiresAt`",
      ],
      [
        "an intent without a place",
        { ...anEvent("activating", aDigest(1)), data: { ...anIntent(), place: {} } } as NewEvent,
        "its data has no proper `place`",
      ],
      [
        "an intent of nothing",
        { ...anEvent("activating", aDigest(1)), request: null } as NewEvent,
        "it names no `request`",
      ],
      [
        "an end without an instant",
        { ...anEvent("expired", aDigest(1)), data: {} } as NewEvent,
        "its data is not that of `expired`",
      ],
      [
        "residue that is no list",
        { ...anEvent("residue", aDigest(1)), data: { residue: "x" } } as NewEvent,
        "its data is not that of `residue`",
      ],
    ];
    for (const [what, event, message] of senseless) {
      it(`when it holds ${what}, then it is not trusted`, () => {
        store.force([event]);
        return assert.rejects(Journal.open(store, id), untrusted(`event 2: ${message}; restore the journal itself`));
      });
    }

    it("when its data is left out, then it is an export and not trusted", () => {
      store.events[0] = Object.fromEntries(
        Object.entries(store.events[0] ?? {}).filter(([field]) => field !== "data" && field !== "salt"),
      ) as unknown as (typeof store.events)[0];
      return assert.rejects(
        Journal.open(store, id),
        untrusted("event 1: its data is left out: this is an export, not the journal; restore the journal itself"),
      );
    });
  });

  describe("view", () => {
    it("when others appended, then it catches up, reading that alone; an earlier view stays as it was", async () => {
      const journal = await Journal.open(store, id);
      const before = await journal.view();
      store.force([
        anEvent("activating", aDigest(1)),
        anEvent("revoked", aDigest(1)),
        anEvent("activating", aDigest(2)),
      ]);
      const after = await journal.view();
      assert.deepEqual(store.readings, [1, 0, 3]);
      assert.deepEqual([after.live.length, after.history.length, [...after.grants].length], [1, 1, 2]);
      assert.deepEqual([before.head.seq, before.live.length, before.history.length], [1, 0, 0]);
      assert.deepEqual([[...before.grants], before.grant(aDigest(2))], [[], null]);
      assert.equal(before.has(after.head), false);
      assert.equal(await journal.view(), after);
    });

    it("when what was added does not verify, then it is an error, this time and the next", async () => {
      const journal = await Journal.open(store, id);
      store.force([aNote(1)]);
      store.events[1] = { ...store.events[1], prev: "1".repeat(64) } as (typeof store.events)[1];
      const message =
        "event 2: its `prev` is not the `hash` of the event before it; restore it from a copy that verifies";
      await assert.rejects(journal.view(), untrusted(message));
      await assert.rejects(journal.append([aNote(2)]), untrusted(message));
      assert.equal(store.events.length, 2);
    });

    it("when the file is removed while the journal is open, then it is not trusted", async () => {
      const folder = await JournalFolder.with();
      const journal = await Journal.open(folder.store(), await folder.id());
      await folder.remove();
      await assert.rejects(journal.view(), { code: "untrusted" });
      await assert.rejects(journal.append([aNote(1)]), { code: "untrusted" });
    });

    it("when a witness is asked for, then it is there if seq and hash are", async () => {
      store.force([aNote(1), aNote(2)]);
      const view = await (await Journal.open(store, id)).view();
      for (const { seq, hash } of store.events) assert.ok(view.has({ seq, hash }));
      assert.ok(!view.has({ seq: 2, hash: id }));
      for (const seq of [0, -1, 4, 1.5, Number.NaN]) assert.ok(!view.has({ seq, hash: id }));
    });

    it("when it was cut at a line, then it opens, and the witness of what was cut off is missed", async () => {
      const folder = await JournalFolder.with([aNote(1), aNote(2)]);
      const { head } = await (await Journal.open(folder.store(), await folder.id())).view();
      await folder.write((await folder.lines()).slice(0, 2));
      const view = await (await Journal.open(folder.store(), await folder.id())).view();
      assert.equal(view.has(head), false);
      await folder.remove();
    });
  });

  describe("step", () => {
    it("when it is judged, then what it returns is appended after the very view that was judged", async () => {
      const journal = await Journal.open(store, id);
      const { result, events, view } = await journal.step(({ head }) => ({
        events: [aNote(1), aNote(2)],
        result: head.seq,
      }));
      assert.equal(result, 1);
      assert.deepEqual(events, store.events.slice(1));
      assert.deepEqual(view.head, { seq: 3, hash: events[1]?.hash });
    });

    it("when a race is lost, then it is judged again on what the other wrote", async () => {
      const journal = await Journal.open(store, id);
      let races = 3;
      store.beforeAppend = async () => {
        if (races-- > 0) store.force([anEvent("activating", aDigest(races))]);
      };
      const seen: number[] = [];
      const { events } = await journal.step(({ live }) => {
        seen.push(live.length);
        return { events: [aNote(live.length)], result: null };
      });
      assert.deepEqual(seen, [0, 1, 2, 3]);
      assert.deepEqual(
        events.map(({ data }) => data),
        [{ text: 3 }],
      );
      assert.equal(store.events.length, 5);
    });

    it("when the second judgement wants nothing any more, then nothing is written", async () => {
      const journal = await Journal.open(store, id);
      store.beforeAppend = async () => void store.force([anEvent("activating", aDigest(1))]);
      const { result, events } = await journal.step((view) =>
        view.grant(aDigest(1)) === null
          ? { events: [anEvent("activating", aDigest(1))], result: "mine" }
          : { events: [], result: "theirs" },
      );
      assert.deepEqual([result, events], ["theirs", []]);
      assert.equal(store.events.length, 2);
    });

    it("when every race is lost, then it gives up and says so", async () => {
      const journal = await Journal.open(store, id);
      store.beforeAppend = async () => void store.force([aNote("theirs")]);
      await assert.rejects(
        journal.step(() => ({ events: [aNote("mine")], result: null })),
        {
          code: "head-moved",
          message:
            "the journal `memory:` was appended to by others each of the 200 times that this step was judged; run again",
        },
      );
      assert.equal(store.events.length, 201);
    }).timeout(10_000);

    it("when the judge throws, then nothing is written and the next call is served", async () => {
      const journal = await Journal.open(store, id);
      const fault = new Error("no judgement");
      await assert.rejects(
        journal.step(() => {
          throw fault;
        }),
        fault,
      );
      assert.equal((await journal.append([aNote(1)])).view.head.seq, 2);
    });

    it("when many are asked at once, then they are served one after the other, without a race", async () => {
      const journal = await Journal.open(store, id);
      let judged = 0;
      await Promise.all(
        Array.from({ length: 50 }, () =>
          journal.step(({ head }) => {
            judged++;
            return { events: [aNote(head.seq)], result: null };
          }),
        ),
      );
      assert.equal(judged, 50);
      assert.deepEqual(
        store.events.slice(1).map(({ seq, data }) => [seq, data]),
        Array.from({ length: 50 }, (_, i) => [i + 2, { text: i + 1 }]),
      );
    });

    it("when the journal is long, then a step reads its end and no more", async function () {
      const bytesRead = async () =>
        Number(/^rchar: (\d+)/.exec(await readFile("/proc/self/io", "utf8").catch(() => ""))?.[1]);
      if (Number.isNaN(await bytesRead())) this.skip();
      const folder = await JournalFolder.with(Array.from({ length: 2000 }, (_, i) => aNote(`${i}`.repeat(200))));
      const journal = await Journal.open(folder.store(), await folder.id());
      const before = await bytesRead();
      for (let i = 0; i < 20; i++) await journal.append([aNote(i)]);
      const read = (await bytesRead()) - before;
      assert.ok(read < 200_000, `20 steps read ${read} bytes`);
      await folder.remove();
    });
  });

  describe("append", () => {
    it("when nothing is given, then nothing is written", async () => {
      const { events, view } = await (await Journal.open(store, id)).append([]);
      assert.deepEqual([events, view.head.seq, store.events.length], [[], 1, 1]);
    });

    it("when the store fails, then its error is passed on and the reading stays what it was", async () => {
      const journal = await Journal.open(store, id);
      store.beforeAppend = () => Promise.reject(new JournalError("write-failed", "the disk is full"));
      await assert.rejects(journal.append([aNote(1)]), { code: "write-failed", message: "the disk is full" });
      store.beforeAppend = () => Promise.resolve();
      assert.equal((await journal.append([aNote(1)])).view.head.seq, 2);
    });

    const d = aDigest(1);
    const ended = "its grant ended, and a request opens access at most once";
    const contradictions: [string, NewEvent[], NewEvent[], string][] = [
      [
        "an ended grant again",
        [anEvent("activating", d), anEvent("expired", d)],
        [anEvent("activating", d)],
        `\`activating\` of ${d} cannot be journaled: ${ended}`,
      ],
      [
        "a grant that ends in the same append again",
        [anEvent("activating", d)],
        [anEvent("revoked", d), anEvent("activating", d)],
        `\`activating\` of ${d} cannot be journaled: ${ended}`,
      ],
      [
        "an activation without an intent",
        [],
        [anEvent("activated", d)],
        `\`activated\` of ${d} cannot be journaled: no open intent of it is in the journal`,
      ],
      [
        "an activation after a failure",
        [anEvent("activating", d), anEvent("failed", d)],
        [anEvent("activated", d)],
        `\`activated\` of ${d} cannot be journaled: no open intent of it is in the journal`,
      ],
      [
        "a failure of what was open",
        [anEvent("activating", d), anEvent("activated", d)],
        [anEvent("failed", d)],
        `\`failed\` of ${d} cannot be journaled: its access was open; revoke it`,
      ],
      [
        "a second `opened`",
        [],
        [{ at: "2026-11-24T12:00:00.000Z", type: "opened", request: null, actor: JOB, data: { version: 1 } }],
        "`opened` of null cannot be journaled: a journal is opened once, when it is made",
      ],
    ];
    for (const [what, before, events, message] of contradictions) {
      it(`when it would journal ${what}, then it is a fault of the caller and nothing is written`, async () => {
        store.force(before);
        const journal = await Journal.open(store, id);
        await assert.rejects(journal.append(events), { name: "TypeError", message });
        assert.equal(store.events.length, 1 + before.length);
      });
    }

    it("when a failed digest is tried again, and ends, then both may be written", async () => {
      const journal = await Journal.open(store, id);
      const types = ["activating", "failed", "activating", "activated", "revoking", "revoked"] as const;
      const { view } = await journal.append(types.map((type) => anEvent(type, d)));
      assert.equal(view.grant(d)?.status, "ended");
    });

    it("when a grant ends that an older journal activated, then its end may be written", async () => {
      const { view } = await (await Journal.open(store, id)).append([anEvent("revoked", d)]);
      assert.equal(view.grant(d), null);
    });
  });

  it("when it is closed, then what was asked before is done, and its store is closed", async () => {
    const journal = await Journal.open(store, id);
    const appended = journal.append([aNote(1)]);
    await journal.close();
    assert.ok(store.isClosed);
    assert.equal((await appended).view.head.seq, 2);
  });
});
