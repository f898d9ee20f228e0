// SPDX-License-Identifier: Apache-2.0
import { DateTime } from "luxon";

/** An instant: whole milliseconds since 1970-01-01T00:00:00Z. On the wire it is ISO 8601 text, see {@link formatInstant}. */
export type Instant = number;

const FRACTION = "(?:[.,]\\d{1,9})?";
const EXTENDED = `\\d{4}-\\d{2}-\\d{2}T\\d{2}(?::\\d{2}(?::\\d{2}${FRACTION})?)?`;
const BASIC = `\\d{8}T\\d{2}(?:\\d{2}(?:\\d{2}${FRACTION})?)?`;
const OFFSET = "(?:Z|[+-](?:[01]\\d|2[0-3])(?::?[0-5]\\d)?)";

/**
 * ISO 8601 text with an explicit offset, in shape: the extended format (`2026-11-24T10:00+01:00`) or the basic one
 * (`20261124T100000+0100`), the offset in hours alone (`+01`) or with minutes. {@link parseInstant} also looks whether there is such a day.
 */
export const INSTANT_SHAPE = new RegExp(`^(?:${EXTENDED}|${BASIC})${OFFSET}$`);

/**
 * The instant that ISO 8601 text with an explicit offset names; null for anything else (a local time, a date, an impossible day, a
 * day of a week or of a year, which no reviewer can read). What is finer than a millisecond is cut off.
 */
export function parseInstant(text: string): Instant | null {
  if (!INSTANT_SHAPE.test(text)) return null;
  // What a journal is full of is read without a library, which takes thirty times as long.
  const instant = Date.parse(text);
  if (!Number.isNaN(instant) && isWritten(formatInstant(instant), text)) return instant;
  // NB. With a locale named, luxon needn't find out that of the system: 15 ms at the first call.
  const parsed = DateTime.fromISO(text, { locale: "en-US" });
  return parsed.isValid ? parsed.toMillis() : null;
}

/** Whether a text is as {@link formatInstant} writes an instant, or as most people do, without milliseconds. */
function isWritten(instant: string, text: string): boolean {
  return instant === text || instant === text.replace("Z", ".000Z");
}

const DAY_LENGTH = 86_400_000;
/** The last that a date can say, and before 1970 the first. */
const LATEST = 8_640_000_000_000_000;
/** The day that was written last, and what it is called: decisions are about instants of few days. */
let [lastDay, lastDate] = [Number.NaN, ""];

/** UTC with milliseconds, as in `2026-11-24T10:00:00.000Z` (design §5). NB. `toISOString` alone takes half of a decision's time. */
export function formatInstant(instant: Instant): string {
  if (!Number.isInteger(instant) || Math.abs(instant) > LATEST) return new Date(instant).toISOString();
  const day = Math.floor(instant / DAY_LENGTH);
  if (day !== lastDay) [lastDay, lastDate] = [day, new Date(day * DAY_LENGTH).toISOString().slice(0, -13)];
  const left = instant - day * DAY_LENGTH;
  const minute = Math.floor(left / 60_000);
  const second = Math.floor(left / 1000) % 60;
  return `${lastDate}${MINUTES[minute]}${SECONDS[second]}${MILLISECONDS[left % 1000]}`;
}

const digits = (number: number, length: number) => String(number).padStart(length, "0");
const MINUTES = Array.from({ length: 1440 }, (_, at) => `${digits(Math.floor(at / 60), 2)}:${digits(at % 60, 2)}:`);
const SECONDS = Array.from({ length: 60 }, (_, at) => `${digits(at, 2)}.`);
const MILLISECONDS = Array.from({ length: 1000 }, (_, at) => `${digits(at, 3)}Z`);
