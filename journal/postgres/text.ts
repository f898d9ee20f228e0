// SPDX-License-Identifier: Apache-2.0

const LONGEST_NAME = 200;

/**
 * A secret of fewer characters is hidden only where it stands as a word of its own. Within other words it is there by
 * chance, and hiding it would tell it: `ad***in` says that the password is `m`.
 */
const HIDDEN_ANYWHERE = 8;
const BEGINS_WORD = /^[\p{L}\p{N}_]/u;
const ENDS_WORD = /[\p{L}\p{N}_]$/u;

/**
 * Hides the secrets in what a driver or a server says of a failure. Not for names that were read from a catalog: they are
 * no less true where a password is the same word, and what is recorded of a grant must be what was there.
 */
export type Mask = (text: string) => string;

/** The longest secret first, so that a whole address is hidden before the host within it. Empty secrets hide nothing. */
export function maskOf(secrets: readonly string[]): Mask {
  const found = [...new Set(secrets.filter((secret) => secret !== ""))].sort((a, b) => b.length - a.length);
  if (found.length === 0) return (text) => text;
  const pattern = new RegExp(found.map(patternOf).join("|"), "gu");
  return (text) => text.replace(pattern, "***");
}

function patternOf(secret: string): string {
  const literal = secret.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  if (secret.length >= HIDDEN_ANYWHERE) return literal;
  const before = BEGINS_WORD.test(secret) ? "(?<![\\p{L}\\p{N}_])" : "";
  const after = ENDS_WORD.test(secret) ? "(?![\\p{L}\\p{N}_])" : "";
  return `${before}${literal}${after}`;
}

/**
 * Text that another system wrote, as one harmless line: whoever may name a table must not be able to write to a
 * terminal or to forge a second sentence.
 */
export function neutral(text: string): string {
  const line = text
    .replace(/[\p{C}\p{Z}]+/gu, " ")
    .replaceAll("`", "'")
    .trim();
  return line.length > LONGEST_NAME ? `${line.slice(0, LONGEST_NAME)}…` : line;
}
