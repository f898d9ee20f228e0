// SPDX-License-Identifier: Apache-2.0
import { IANAZone } from "luxon";
import { RE2JS } from "re2js";
import { z } from "zod";
import { DURATION_SHAPE, parseDuration } from "./duration";
import { INSTANT_SHAPE, parseInstant } from "./instant";
import { neutralise, trimWhiteSpace } from "./text";

// The forms of single values (design §4). Each message ends a sentence that begins with "`path` is `value`, ".

/** Longest name of a role or a login that PostgreSQL keeps; it cuts the rest off, so that two names could become one. */
export const POSTGRES_NAME_BYTES = 63;

const NOT_A_NAME = "not a name; use 1 to 63 of a-z, 0-9 and -";
const ONE_LINE = /^[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u;
const CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]";

/** `[a-z0-9-]{1,63}`. */
export const name = z.string().regex(/^[a-z0-9-]{1,63}$/, NOT_A_NAME);

/** A lower-case email, without the signs that are patterns in an OpenSSH `allowed_signers` file. */
export const person = z
  .string()
  .regex(
    /^[a-z0-9._%+&='/-]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/,
    "not a lower-case email; write it like alice@example.com",
  )
  .max(254, "not a lower-case email; write it like alice@example.com")
  .meta({ examples: ["alice@example.com"] });

/** What a target calls a role or a person: no control characters, no line breaks, nothing that reverses the direction of writing. */
export const line = z
  .string()
  .regex(ONE_LINE, "not one line of printable text; take the control characters and line breaks out")
  .refine((text) => trimWhiteSpace(text) !== "", "not a text; write something or leave the field out");

const duration = z
  .string()
  .refine(
    (text) => parseDuration(text) !== null,
    "not a duration of fixed length up to 100 years; write weeks, days, hours, minutes or seconds, as in PT30M or P7D",
  )
  .meta({ pattern: DURATION_SHAPE.source, examples: ["PT30M", "PT8H", "P7D"] });

/** ISO 8601, of fixed length, above zero. */
export const positiveDuration = duration.refine(
  (text) => parseDuration(text) !== 0,
  "not above zero; write a longer one",
);

/** ISO 8601, of fixed length; zero is good. */
export const anyDuration = duration;

/** ISO 8601 with an explicit offset. */
export const instant = z
  .string()
  .regex(INSTANT_SHAPE, {
    error: "not an instant with an offset; write it like 2026-11-24T09:00:00Z or 2026-11-24T10:00:00+01:00",
    abort: true,
  })
  .refine((text) => parseInstant(text) !== null, "not a day and time that exist; look at the calendar")
  .meta({ examples: ["2026-11-24T09:00:00Z", "2026-11-24T10:00:00+01:00"] });

/** `HH:mm`. */
export const clockTime = z
  .string()
  .regex(new RegExp(`^${CLOCK}$`), "not a clock time; write it like 08:00")
  .meta({ examples: ["08:00"] });

/** `HH:mm`, or `24:00` for the end of the day. */
export const closingTime = z
  .string()
  .regex(new RegExp(`^(${CLOCK}|24:00)$`), "not a clock time; write it like 20:00, or 24:00 for the end of the day")
  .meta({ examples: ["20:00", "24:00"] });

/** An IANA time zone, as in `Europe/Berlin`; offsets are none. */
export const zone = z
  .string()
  .refine(
    (text) => /^[A-Za-z][A-Za-z0-9_+/-]*$/.test(text) && IANAZone.create(text).isValid,
    "not a zone of the IANA database; write it like Europe/Berlin or UTC",
  )
  .meta({ examples: ["Europe/Berlin", "UTC"] });

/** An RE2 regular expression. */
export const pattern = z
  .string()
  .superRefine((text, context) => {
    const fault = patternFault(text);
    if (fault !== null) {
      context.addIssue({ code: "custom", message: `not a regular expression of RE2 (${fault}); mend it`, input: text });
    }
  })
  .meta({ examples: ["^(INC|CHG)-[0-9]+$"] });

function patternFault(text: string): string | null {
  try {
    RE2JS.compile(text);
    return null;
  } catch (e) {
    return neutralise(
      (e instanceof Error ? e.message : String(e)).replace("error parsing regexp: ", "").replaceAll("`", "'"),
    );
  }
}

/** At least 1. */
export const count = z.int().min(1);

/** `sha256:` and 64 hex digits. */
export const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "not a digest; it is `sha256:` and 64 digits of 0-9 and a-f");

/** A list that is never empty. */
export function list<T extends z.ZodType>(item: T): z.ZodArray<T> {
  return z.array(item).min(1);
}
