// SPDX-License-Identifier: Apache-2.0

/** What a terminal or a browser would obey, or what would look like something else: shown as its code point. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** The longest text of somebody else's that is shown, in characters: no request may crowd out the others. */
const LONGEST = 300;

/**
 * What somebody else wrote, as inline code: nothing of it is a link, a mention, an image, HTML or the end of a table's
 * cell. One line, cut before it is made code.
 */
export function code(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}… (cut)` : text;
  const line = cut.replace(UNSAFE, shown).replace(/\|/g, "¦");
  const fence = "`".repeat(longestRun(line) + 1);
  return line.trim() === "" ? "(empty)" : `${fence} ${line} ${fence}`;
}

/** A sentence of ours, which quotes what others wrote in backticks: those quotes become code, the rest is plain text. */
export function sentence(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") && part.length > 1 ? code(part.slice(1, -1)) : plain(part)))
    .join("");
}

/** Text whose every character is shown as it is: no mark-up, no mention, no HTML. */
export function plain(text: string): string {
  return text
    .replace(UNSAFE, (point) => (point === "\n" ? " " : shown(point)))
    .replace(/[\\`*_[\]<>|#~!{}]/g, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/@/g, "&#64;");
}

/** The longest output that is shown, in characters; its end says what went wrong. */
const LONGEST_BLOCK = 20_000;

/** Lines of a program, as a block that none of them can end. */
export function block(whole: string): string {
  const text = whole.length > LONGEST_BLOCK ? `(cut)\n${whole.slice(-LONGEST_BLOCK)}` : whole;
  const lines = text.replace(/[^\P{C}\n\t]/gu, shown).trimEnd();
  const fence = "`".repeat(Math.max(3, longestRun(lines) + 1));
  return `${fence}text\n${lines}\n${fence}`;
}

function shown(point: string): string {
  return `\\u{${(point.codePointAt(0) ?? 0).toString(16)}}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
