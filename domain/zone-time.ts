// SPDX-License-Identifier: Apache-2.0
import type { IANAZone } from "luxon";
import type { Instant } from "./instant";

export const MINUTE = 60_000;
export const DAY = 86_400_000;
export const WEEK = 7 * DAY;

/** Milliseconds by which clocks of the zone are ahead of UTC at an instant. */
export function offsetAt(zone: IANAZone, instant: Instant): number {
  // Before, zones changed their clocks by odd seconds.
  if (instant < WHOLE_MINUTES) return zone.offset(instant) * MINUTE;
  const minute = Math.floor(instant / MINUTE);
  const known = offsets.get(zone) ?? new Map<number, number>();
  const found = known.get(minute);
  if (found !== undefined) return found;
  if (known.size >= MOST_KNOWN) known.clear();
  const offset = zone.offset(instant) * MINUTE;
  offsets.set(zone, known.set(minute, offset));
  return offset;
}

/** 1973: from then on no zone changes its clocks but at a whole minute (the last was Liberia, in January 1972). */
const WHOLE_MINUTES = Date.UTC(1973, 0);
/** Offsets that were asked for, by minutes since 1970: a calendar is slow, and decisions are about few minutes. */
const offsets = new WeakMap<IANAZone, Map<number, number>>();
const MOST_KNOWN = 4096;

/** The minute from which on clocks of the zone don't show the offset of `from` any more; by `to` they have changed it, once. */
export function changeOfClocks(zone: IANAZone, from: Instant, to: Instant): Instant {
  const before = offsetAt(zone, from);
  let [low, high] = [from, to];
  while (high - low > MINUTE) {
    const middle = Math.floor((low + high) / 2 / MINUTE) * MINUTE;
    if (offsetAt(zone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** The day of the zone's calendar at an instant, counted from 1970-01-01. */
export function dayAt(zone: IANAZone, instant: Instant): number {
  return Math.floor((instant + offsetAt(zone, instant)) / DAY);
}

/** 1 for Monday to 7 for Sunday, of a day counted from 1970-01-01, a Thursday. */
export function weekdayOf(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

/**
 * The instant at which clocks of the zone show a day and a time (design §5 "Hours"): the first where they show it twice; where
 * they skip it, as if the change had not happened yet.
 * NB. luxon's own answer for a time shown twice depends on today's offset, so that it would change with the seasons.
 */
export function instantOf(zone: IANAZone, day: number, minutes: number): Instant {
  const shown = day * DAY + minutes * MINUTE;
  const largest = Math.max(offsetAt(zone, shown - DAY), offsetAt(zone, shown + DAY));
  // Read with the larger offset it is the earlier instant: whether clocks have changed by then is whether they had for this time.
  return shown - offsetAt(zone, shown - largest);
}

/** As in `Wed 08:00 Europe/Berlin`: what clocks of the zone show at an instant. */
export function renderLocal(zone: IANAZone, instant: Instant): string {
  const local = new Date(instant + offsetAt(zone, instant));
  const weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][local.getUTCDay()];
  return `${weekday} ${local.toISOString().slice(11, 16)} ${zone.name}`;
}
