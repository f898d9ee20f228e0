// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { NewEvent } from "@elevation/domain";
import { type Beat, initJournal, Journal, type JournalView } from "@elevation/journal";
import type { Reaped } from "@elevation/provider/lifecycle";
import { type News, Newsroom } from "@elevation/reaper";
import { beforeEach, describe, it } from "mocha";
import { aDigest, anEvent, JOB, NOON } from "../../support/journal-events";
import { MemoryStore } from "../../support/journal-memory-store";

const D = aDigest(1);
const SECOND = 1_000;
const PLACE = {
  kind: "postgres",
  connection: "orders",
  role: "orders_admin",
  server: "7301",
  identity: "alice",
  object: "elev_1",
};
const { server: _, ...TARGET } = PLACE;
const GRANT = {
  request: D,
  name: "alice-orders",
  requester: "alice@example.com",
  environment: "production",
  target: TARGET,
};

const reaped = (outcome: Reaped["outcome"], reason: string | null = null): Reaped => ({
  ...{ digest: D, name: "alice-orders", requester: "alice@example.com", environment: "production", place: PLACE },
  stack: { organization: "organization", project: "elevation", stack: "production" },
  ...{ expiresAt: "2026-11-24T12:00:00.000Z", cause: "expiry", outcome, reason, residue: [] },
});
const failed = (failures: number, outcome: Reaped["outcome"] = "stuck") =>
  ({ type: "failed", grant: reaped(outcome, "it is away"), failures, again: NOON }) as const;
const ended = { type: "ended", grant: reaped("expired"), lateMs: 1 } as const;

async function viewOf(...events: readonly NewEvent[]): Promise<JournalView> {
  const store = new MemoryStore();
  const { hash } = await initJournal(store, JOB, NOON);
  store.force(events);
  return (await Journal.open(store, hash)).view();
}

