// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { NewEvent } from "@elevation/domain";
import { Journal, JournalError, type JournalStore, verifyChain } from "@elevation/journal";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aDigest, aNote, anEvent } from "../../support/journal-events";
import { JournalFolder } from "../../support/journal-folder";

describe("group commit", () => {
  let folder: JournalFolder;
  let store: JournalStore;
  let journal: Journal;
  let writes: number;
  beforeEach(async () => {
    folder = await JournalFolder.with();
    store = folder.store();
    writes = 0;
    watchWrites();
    journal = await Journal.open(store, await folder.id());
  });
  afterEach(() => folder.remove());

  function watchWrites(): void {
    const { appendTogether } = store;
    store.appendTogether = (after, fill) => {
      writes++;
      return appendTogether?.call(store, after, fill) ?? Promise.reject(new Error("the file store has no such method"));
    };
  }

  /** The next write happens to be one too many for the disk, after everything was judged. */
  function fillDisk(): void {
    const { appendTogether } = store;
    store.appendTogether = async (after, fill) => {
      if (appendTogether !== undefined) store.appendTogether = appendTogether;
      fill(await store.read(after));
      throw new JournalError("write-failed", "the disk is full");
    };
  }

  const texts = async () => (await folder.lines()).slice(1).map(({ data }) => (data as { text: unknown }).text);

  it("when steps come at once, then each is judged on what the one before leaves, and few writes hold all", async () => {
    const steps = Array.from({ length: 100 }, () =>
      journal.step(({ head }) => ({ events: [aNote(head.seq)], result: head.seq })),
    );
    const done = await Promise.all(steps);
    assert.deepEqual(
      done.map(({ result, view }) => [result, view.head.seq]),
      Array.from({ length: 100 }, (_, i) => [i + 1, i + 2]),
    );
    assert.equal(writes, 2);
    assert.deepEqual(
      await texts(),
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
    assert.equal(verifyChain(await folder.store().read()), null);
  });

  it("when two want what only one may have, then the second sees the first, though neither was written yet", async () => {
    const want = (): ReturnType<typeof journal.step<string>> =>
      journal.step((view) =>
        view.grant(aDigest(1)) === null
          ? { events: [anEvent("activating", aDigest(1))], result: "mine" }
          : { events: [], result: `taken by ${view.grant(aDigest(1))?.last.hash}` },
      );
    const [first, second] = await Promise.all([want(), want()]);
    assert.equal(writes, 1);
    assert.equal(first.result, "mine");
    assert.equal(second.result, `taken by ${(await folder.lines())[1]?.["hash"]}`);
  });

  it("when one of them fails, then the others are written, and nothing of that one", async () => {
    const fault = new Error("no judgement");
    const senseless = { ...anEvent("expired", aDigest(1)), data: {} } as NewEvent;
    const results = await Promise.allSettled([
      journal.append([aNote("a")]),
      journal.step(() => {
        throw fault;
      }),
      journal.append([aNote("b"), aNote(Number.NaN)]),
      journal.append([aNote("c"), senseless]),
      journal.append([aNote("d")]),
    ]);
    assert.deepEqual(
      results.map((result) => (result.status === "fulfilled" ? null : String(result.reason))),
      [
        null,
        "Error: no judgement",
        "TypeError: the value has no JSON form: NaN",
        `TypeError: \`expired\` of ${aDigest(1)} cannot be journaled: its data is not that of \`expired\``,
        null,
      ],
    );
    assert.equal(writes, 1);
    assert.deepEqual(await texts(), ["a", "d"]);
    assert.deepEqual((await journal.view()).head.seq, 3);
  });

  it("when they can't be written, then all are told, and what comes next knows nothing of them", async () => {
    await journal.append([anEvent("activating", aDigest(1))]);
    fillDisk();
    const results = await Promise.allSettled([
      journal.append([aNote("a"), anEvent("activating", aDigest(2))]),
      journal.step(({ live }) => ({ events: [], result: live.length })),
    ]);
    assert.deepEqual(
      results.map((result) => (result.status === "rejected" ? (result.reason as JournalError).message : "done")),
      ["the disk is full", "the disk is full"],
    );
    const view = await journal.view();
    assert.deepEqual([view.head.seq, view.live.length, view.grant(aDigest(2))], [2, 1, null]);
    await journal.append([aNote("b")]);
    assert.deepEqual((await texts()).slice(1), ["b"]);
    assert.equal(verifyChain(await folder.store().read()), null);
  });

  it("when others write between, then steps are judged on that too, without a race", async () => {
    const other = await Journal.open(folder.store(), await folder.id());
    const judged = { ours: 0, theirs: 0 };
    const step = (who: "ours" | "theirs") =>
      (who === "ours" ? journal : other).step(({ head }) => {
        judged[who]++;
        return { events: [aNote(head.seq)], result: null };
      });
    await Promise.all(Array.from({ length: 100 }, (_, i) => step(i % 2 === 0 ? "ours" : "theirs")));
    assert.deepEqual(judged, { ours: 50, theirs: 50 });
    assert.deepEqual(
      await texts(),
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
  });

  it("when views are asked for at once, then one reading serves all, and a later one sees what was written since", async () => {
    let readings = 0;
    const { read } = store;
    store.read = (after) => {
      readings++;
      return read.call(store, after);
    };
    const views = await Promise.all([journal.view(), journal.view(), journal.view()]);
    assert.equal(readings, 1);
    assert.deepEqual(new Set(views).size, 1);
    await folder.store().append([aNote("theirs")]);
    assert.equal((await journal.view()).head.seq, 2);
  });
});
