// SPDX-License-Identifier: Apache-2.0
import type { OpeningHours } from "../hours";

/** Whether the hours are open at every instant. */
export function isAlwaysOpen({ weekdays, from, to }: OpeningHours): boolean {
  return weekdays.size === 7 && (from === to || (from === 0 && to === 24 * 60));
}

/** Hours that are open for more of the week than this keep hardly anything shut, such as those that close for a minute a day. */
export const OPEN_SHARE = 0.8;

/** Whether the hours are open for more than {@link OPEN_SHARE} of the week. */
export function isHardlyEverShut({ weekdays, from, to }: OpeningHours): boolean {
  const minutes = to <= from ? to + 24 * 60 - from : to - from;
  return weekdays.size * minutes > OPEN_SHARE * 7 * 24 * 60;
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
