// SPDX-License-Identifier: Apache-2.0
import { IANAZone } from "luxon";
import type { Instant } from "./instant";
import type { Hours } from "./policy";
import { DAY, dayAt, instantOf, MINUTE, weekdayOf } from "./zone-time";

/** Half-open: `from` belongs to it, `to` does not. */
export interface Interval {
  readonly from: Instant;
  readonly to: Instant;
}

/** `hours` of a rule, taken apart. Clock times are minutes since midnight. */
export interface OpeningHours {
  readonly zone: IANAZone;
  readonly weekdays: ReadonlySet<number>;
  readonly from: number;
  readonly to: number;
  readonly isHold: boolean;
  /** The windows that were looked for already, by the day on which they begin; null where there is none. */
  readonly known: Map<number, Interval | null>;
  /** For people: `mon, tue 08:00 to 20:00 Europe/Berlin`. */
  readonly text: string;
}

const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
// A window begins on its day and may run past midnight; an offset change (up to a skipped day) may push it one day further.
const DAYS_BACK = 2;
// Every week has an opening, except where an offset change swallows it.
const SEARCHED_DAYS = 21;

export function compileHours(hours: Hours): OpeningHours {
  return {
    zone: IANAZone.create(hours.zone),
    weekdays: new Set(hours.days.map((day) => WEEKDAYS.indexOf(day) + 1)),
    from: minutesOf(hours.from),
    to: minutesOf(hours.to),
    isHold: hours.mode === "hold",
    known: new Map(),
    text: `${hours.days.join(", ")} ${hours.from} to ${hours.to} ${hours.zone}`,
  };
}

/**
 * The window that contains an instant, with the windows that touch or overlap it, as far as `horizon`; null where the hours are
 * closed. Its `from` is no earlier than the last days before the instant.
 */
export function windowAt(hours: OpeningHours, at: Instant, horizon: Instant): Interval | null {
  const today = dayAt(hours.zone, at);
  const open = touching(hours, today - DAYS_BACK, today + 1, at);
  if (open === null || open.to >= horizon) return open;
  let { to } = open;
  // No day begins more than 15 h before UTC's does: later days can't touch the window.
  for (let day = today + 2; to < horizon && day * DAY - 15 * 60 * MINUTE <= to; day++) {
    const next = windowOf(hours, day);
    if (next !== null && next.from <= to) to = next.to;
  }
  return { from: open.from, to };
}

/** The window that contains an instant, with those of these days that touch or overlap it. A later day's never begins or ends earlier. */
function touching(hours: OpeningHours, firstDay: number, lastDay: number, at: Instant): Interval | null {
  let found: Interval | null = null;
  for (let day = firstDay; day <= lastDay; day++) {
    const window = windowOf(hours, day);
    if (window === null) continue;
    if (found !== null && window.from <= found.to) found = { from: found.from, to: window.to };
    else if (found === null || found.to <= at) found = window;
  }
  return found !== null && found.from <= at && at < found.to ? found : null;
}

/** The first instant at or after `at` at which the hours are open; null where they aren't for three weeks. */
export function nextOpen(hours: OpeningHours, at: Instant): Instant | null {
  const today = dayAt(hours.zone, at);
  for (const [first, last] of [
    [today - DAYS_BACK, today + 4],
    [today + 2, today + SEARCHED_DAYS],
  ] as const) {
    const open = windowsOf(hours, first, last)
      .filter((window) => window.to > at)
      .map((window) => Math.max(window.from, at));
    if (open.length > 0) return Math.min(...open);
  }
  return null;
}

/** The windows that begin on these days of the zone's calendar, in their order. */
function windowsOf(hours: OpeningHours, firstDay: number, lastDay: number): Interval[] {
  const windows: Interval[] = [];
  for (let day = firstDay; day <= lastDay; day++) {
    const window = windowOf(hours, day);
    if (window !== null) windows.push(window);
  }
  return windows;
}

function windowOf(hours: OpeningHours, day: number): Interval | null {
  if (!hours.weekdays.has(weekdayOf(day))) return null;
  const known = hours.known.get(day);
  if (known !== undefined) return known;
  const from = instantOf(hours.zone, day, hours.from);
  const to = instantOf(hours.zone, hours.to <= hours.from ? day + 1 : day, hours.to);
  // Where clocks skip the whole window, nothing is left of it.
  const window = from < to ? { from, to } : null;
  hours.known.set(day, window);
  return window;
}

function merged(windows: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  for (const window of windows) {
    const last = result.at(-1);
    if (last === undefined || window.from > last.to) result.push(window);
    else result[result.length - 1] = { from: last.from, to: window.to };
  }
  return result;
}

function minutesOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
}

/** The windows that touch `[from, to)`, merged, in order. */
export function windowsBetween(hours: OpeningHours, from: Instant, to: Instant): readonly Interval[] {
  const [first, last] = [dayAt(hours.zone, from) - DAYS_BACK, dayAt(hours.zone, to) + 1];
  return merged(windowsOf(hours, first, last)).filter((window) => window.to > from && window.from < to);
}
