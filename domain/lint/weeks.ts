// SPDX-License-Identifier: Apache-2.0
import type { IANAZone } from "luxon";
import type { OpeningHours } from "../hours";
import type { Instant } from "../instant";
import { type Interval, unite } from "../meaning/intervals";
import { changeOfClocks, DAY, dayAt, MINUTE, offsetAt, WEEK } from "../zone-time";
import { isAlwaysOpen } from "./times";

/** Longer than anybody plans a policy: so far ahead changes of clocks are looked for, and what denies until then denies for good. */
export const FORESEEN = 50 * 365 * DAY;

/**
 * Whether some hours together are open at every instant from `from` on at which others are, or, where these are null, at every one.
 * INVARIANT (sound): true only where that holds; false tells nothing. In one zone it is exact but for windows that begin at a time
 * which clocks skip; several zones are compared by the offsets that each ever has.
 */
export function areOpenWhenever(wide: readonly OpeningHours[], narrow: OpeningHours | null, from: Instant): boolean {
  if (wide.some(isAlwaysOpen)) return true;
  const zones = new Map(wide.map(({ zone }) => [zone.name, zone]));
  const clocks = [...zones.values()].map((zone) => clockOf(zone, from));
  const open = clocks.map((clock) =>
    joined(
      clock,
      wide.filter(({ zone }) => zone.name === clock.zone),
    ),
  );
  const surely = unite(clocks.flatMap((clock, index) => (open[index] ?? []).map((window) => inAnyCase(clock, window))));
  if (narrow === null) {
    return [surely, ...open].some((windows) => windows.some((window) => window.from <= 0 && window.to >= WEEK));
  }
  const clock = clockOf(narrow.zone, from);
  const beside = clocks.findIndex(({ zone }) => zone === clock.zone);
  return windowsOf(narrow, [0]).every(
    (window) =>
      (open[beside] ?? []).some(
        (wider) => isNotAfter(clock, wider.from, window.from) && isNotAfter(clock, window.to, wider.to),
      ) || surely.some((wider) => wider.from <= atMost(clock, window).from && atMost(clock, window).to <= wider.to),
  );
}

/** What clocks of a zone do. */
interface Clock {
  readonly zone: string;
  /** The least and the most milliseconds by which they are ahead of UTC. */
  readonly least: number;
  readonly most: number;
  /** Times of day that they skip, in milliseconds since midnight. */
  readonly skipped: readonly Interval[];
}

const known = new Map<string, Clock>();

function clockOf(zone: IANAZone, from: Instant): Clock {
  const start = dayAt(zone, from) * DAY - WEEK;
  const key = `${zone.name} ${start}`;
  const found = known.get(key) ?? look(zone, start);
  known.set(key, found);
  return found;
}

function look(zone: IANAZone, start: Instant): Clock {
  const offsets = new Set([offsetAt(zone, start)]);
  const skipped: Interval[] = [];
  for (let at = start; at < start + FORESEEN; at += WEEK) {
    const [before, after] = [offsetAt(zone, at), offsetAt(zone, at + WEEK)];
    if (before === after) continue;
    offsets.add(after);
    if (after < before) continue;
    const shown = changeOfClocks(zone, at, at + WEEK) + before;
    const begin = shown - Math.floor(shown / DAY) * DAY;
    // Past midnight they go on in the next day.
    for (const day of [0, -DAY]) skipped.push({ from: begin + day, to: begin + day + after - before });
  }
  return { zone: zone.name, least: Math.min(...offsets), most: Math.max(...offsets), skipped: unite(skipped) };
}

/** Windows of these weeks as clocks show them, in milliseconds since the first moment of a Monday. */
function windowsOf({ from, to, weekdays }: OpeningHours, weeks: readonly number[]): readonly Interval[] {
  const length = (to <= from ? to + 24 * 60 - from : to - from) * MINUTE;
  return weeks.flatMap((week) =>
    [...weekdays].map((weekday) => {
      const start = week * WEEK + (weekday - 1) * DAY + from * MINUTE;
      return { from: start, to: start + length };
    }),
  );
}

/** The windows of hours in one zone, with the weeks before and after, those together that surely touch. */
function joined(clock: Clock, hours: readonly OpeningHours[]): readonly Interval[] {
  const windows = hours.flatMap((each) => windowsOf(each, [-1, 0, 1])).sort((one, other) => one.from - other.from);
  const result: Interval[] = [];
  for (const window of windows) {
    const last = result.at(-1);
    if (last === undefined || !isNotAfter(clock, window.from, last.to)) result.push(window);
    else if (isNotAfter(clock, last.to, window.to)) result[result.length - 1] = { from: last.from, to: window.to };
  }
  return result;
}

/** Whether clocks surely don't show one time later than another. NB. A time that they skip is as late as one that much later. */
function isNotAfter({ least, most, skipped }: Clock, one: number, other: number): boolean {
  if (one === other) return true;
  const ofDay = ((one % DAY) + DAY) % DAY;
  const isSkipped = skipped.some(({ from, to }) => from <= ofDay && ofDay < to);
  return one < other && (!isSkipped || other - one >= most - least);
}

/** In UTC, what a window as clocks show it holds in any case. */
function inAnyCase(clock: Clock, { from, to }: Interval): Interval {
  return { from: from - clock.least, to: to - clock.most };
}

/** In UTC, all that it can hold. */
function atMost(clock: Clock, { from, to }: Interval): Interval {
  return { from: from - clock.most, to: to - clock.least };
}
