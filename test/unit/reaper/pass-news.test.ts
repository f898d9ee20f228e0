// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Beat, JournalView } from "@elevation/journal";
import type { Reaped } from "@elevation/provider/lifecycle";
import { newsOfPass } from "@elevation/reaper";
import { describe, it } from "mocha";

const NOON = Date.parse("2026-11-24T12:00:00Z");
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

describe("what is news of one pass", () => {
  const quiet = { view: null, heard: null, own: "schedule", every: 300 * SECOND, now: NOON };
  const reaped = (outcome: Reaped["outcome"], residue: readonly string[] = []) =>
    ({
      digest: "d",
      name: "alice-orders",
      requester: "alice@example.com",
      place: {},
      outcome,
      residue,
    }) as unknown as Reaped;
  const told = (grant: Reaped, tries: number) => {
    const view = { grant: () => ({ stuck: { tries } }) } as unknown as JournalView;
    return newsOfPass({ reaped: [grant], orphans: [], untrusted: null }, { ...quiet, view }).map(({ event }) => event);
  };

  it("when a grant is stuck, then its third try and each sixtieth is an alarm, by the journal's count", () => {
    const alarms = Array.from({ length: 121 }, (_, i) => i).filter((n) => told(reaped("stuck"), n).length > 0);
    assert.deepEqual(alarms, [3, 60, 120]);
  });

  it("when it ended, then that is an all-clear where there was an alarm; residue is always news; what can't be recorded, too", () => {
    assert.deepEqual(told(reaped("expired"), 2), []);
    assert.deepEqual(told(reaped("expired"), 3), ["all-clear"]);
    assert.deepEqual(told(reaped("revoked", ["a table"]), 0), ["residue"]);
    assert.deepEqual(told(reaped("unrecorded"), 0), ["alarm"]);
  });

  it("when an orphan is seen for the first time, then it is told, and one that was there before is not", () => {
    const orphan = (object: string) => ({
      ...{ at: "2026-11-24T12:00:00.000Z", request: null, kind: "postgres", connection: "orders", server: "7301" },
      ...{ object, differences: ["nobody knows it"] },
    });
    const view = { orphans: [orphan("elev_1"), orphan("elev_2")] } as unknown as JournalView;
    const found = [orphan("elev_1"), orphan("elev_2")].map((place, index) => ({ place, isNews: index === 1 }));
    const orphans = found as unknown as Parameters<typeof newsOfPass>[0]["orphans"];
    assert.deepEqual(newsOfPass({ reaped: [], orphans, untrusted: null }, { ...quiet, view }), [
      { event: "orphan", key: 'orphan:["postgres","orders","7301","elev_2"]', about: orphan("elev_2") },
    ]);
  });

  it("when the journal can't be trusted, then each pass says so", () => {
    assert.deepEqual(newsOfPass({ reaped: [], orphans: [], untrusted: "it is gone" }, quiet), [
      { event: "journal-untrusted", key: "journal", about: { reason: "it is gone" } },
    ]);
  });

  it("when the reaper is silent, then the first pass after that says so, and one each hour", () => {
    const beat: Beat = { by: "reaper", environments: null, at: NOON, every: 30 * SECOND, stopped: false };
    const isTold = (after: number) =>
      newsOfPass(
        { reaped: [], orphans: [], untrusted: null },
        { ...quiet, heard: { beats: [beat], copiedAt: null }, now: NOON + after },
      );
    assert.deepEqual(isTold(60 * SECOND - 1), []);
    assert.deepEqual(isTold(60 * SECOND), [
      {
        event: "silence",
        key: "silence:reaper",
        about: { by: "reaper", environments: null, since: "2026-11-24T12:00:00.000Z", everySeconds: 30 },
      },
    ]);
    assert.equal(isTold(360 * SECOND - 1).length, 1);
    assert.equal(isTold(360 * SECOND).length, 0);
    assert.equal(isTold(60 * SECOND + HOUR).length, 1);
  });
});
