// SPDX-License-Identifier: Apache-2.0

const LONGEST_NAME = 200;

/** Hides every occurrence of the secrets in text that another system wrote. */
export type Mask = (text: string) => string;

/** The longest secret first, so that a whole address is hidden before the host within it. Empty secrets hide nothing. */
export function maskOf(secrets: readonly string[]): Mask {
  const found = [...new Set(secrets.filter((secret) => secret !== ""))].sort((a, b) => b.length - a.length);
  return (text) => found.reduce((masked, secret) => masked.replaceAll(secret, "***"), text);
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
