// SPDX-License-Identifier: Apache-2.0
import type { Policy } from "@elevation/domain";

// Hours of design §5, with nothing but what Intl says that a clock of the zone shows. Clock times are whole minutes, changes of
// offsets fall on whole quarters of an hour.

export type Hours = NonNullable<Policy["rules"][number]["hours"]>;

export const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
export const DAY = 24 * 60 * MINUTE;
const WEEKDAYS = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"] as const;

const formats = new Map<string, Intl.DateTimeFormat>();
const shifts = new Map<string, Map<number, number>>();

/** What a clock of the zone shows, as the instant at which a clock in UTC shows the same. */
export function shown(zone: string, at: number): number {
  const known = shifts.get(zone) ?? new Map<number, number>();
  shifts.set(zone, known);
  const quarter = Math.floor(at / QUARTER) * QUARTER;
  let shift = known.get(quarter);
  if (shift === undefined) {
    const format =
      formats.get(zone) ?? new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
    formats.set(zone, format);
    shift = Date.parse(`${format.format(quarter).replace(" ", "T")}Z`) - quarter;
    known.set(quarter, shift);
  }
  return at + shift;
}

const found = new Map<string, Map<number, number>>();

/** The first instant at which a clock shows the time of that day (days since 1970); where it is skipped, as if the clocks had not changed yet. */
function instantOf(zone: string, day: number, clock: string): number {
  const key = `${zone} ${clock}`;
  const known = found.get(key) ?? new Map<number, number>();
  found.set(key, known);
  let at = known.get(day);
  if (at !== undefined) return at;
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  const wanted = day * DAY + (hour * 60 + minute) * MINUTE;
  at = wanted - 15 * 60 * MINUTE;
  while (shown(zone, at) < wanted) at += MINUTE;
  if (shown(zone, at) !== wanted) {
    const before = at - MINUTE;
    at = before + (wanted - shown(zone, before));
  }
  known.set(day, at);
  return at;
}

/** The windows that begin on the days around an instant. */
export function windowsAround({ zone, days, from, to }: Hours, at: number): { from: number; to: number }[] {
  const today = Math.floor(shown(zone, at) / DAY);
  const windows = [];
  for (let day = today - 2; day <= today + 1; day += 1) {
    const weekday = WEEKDAYS[((day % 7) + 7) % 7];
    if (!days.some((name) => name === weekday)) continue;
    const last = to <= from ? day + 1 : day;
    windows.push({ from: instantOf(zone, day, from), to: instantOf(zone, last, to) });
  }
  return windows;
}

/** Whether the hours contain the instant. */
export function isOpen(hours: Hours, at: number): boolean {
  return windowsAround(hours, at).some(({ from, to }) => from <= at && at < to);
}
