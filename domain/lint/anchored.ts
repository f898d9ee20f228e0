// SPDX-License-Identifier: Apache-2.0

/**
 * Whether an RE2 pattern, wherever it is found, is the whole text: each of its alternatives begins with `^` and ends with `$`, itself or
 * by a group that does. False where that can't be told from the outside of the pattern.
 */
export function isAnchored(pattern: string): boolean {
  // Where m is set, `^` and `$` are found at every line.
  const isByLine = /\(\?[a-zA-Z]*m/.test(pattern);
  return isEach(pattern, isByLine, "start") && isEach(pattern, isByLine, "end");
}

type Side = "start" | "end";

function isEach(pattern: string, isByLine: boolean, side: Side): boolean {
  return alternativesOf(pattern).every((tokens) => {
    const token = side === "start" ? tokens[0] : tokens.at(-1);
    if (token === undefined) return false;
    const anchors = side === "start" ? ["\\A", "^"] : ["\\z", "$"];
    if (token === anchors[0]) return true;
    if (token === anchors[1]) return !isByLine;
    const group = /^\((?:\?P?<[^>]*>|\?[a-zA-Z-]*:)?(.*)\)$/s.exec(token);
    return group !== null && isEach(group[1] ?? "", isByLine, side);
  });
}

/** The parts of each alternative: characters, classes, escapes and groups, with what repeats them; flags alone are left out. */
function alternativesOf(pattern: string): readonly (readonly string[])[] {
  const alternatives: string[][] = [[]];
  for (let at = 0; at < pattern.length; ) {
    if (pattern[at] === "|") {
      alternatives.push([]);
      at++;
      continue;
    }
    const end = endOfRepeat(pattern, endOfAtom(pattern, at));
    const token = pattern.slice(at, end);
    if (!/^\(\?[a-zA-Z-]+\)$/.test(token)) alternatives.at(-1)?.push(token);
    at = end;
  }
  return alternatives;
}

function endOfAtom(pattern: string, at: number): number {
  if (pattern.startsWith("\\Q", at)) {
    const end = pattern.indexOf("\\E", at);
    return end === -1 ? pattern.length : end + 2;
  }
  if (pattern[at] === "\\") return at + 2;
  if (pattern[at] === "[") return endOfClass(pattern, at);
  if (pattern[at] !== "(") return at + 1;
  let inner = at + 1;
  while (inner < pattern.length && pattern[inner] !== ")") inner = endOfAtom(pattern, inner);
  return inner + 1;
}

/** NB. A bracket that comes first in a class is a character of it. */
function endOfClass(pattern: string, at: number): number {
  let end = at + (pattern[at + 1] === "^" ? 2 : 1);
  if (pattern[end] === "]") end++;
  while (end < pattern.length && pattern[end] !== "]") {
    if (pattern[end] === "\\") end += 2;
    else if (pattern.startsWith("[:", end)) end = pattern.indexOf(":]", end) + 2;
    else end++;
  }
  return end + 1;
}

function endOfRepeat(pattern: string, at: number): number {
  const repeat = /^(?:[*+?]|\{\d+(?:,\d*)?\})+/.exec(pattern.slice(at));
  return at + (repeat?.[0].length ?? 0);
}
