// SPDX-License-Identifier: Apache-2.0
import { createScanner, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import type { Path } from "./document";
import { type Fault, isTooDeep, MAX_DEPTH, type Parsed, Places, TOO_DEEP, toObject } from "./parsed";
import { quote } from "./text";

const FAULTS: Readonly<Record<string, string>> = {
  InvalidSymbol: "an unknown word; text stands in double quotes",
  InvalidNumberFormat: "a number that JSON does not know; write it like 10 or 1.5",
  PropertyNameExpected: 'a key is missing; write it like "name", and no comma after the last entry',
  ValueExpected: "a value is missing; write one, and no comma after the last entry",
  ColonExpected: "a colon is missing; write one after the key",
  CommaExpected: "a comma is missing; write one between two entries",
  CloseBraceExpected: "a closing brace is missing; write }",
  CloseBracketExpected: "a closing bracket is missing; write ]",
  EndOfFileExpected: "something stands behind the document; one document a file",
  InvalidCommentToken: "a comment, which JSON does not have; take it out",
  UnexpectedEndOfComment: "a comment, which JSON does not have; take it out",
  UnexpectedEndOfString: "a text that does not end; close its quotes",
  UnexpectedEndOfNumber: "a number that does not end; write it like 10 or 1.5",
  InvalidUnicode: "an escape that JSON does not know; write it like \\u00e4",
  InvalidEscapeCharacter: "an escape that JSON does not know; write a backslash as \\\\",
  InvalidCharacter: "a control character in a text; write it as an escape, like \\n",
};

// The library's names for these are const enums, which a module compiled on its own cannot see.
const SYNTAX = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, end: 17 };

/** Strict JSON (RFC 8259), with the position of everything in it. */
export function parseJson(text: string): Parsed {
  const places = new Places();
  const deep = tooDeepAt(text);
  if (deep !== null) return { value: undefined, faults: [{ offset: deep, path: [], message: TOO_DEEP }], places };
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: false, disallowComments: true, allowEmptyContent: false });
  const first = new Map([...errors].reverse().map(({ error, offset }) => [offset, error]));
  const faults = [...first].map(([offset, error]) =>
    fault(offset, FAULTS[printParseErrorCode(error)] ?? "a fault; mend it"),
  );
  if (faults.length === 0 && !isJson(text)) faults.push(fault(0, "a fault that has no position; mend it"));
  if (root === undefined || faults.length > 0) return { value: undefined, faults, places };
  const found: Fault[] = [];
  const value = toValue(root, [], null, { places, faults: found });
  return { value, faults: found, places };
}

// Before anything that calls itself for each level sees the text: where its brackets are nested too deep; null where they are not.
function tooDeepAt(text: string): number | null {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let kind = scanner.scan(); kind !== SYNTAX.end; kind = scanner.scan()) {
    if (kind === SYNTAX.openBrace || kind === SYNTAX.openBracket) depth++;
    if (kind === SYNTAX.closeBrace || kind === SYNTAX.closeBracket) depth--;
    if (depth > MAX_DEPTH) return scanner.getTokenOffset();
  }
  return null;
}

function fault(offset: number, message: string): Fault {
  return { offset, path: [], message: `not JSON: ${message}` };
}

// A second opinion: what the tolerant parser let pass and the language's own does not.
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

interface Collected {
  readonly places: Places;
  readonly faults: Fault[];
}

function toValue(node: Node, path: Path, key: number | null, to: Collected): unknown {
  to.places.set(path, key, node.offset);
  if (isTooDeep(path)) {
    to.faults.push({ offset: node.offset, path, message: TOO_DEEP, isHiding: true });
    return undefined;
  }
  if (node.type === "array")
    return (node.children ?? []).map((item, index) => toValue(item, [...path, index], null, to));
  if (node.type !== "object") return node.value;
  const seen = new Map<string, unknown>();
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children ?? [];
    if (keyNode === undefined || valueNode === undefined) continue;
    const name = String(keyNode.value);
    const below = [...path, name];
    if (seen.has(name)) {
      to.faults.push({
        offset: keyNode.offset,
        path: below,
        message: `the key ${quote(name)} stands here twice; keep one`,
      });
    } else seen.set(name, toValue(valueNode, below, keyNode.offset, to));
  }
  return toObject(seen);
}