describe("what is news of a reaper", () => {
  let room: Newsroom;
  const names = (news: readonly News[]) => news.map(({ event, key }) => [event, key]);

  beforeEach(() => {
    room = new Newsroom(null);
  });

  it("when a grant fails for the third time in a row, then that is an alarm, no more than status shows; and each sixtieth", () => {
    const alarms = Array.from({ length: 130 }, (_, i) => i + 1).filter((n) => room.of(failed(n)).length > 0);
    assert.deepEqual(alarms, [3, 60, 120]);
    assert.deepEqual(room.of(failed(3, "unrecorded")), [
      {
        event: "alarm",
        key: `grant:${D}`,
        about: {
          ...GRANT,
          ...{ outcome: "unrecorded", cause: "expiry", expiresAt: "2026-11-24T12:00:00.000Z", reason: "it is away" },
          ...{ failures: 3, again: new Date(NOON).toISOString() },
        },
      },
    ]);
  });

  it("when it ends after an alarm, then that is an all-clear, once; without one it is no news", () => {
    room.of(failed(2));
    assert.deepEqual(room.of(ended), []);
    room.of(failed(3));
    assert.deepEqual(room.of(ended), [
      { event: "all-clear", key: `grant:${D}`, about: { ...GRANT, outcome: "expired" } },
    ]);
    assert.deepEqual(room.of(ended), []);
  });

  it("when another process raised the alarm, as the journal has it, then its end is an all-clear too", async () => {
    const tries = (n: number) => Array.from({ length: n }, () => anEvent("stuck", D));
    room.of({ type: "read", view: await viewOf(anEvent("activating", D), ...tries(2)) });
    assert.deepEqual(room.of(ended), []);
    room.of({ type: "read", view: await viewOf(anEvent("activating", D), ...tries(3)) });
    assert.deepEqual(names(room.of(ended)), [["all-clear", `grant:${D}`]]);
  });

  it("when the journal can't be trusted, and when it can again, then that is news", () => {
    assert.deepEqual(room.of({ type: "journal", reason: "it is gone" }), [
      { event: "journal-untrusted", key: "journal", about: { reason: "it is gone" } },
    ]);
    assert.deepEqual(room.of({ type: "journal", reason: null }), [
      { event: "journal-trusted", key: "journal", about: {} },
    ]);
  });

  it("when the journal tells of residue, then that is told once, again where it is another, and of theirs alone", async () => {
    const residue = (...sentences: string[]) =>
      ({ ...anEvent("residue", D), data: { place: PLACE, residue: sentences } }) as NewEvent;
    const read = async (of: Newsroom, ...events: readonly NewEvent[]) =>
      of.of({ type: "read", view: await viewOf(anEvent("activating", D), ...events) });
    assert.deepEqual(await read(room), []);
    const [news] = await read(room, residue("a table"));
    assert.deepEqual([news?.event, news?.about["residue"]], ["residue", ["a table"]]);
    assert.deepEqual(await read(room, residue("a table"), anEvent("stuck", D)), []);
    assert.equal((await read(room, residue("a table", "and a view"))).length, 1);
    assert.deepEqual(await read(room, residue()), []);
    assert.equal((await read(room, residue("a table"))).length, 1);
    assert.deepEqual(await read(new Newsroom(new Set(["elsewhere"])), residue("a table")), []);
  });

  it("when the journal tells of an orphan, then that is told once, until it is settled and seen again", async () => {
    const orphan = {
      ...anEvent("stuck", D),
      ...{ type: "orphan", data: { place: PLACE, differences: ["no note"] } },
    } as NewEvent;
    const read = async (...events: readonly NewEvent[]) =>
      room.of({ type: "read", view: await viewOf(anEvent("activating", D), ...events) });
    const { at } = orphan;
    assert.deepEqual(await read(orphan), [
      {
        event: "orphan",
        key: `orphan:["postgres","orders","7301","elev_1"]`,
        about: {
          ...{ at, request: D, kind: "postgres", connection: "orders", server: "7301", object: "elev_1" },
          differences: ["no note"],
        },
      },
    ]);
    assert.deepEqual(await read(orphan, orphan), []);
    assert.deepEqual(await read(orphan, anEvent("activated", D)), []);
    assert.equal((await read(orphan, anEvent("activated", D), orphan)).length, 1);
  });

  describe("of others who end grants", () => {
    const beat: Beat = { by: "schedule", environments: null, at: NOON, every: 300 * SECOND, stopped: false };
    const hear = (now: number, ...beats: readonly Beat[]) =>
      room.heard({ beats, copiedAt: null }, "reaper", NOON + now);

    it("when one is silent for two intervals, then that is told once, and once that it is heard again", () => {
      assert.deepEqual(hear(600 * SECOND - 1, beat), []);
      const about = { by: "schedule", environments: null, since: new Date(NOON).toISOString(), everySeconds: 300 };
      assert.deepEqual(hear(600 * SECOND, beat), [{ event: "silence", key: "silence:schedule", about }]);
      assert.deepEqual(hear(630 * SECOND, beat), []);
      assert.deepEqual(hear(660 * SECOND, { ...beat, at: NOON + 650 * SECOND }), [
        { event: "silence-over", key: "silence:schedule", about },
      ]);
    });

    it("when it was told to stop, is oneself, or was silent for a month, then it is no news", () => {
      assert.deepEqual(hear(600 * SECOND, { ...beat, stopped: true }), []);
      assert.deepEqual(hear(600 * SECOND, { ...beat, by: "reaper" }), []);
      assert.equal(hear(30 * 86_400 * SECOND - 1, beat).length, 1);
      assert.deepEqual(names(hear(30 * 86_400 * SECOND, beat)), [["silence-over", "silence:schedule"]]);
    });

    it("when an environment of others has live grants and nobody was ever heard, then that is told", async () => {
      room = new Newsroom(new Set(["elsewhere"]));
      room.of({ type: "read", view: await viewOf(anEvent("activating", D)) });
      assert.deepEqual(hear(0), [
        {
          event: "silence",
          key: "silence:environment:production",
          about: { environment: "production", live: 1, since: null },
        },
      ]);
      assert.deepEqual(names(hear(1, beat)), [["silence-over", "silence:environment:production"]]);
    });
  });
});
