// SPDX-License-Identifier: Apache-2.0
import { distance } from "fastest-levenshtein";

const MAX_QUOTED = 80;
const MAX_FOREIGN = 160;

/** What somebody wrote, in backticks, on one line and cut to 80 characters: safe to print, whatever it holds. */
export function quote(text: string): string {
  // NB. Cut before it is taken apart: it may be a whole file. A character is at most two units.
  const points = [...text.slice(0, 2 * MAX_QUOTED + 2)];
  const shown = points.slice(0, MAX_QUOTED).map(escapePoint).join("");
  return `\`${shown}${points.length > MAX_QUOTED ? "…" : ""}\``;
}

/** Text of another program's message: on one line, cut to 160 characters, without what could change how a terminal shows it. */
export function neutralise(text: string): string {
  const points = [...text.slice(0, 2 * MAX_FOREIGN)];
  const shown = points.slice(0, MAX_FOREIGN).map((point) => (point === "`" ? point : escapePoint(point)));
  return `${shown.join("")}${points.length > MAX_FOREIGN ? "…" : ""}`;
}

// Control and format characters (bidirectional overrides among them), lone surrogates, line separators, the backtick itself.
function escapePoint(point: string): string {
  if (!/[\p{C}\p{Zl}\p{Zp}`]/u.test(point)) return point;
  return `\\u{${(point.codePointAt(0) ?? 0).toString(16)}}`;
}

/** `a`, `b` or `c`; at most twelve, so that a message stays readable. */
export function quoteList(texts: readonly string[], last: "or" | "and" = "or"): string {
  const quoted = texts.slice(0, 12).map(quote);
  if (texts.length > 12) return `${quoted.join(", ")} ${last} ${texts.length - 12} more`;
  if (quoted.length <= 1) return quoted.join("");
  return `${quoted.slice(0, -1).join(", ")} ${last} ${quoted.at(-1)}`;
}

/** The known name that looks most like `name`; the first of equals, null where nothing is known. */
export function nearest(name: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  const wanted = name.slice(0, 200).toLowerCase();
  for (const candidate of known) {
    const candidateDistance = distance(wanted, candidate.toLowerCase());
    if (candidateDistance < bestDistance) {
      best = candidate;
      bestDistance = candidateDistance;
    }
  }
  return best;
}

/** The fix for a name that is not known: a question only where the nearest one may well be a slip of the pen. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const near = nearest(name, known);
  if (near === null) return "none is known here";
  const slip = Math.max(2, Math.floor(near.length / 3));
  const isNear = distance(name.slice(0, 200).toLowerCase(), near.toLowerCase()) <= slip;
  return isNear ? `did you mean ${quote(near)}?` : `the nearest known name is ${quote(near)}`;
}

/** Trims Unicode White_Space, which is not quite what `trim()` does: that leaves U+0085 and takes U+FEFF. */
export function trimWhiteSpace(text: string): string {
  // NB. From both ends by hand: a regular expression for the end tries every run of spaces in between, in quadratic time.
  let [start, end] = [0, text.length];
  while (start < end && isWhiteSpace(text.charAt(start))) start++;
  while (end > start && isWhiteSpace(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

function isWhiteSpace(character: string): boolean {
  // NB. Most texts begin and end with a letter, and this is asked at each decision.
  return (character < "a" || character > "z") && /\p{White_Space}/u.test(character);
}

/** Code points that are two units of UTF-16 each. */
const PAIRS = /[\u{10000}-\u{10ffff}]/gu;

export function codePoints(text: string): number {
  return text.length - (text.match(PAIRS)?.length ?? 0);
}
