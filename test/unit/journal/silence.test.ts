// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type Beat, type Heard, isHeard, silenceSentence, silences } from "@elevation/journal";
import { describe, it } from "mocha";

const NOON = Date.parse("2026-11-24T12:00:00Z");
const MINUTE = 60_000;
const LIVE = [{ environment: "staging" }, { environment: "production" }, { environment: "production" }];

function aBeat(change: Partial<Beat> = {}): Beat {
  return { by: "reaper", environments: null, at: NOON, every: 30_000, stopped: false, ...change };
}
const heard = (...beats: readonly Beat[]): Heard => ({ beats, copiedAt: null });
const copied = (at: number, ...beats: readonly Beat[]): Heard => ({ beats, copiedAt: at });
/** The environments that are silent. */
const silent = (of: Heard, now: number, live = LIVE) => silences(of, live, now).map(({ environment }) => environment);

describe("silence of those who end grants", () => {
  it("when two intervals have passed without a beat, then it is silence, and not a millisecond before", () => {
    assert.deepEqual(silences(heard(aBeat()), LIVE, NOON + 59_999), []);
    assert.deepEqual(silences(heard(aBeat()), LIVE, NOON + 60_000), [
      { environment: "production", live: 2, since: NOON },
      { environment: "staging", live: 1, since: NOON },
    ]);
    const schedule = aBeat({ by: "schedule", every: 5 * MINUTE });
    assert.deepEqual(silent(heard(schedule), NOON + 10 * MINUTE - 1), []);
    assert.deepEqual(silent(heard(schedule), NOON + 10 * MINUTE), ["production", "staging"]);
  });

  it("when a beat is of the future, then it counts for two intervals, and a forged one of next year doesn't", () => {
    assert.equal(isHeard(aBeat(), NOON - 59_999), true);
    assert.equal(isHeard(aBeat(), NOON - 60_000), false);
  });

  it("when nothing is live, then nothing is said, also where nobody was ever heard", () => {
    assert.deepEqual(silences(heard(), [], NOON), []);
  });

  it("when nobody was ever heard, then that is silence at once", () => {
    assert.deepEqual(silences(heard(), [{ environment: "staging" }], NOON), [
      { environment: "staging", live: 1, since: null },
    ]);
  });

  it("when the one for an environment is heard, then another's is silent all the same", () => {
    const production = aBeat({ environments: ["production"] });
    assert.deepEqual(silent(heard(production), NOON), ["staging"]);
    assert.deepEqual(silent(heard(production, aBeat({ environments: ["staging"], at: NOON - 60_000 })), NOON), [
      "staging",
    ]);
    assert.deepEqual(silent(heard(production, aBeat({ by: "schedule", every: MINUTE })), NOON + 90_000), []);
  });

  it("when it was told to stop, then its last word counts for two intervals, as any other", () => {
    assert.deepEqual(silent(heard(aBeat({ stopped: true })), NOON + 59_999), []);
    assert.deepEqual(silent(heard(aBeat({ stopped: true })), NOON + 60_000), ["production", "staging"]);
  });

  it("when it is a copy, then a reaper counts that was heard when it was made, as long as the schedule renews it", () => {
    const schedule = aBeat({ by: "schedule", every: 5 * MINUTE });
    const copy = copied(NOON + 10_000, aBeat(), schedule);
    assert.deepEqual(silent(copy, NOON + 10_000 + 10 * MINUTE - 1), []);
    assert.deepEqual(silent(copy, NOON + 10_000 + 10 * MINUTE), ["production", "staging"]);
    assert.deepEqual(silent(copied(NOON + 60_000, aBeat()), NOON + 60_000), ["production", "staging"]);
  });

  it("when no schedule renews a copy, then it speaks for a day", () => {
    assert.deepEqual(silent(copied(NOON, aBeat()), NOON + 24 * 60 * MINUTE - 1), []);
    assert.deepEqual(silent(copied(NOON, aBeat()), NOON + 24 * 60 * MINUTE), ["production", "staging"]);
  });

  it("when it is told, then how many grants are live, since when, and what to do", () => {
    assert.equal(
      silenceSentence({ environment: "production", live: 1, since: null }),
      "nobody ever said that grants in `production` are being ended, and 1 grant is live there; start `elevate reap`, or give `--every` to what a scheduler runs",
    );
    assert.equal(
      silenceSentence({ environment: "production", live: 2, since: NOON }),
      "nobody who ends grants in `production` was heard of since 2026-11-24T12:00:00.000Z, and 2 grants are live there; see why `elevate reap`, or the schedule, reports no more",
    );
  });
});
