// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Dice, made } from "../property/dice";
import { type Event, LOT, Week } from "./week/week";

/** Other seeds are other weeks (docs/faults.md). */
const SEED = Number(process.env["FAULTS_SEED"] ?? 1);
/** `npm run test:faults` asks for more. */
const WEEKS = Number(process.env["FAULTS_WEEKS"] ?? 1);

const MINUTE = 60_000;
const SEVEN_DAYS = 7 * 24 * 60 * MINUTE;

function eventsOfAWeek(dice: Dice): readonly Event[] {
  const events: Event[] = [];
  for (let passed = 0; passed < SEVEN_DAYS; ) {
    const after = dice.int(1, 20 * MINUTE);
    passed += after;
    events.push({ what: dice.pick(LOT), after, pick: dice.int(0, 1_000_000), other: dice.int(0, 1_000_000) });
  }
  return events;
}

/** Without a part of what happened, the longer parts first. */
function* shorter(events: readonly Event[]): Iterable<readonly Event[]> {
  for (let part = Math.ceil(events.length / 2); part >= 1; part = Math.floor(part / 2))
    for (let from = 0; from < events.length; from += part)
      yield [...events.slice(0, from), ...events.slice(from + part)];
}

describe(`a week in seconds (FAULTS_SEED=${SEED} FAULTS_WEEKS=${WEEKS})`, function () {
  this.timeout(120_000 * WEEKS);
  const seen = new Map<string, number>();

  it("whatever is asked, changed, broken and started again, nobody holds what is forbidden, nothing outlives its end by more than the reaper's promise, and all has its evidence", async () => {
    const weeks = fc.asyncProperty(made(eventsOfAWeek, shorter), async (events) => {
      const week = await Week.begin();
      for (const event of events) await week.happen(event);
      await week.end();
      for (const [what, count] of week.watch.seen) seen.set(what, (seen.get(what) ?? 0) + count);
    });
    await fc.assert(weeks, { seed: SEED, numRuns: WEEKS, interruptAfterTimeLimit: 110_000 * WEEKS });
  });

  it("when that week is over, then grants began, failed, were stuck and ended in it", () => {
    const told = [...seen].map(([what, count]) => `${what} ${count}`).sort();
    process.stdout.write(`        ${told.join(", ")}\n`);
    const expected = ["decided", "activating", "activated", "failed", "stuck", "expired expiry", "revoked withdrawn"];
    assert.deepEqual(
      expected.filter((what) => !seen.has(what)),
      [],
    );
  });
});
