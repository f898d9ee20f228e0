// SPDX-License-Identifier: Apache-2.0

// All "other" characters (controls, bidirectional and other format characters, lone surrogates, private and unassigned
// ones) and the two separators that end a line: what could move a cursor, recolour, reorder or forge a line.
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * What somebody else wrote (names, reasons, paths, arguments), fit for a terminal: one line, in which every character
 * that a terminal would obey is shown as `\u{1b}`. Idempotent.
 */
export function neutral(text: string): string {
  return text.replace(UNSAFE, (point) => `\\u{${(point.codePointAt(0) ?? 0).toString(16)}}`);
}

/** {@link neutral}, line by line: for texts that we laid out ourselves. */
export function neutralLines(text: string): string {
  return text.split("\n").map(neutral).join("\n");
}

/** JSON whose strings hold no character that a terminal would obey: they are escaped, so a reader gets the same values. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(UNSAFE, (point) => (point === "\n" ? point : escapeUnits(point)));
}

/** {@link safeJson} on one line. */
export function safeJsonLine(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, escapeUnits);
}

function escapeUnits(point: string): string {
  return point
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
