// SPDX-License-Identifier: Apache-2.0
import type { IANAZone } from "luxon";
import type { Instant } from "../instant";
import { changeOfClocks, DAY, offsetAt, WEEK } from "../zone-time";
import type { Interval } from "./intervals";

/** After so long a calendar has shown every order of weekdays, leap days and changes of clocks. */
const CYCLE = 28 * 366 * DAY;
/** Windows of the days before reach into a week. */
const BACK = 4 * DAY;
/** Clocks are read so often, at the same instants for everybody; no zone changes them twice within it and is back. */
const STEP = WEEK;

/**
 * Weeks from an instant on, one of each sort: all others to `to`, or for a whole cycle of the calendar, have their openings at the same
 * distances from their beginning, as far as `reach` milliseconds beyond their end.
 */
export function weeksOfEachSort(
  zones: readonly IANAZone[],
  { from, to }: Interval,
  reach: number,
): readonly Interval[] {
  const seen = new Set<string>();
  const weeks: Interval[] = [];
  const end = Math.min(to, from + CYCLE);
  const clocks = zones.map((zone) => new Clocks(zone, from - BACK));
  for (let start = from; start < end; start += WEEK) {
    const sort = clocks.map((each) => each.between(start - BACK, start + WEEK + reach, start)).join(";");
    if (seen.has(sort)) continue;
    seen.add(sort);
    weeks.push({ from: start, to: start + WEEK });
  }
  return weeks;
}

/** What clocks of a zone do, for askers that go forward. */
class Clocks {
  readonly #zone: IANAZone;
  #offset: number;
  /** In order; those before the last beginning are forgotten. */
  #changes: Change[] = [];
  #readTo: Instant;

  constructor(zone: IANAZone, from: Instant) {
    this.#zone = zone;
    this.#readTo = Math.floor(from / STEP) * STEP;
    this.#offset = offsetOf(zone, this.#readTo);
  }

  /** The offset at the beginning, and each change of it told from `start`. */
  between(from: Instant, to: Instant, start: Instant): string {
    while (this.#readTo < to) {
      this.#changes.push(...changesOf(this.#zone, this.#readTo));
      this.#readTo += STEP;
    }
    while (this.#changes[0] !== undefined && this.#changes[0].at <= from) {
      this.#offset = this.#changes[0].offset;
      this.#changes.shift();
    }
    const ahead = this.#changes.filter(({ at }) => at < to).map(({ at, offset }) => `${at - start}:${offset}`);
    return [this.#offset, ...ahead].join();
  }
}

interface Change {
  readonly at: Instant;
  readonly offset: number;
}

/** The change of clocks within a step, if there is one. */
function changesOf(zone: IANAZone, from: Instant): readonly Change[] {
  const [before, offset] = [offsetOf(zone, from), offsetOf(zone, from + STEP)];
  if (before === offset) return [];
  return [{ at: changeOfClocks(zone, from, from + STEP), offset }];
}

const offsets = new Map<string, Map<Instant, number>>();
/** Readings that are kept of a zone: those of some comparisons. */
const MOST_KEPT = 20_000;

/** A calendar is slow, and comparisons ask for the same weeks again. */
function offsetOf(zone: IANAZone, at: Instant): number {
  const known = offsets.get(zone.name) ?? new Map<Instant, number>();
  offsets.set(zone.name, known);
  const found = known.get(at);
  if (found !== undefined) return found;
  if (known.size >= MOST_KEPT) known.clear();
  const offset = offsetAt(zone, at);
  known.set(at, offset);
  return offset;
}
