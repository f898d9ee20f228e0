// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  GENESIS,
  type Head,
  initJournal,
  isJournalError,
  Journal,
  type JournalStore,
  verifyChain,
} from "@elevation/journal";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aNote, JOB, NOON } from "../support/journal-events";
import { type JournalProcess, runAll } from "../support/journal-process";

/** A place for one journal, fresh for each test; nothing is there yet. */
export interface StorePlace {
  /** Another client of the same journal. */
  store(): JournalStore;
  /** Another process that appends `count` times `batch` events, or steps `count` times. */
  process(task: {
    does: "append" | "step";
    id?: string;
    name: string;
    count: number;
    batch?: number;
    padding?: number;
  }): JournalProcess;
  remove(): Promise<void>;
}

const fails = (code: string) => (error: unknown) => isJournalError(error) && error.code === code;
const headOf = ({ seq, hash }: Head): Head => ({ seq, hash });

/** What every journal store must do, whatever it keeps its events in. Run it with a factory of the store's own. */
export function describeJournalStore(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`journal store: ${name}`, () => {
    let place: StorePlace;
    beforeEach(async () => {
      place = await makePlace();
    });
    afterEach(() => place.remove());

    describe("a journal that is absent", () => {
      it("when it is read, then it is absent", () => assert.rejects(place.store().read(), fails("absent")));

      it("when something is appended, then it is absent still, with a condition or without", async () => {
        await assert.rejects(place.store().append([aNote(1)]), fails("absent"));
        await assert.rejects(place.store().append([aNote(1)], { seq: 1, hash: "1".repeat(64) }), fails("absent"));
        await assert.rejects(place.store().read(), fails("absent"));
      });

      it("when it is opened, then its first event is `opened` and the head returned", async () => {
        const head = await initJournal(place.store(), JOB, NOON);
        const events = await place.store().read();
        assert.deepEqual(
          events.map(({ seq, type, prev }) => ({ seq, type, prev })),
          [{ seq: 1, type: "opened", prev: GENESIS.hash }],
        );
        assert.deepEqual(events.map(headOf), [head]);
      });

      it("when it is opened a second time, then it exists and is unchanged", async () => {
        await initJournal(place.store(), JOB, NOON);
        const before = await place.store().read();
        await assert.rejects(initJournal(place.store(), JOB, NOON), fails("exists"));
        assert.deepEqual(await place.store().read(), before);
      });

      it("when many open it at once, then one does", async () => {
        const results = await Promise.allSettled(
          Array.from({ length: 5 }, () => initJournal(place.store(), JOB, NOON)),
        );
        const opened = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
        const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
        assert.equal(opened.length, 1);
        assert.ok(refused.every(fails("exists")));
        assert.deepEqual((await place.store().read()).map(headOf), opened);
      });
    });

    describe("a journal that is there", () => {
      let store: JournalStore;
      let first: Head;
      beforeEach(async () => {
        store = place.store();
        first = await initJournal(store, JOB, NOON);
      });

      it("when events are appended, then they are returned and read in order, as one chain", async () => {
        const appended = [
          ...(await store.append([aNote("a"), aNote("b")])),
          ...(await store.append([aNote("ü\n\u2028")])),
        ];
        const events = await place.store().read();
        assert.deepEqual(events.slice(1), appended);
        assert.deepEqual(
          events.map(({ seq }) => seq),
          [1, 2, 3, 4],
        );
        assert.deepEqual(
          appended.map(({ data }) => data),
          [{ text: "a" }, { text: "b" }, { text: "ü\n\u2028" }],
        );
        assert.equal(verifyChain(events), null);
      });

      it("when nothing is appended, then nothing happens", async () => {
        assert.deepEqual(await store.append([]), []);
        assert.equal((await store.read()).length, 1);
      });

      it("when the condition holds, then it appends; when the head moved, then it appends nothing", async () => {
        await store.append([aNote("a")], first);
        const before = await store.read();
        await assert.rejects(store.append([aNote("b")], first), fails("head-moved"));
        await assert.rejects(place.store().append([aNote("b")], first), fails("head-moved"));
        await assert.rejects(store.append([aNote("b")], { seq: 2, hash: "1".repeat(64) }), fails("head-moved"));
        assert.deepEqual(await place.store().read(), before);
      });

      it("when one event of several can't be written, then none is", async () => {
        const impossible = aNote(Number.NaN);
        await assert.rejects(store.append([aNote("a"), impossible]));
        assert.equal((await place.store().read()).length, 1);
        await store.append([aNote("b")]);
        assert.equal(verifyChain(await place.store().read()), null);
      });

      it("when read after an event, then what follows it is read, from whichever client", async () => {
        const appended = await store.append([aNote("a"), aNote("b"), aNote("c")]);
        for (const reader of [store, place.store()]) {
          assert.deepEqual(await reader.read(first), appended);
          for (const [i, event] of appended.entries()) {
            assert.deepEqual(await reader.read(headOf(event)), appended.slice(i + 1));
          }
          assert.deepEqual(await reader.read(first), appended);
        }
      });

      it("when others append between two readings, then the second brings just that", async () => {
        assert.deepEqual(await store.read(first), []);
        const [theirs] = await place.store().append([aNote("theirs")]);
        assert.deepEqual(await store.read(first), [theirs]);
        const [ours] = await store.append([aNote("ours")]);
        assert.deepEqual(await store.read(first), [theirs, ours]);
      });

      it("when read after an event that isn't there, then it cannot be trusted", async () => {
        await assert.rejects(store.read({ seq: 1, hash: "1".repeat(64) }), fails("untrusted"));
        await assert.rejects(store.read({ seq: 7, hash: first.hash }), fails("untrusted"));
        assert.deepEqual(await store.read(first), []);
      });

      it("when clients append at once, then one chain holds all of it", async () => {
        const clients = Array.from({ length: 4 }, () => place.store());
        await Promise.all(
          clients.flatMap((client, c) => Array.from({ length: 5 }, (_, i) => client.append([aNote(`${c}.${i}`)]))),
        );
        const events = await store.read();
        assert.equal(verifyChain(events), null);
        assert.equal(events.length, 21);
      });

      it("when clients race for one head, then one wins", async () => {
        const races = await Promise.allSettled(
          Array.from({ length: 5 }, () => place.store().append([aNote("mine")], first)),
        );
        assert.equal(races.filter(({ status }) => status === "fulfilled").length, 1);
        assert.ok(races.every((race) => race.status === "fulfilled" || fails("head-moved")(race.reason)));
        assert.equal((await store.read()).length, 2);
      });

      it("when several processes append at once, then one chain holds all, and each batch stands together", async () => {
        const processes = ["a", "b", "c"].map((name) => place.process({ does: "append", name, count: 20, batch: 3 }));
        await runAll(processes);
        const events = await store.read();
        assert.equal(verifyChain(events), null);
        assert.equal(events.length, 1 + 3 * 20 * 3);
        assert.deepEqual(
          processes.flatMap(({ errors }) => errors),
          [],
        );
        const acknowledged = processes.flatMap((each) => each.acknowledged);
        assert.deepEqual(
          acknowledged.sort((one, other) => one.seq - other.seq),
          events.slice(1).map(headOf),
        );
        const parts = events.slice(1).map(({ data }) => (data as { text: { part: number } }).text.part);
        assert.ok(parts.every((part, i) => part === i % 3));
      }).timeout(20_000);

      it("when several processes step at once, then each event follows the very head that it was judged by", async () => {
        const tasks = ["a", "b", "c"].map((name) => ({ does: "step" as const, id: first.hash, name, count: 15 }));
        const processes = tasks.map((task) => place.process(task));
        await runAll(processes);
        assert.deepEqual(
          processes.flatMap(({ errors }) => errors),
          [],
        );
        const events = (await store.read()).slice(1);
        assert.equal(events.length, 45);
        for (const { seq, data } of events) {
          assert.equal((data as { text: { judgedBy: number } }).text.judgedBy, seq - 1);
        }
        await (await Journal.open(place.store(), first.hash)).close();
      }).timeout(20_000);

      it("when writers are killed one after the other, then no finished event is lost and the next writer goes on", async () => {
        const names = Array.from({ length: 10 }, (_, i) => `w${i}`);
        const processes = names.map((name) =>
          place.process({ does: "append", name, count: 10_000, batch: 2, padding: 20_000 }),
        );
        await Promise.all(processes.map((each) => each.go()));
        let head = first;
        for (const each of processes) {
          await each.reached(2);
          await each.kill();
          const [event] = await place.store().append([aNote("after")]);
          const added = await store.read(head);
          assert.equal(verifyChain(added, head), null);
          assert.ok(added.some(({ hash }) => hash === event?.hash));
          head = headOf(added.at(-1) ?? head);
        }
        const hashes = new Set((await place.store().read()).map(({ seq, hash }) => `${seq} ${hash}`));
        const lost = processes
          .flatMap((each) => each.acknowledged)
          .filter(({ seq, hash }) => !hashes.has(`${seq} ${hash}`));
        assert.deepEqual(lost, []);
      }).timeout(30_000);
    });
  });
}
