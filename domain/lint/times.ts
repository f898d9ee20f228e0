// SPDX-License-Identifier: Apache-2.0
import type { OpeningHours } from "../hours";

/** Whether the hours are open at every instant. */
export function isAlwaysOpen({ weekdays, from, to }: OpeningHours): boolean {
  return weekdays.size === 7 && (from === to || (from === 0 && to === 24 * 60));
}

/**
 * Whether `wide` is open whenever `narrow` is. NB. False for windows inside of others with other clock times: where clocks change,
 * a window may begin later and end later than the one around it.
 */
export function isOpenWhenever(wide: OpeningHours | null, narrow: OpeningHours | null): boolean {
  if (wide === null || isAlwaysOpen(wide)) return true;
  if (narrow === null) return false;
  return (
    wide.zone.name === narrow.zone.name &&
    wide.from === narrow.from &&
    wide.to === narrow.to &&
    [...narrow.weekdays].every((day) => wide.weekdays.has(day))
  );
}
