// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { formatInstant } from "@elevation/domain";
import type { OpenState } from "@elevation/provider/lifecycle";
import { Agenda } from "@elevation/reaper/agenda";
import { pauseAfter } from "@elevation/reaper/backoff";
import { describe, it } from "mocha";

const NOON = Date.parse("2026-11-24T12:00:00Z");
const grant = (digest: string, end: number) => ({ digest, expiresAt: formatInstant(end) }) as unknown as OpenState;
const names = (due: readonly (readonly [OpenState, string])[]) => due.map(([{ digest }, cause]) => [digest, cause]);

describe("the reaper's agenda", () => {
  it("when ends come, then each grant is due at its own, not a millisecond before, and once", () => {
    const agenda = new Agenda([grant("late", NOON + 2), grant("first", NOON), grant("second", NOON + 1)], () => null);
    assert.equal(agenda.next, NOON);
    assert.deepEqual(names(agenda.take(NOON - 1)), []);
    assert.deepEqual(names(agenda.take(NOON)), [["first", "expiry"]]);
    assert.equal(agenda.next, NOON + 1);
    assert.deepEqual(names(agenda.take(NOON + 5)), [
      ["second", "expiry"],
      ["late", "expiry"],
    ]);
    assert.equal(agenda.next, null);
    assert.deepEqual(names(agenda.take(NOON + 9)), []);
  });

  it("when something else ends a grant, then it is due at once, for that cause", () => {
    const agenda = new Agenda([grant("drifted", NOON), grant("live", NOON)], ({ digest }) =>
      String(digest) === "drifted" ? "drift" : null,
    );
    assert.deepEqual(names(agenda.take(NOON - 1000)), [["drifted", "drift"]]);
    assert.deepEqual(
      agenda.upcoming.map(({ digest }) => String(digest)),
      ["live"],
    );
  });
});

describe("the reaper's pauses", () => {
  it("when it fails again and again, then they grow to a minute and no further, and at least half of each is kept", () => {
    const bounds = (failures: number) => [pauseAfter(failures, 0), pauseAfter(failures, 1 - Number.EPSILON)];
    assert.deepEqual([1, 2, 3, 6, 7, 8, 5000].map(bounds), [
      [500, 1000],
      [1000, 2000],
      [2000, 4000],
      [16_000, 32_000],
      [30_000, 60_000],
      [30_000, 60_000],
      [30_000, 60_000],
    ]);
  });
});
