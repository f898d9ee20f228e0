// SPDX-License-Identifier: Apache-2.0
import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  Parser,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import type { Path } from "./document";
import { type Fault, isTooDeep, MAX_DEPTH, type Parsed, Places, TOO_DEEP, toObject } from "./parsed";
import { neutralise, quote } from "./text";

const FAULTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "a tab as indentation; use spaces",
  BAD_INDENT: "indentation that fits nothing around it; align it with its neighbours, or close the bracket above",
  BLOCK_AS_IMPLICIT_KEY: "a mapping inside of a value; put text with a colon in quotes, or align the lines below",
};

const ECHOES = ["BLOCK_AS_IMPLICIT_KEY", "MULTILINE_IMPLICIT_KEY"];

/** One YAML 1.2 document of the core schema, without anchors, aliases, merge keys, tags and directives. */
export function parseYaml(text: string): Parsed {
  const places = new Places();
  const faults: Fault[] = [];
  const documents = compose(text, faults);
  const [document, second] = documents;
  for (const fault of syntaxFaults(documents.flatMap(({ errors }) => errors))) faults.push(fault);
  if (second !== undefined) {
    faults.push({ offset: second.range[0], path: [], message: "a second document begins here; one document a file" });
  }
  if (document === undefined && faults.length === 0) {
    faults.push({ offset: 0, path: [], message: "the file holds no document; write one into it" });
  }
  if (document === undefined || faults.length > 0) return { value: undefined, faults, places };
  const value = toValue(document.contents, [], null, { places, faults });
  return { value, faults, places };
}

// Entries of the parser's stack: at most three for each level of nesting, and some for the document around.
const MAX_STACK = 3 * MAX_DEPTH + 8;

/**
 * The concrete syntax; null where it is nested too deep.
 * NB. The composer calls itself for each level, and near the end of the stack the engine does not always throw: compiling a regular
 * expression there ends the process. A file of 40 kB must not do that, so the depth is bounded before composing.
 */
function tokensOf(text: string, faults: Fault[]): CST.Token[] | null {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_STACK) {
      faults.push({ offset: parser.offset, path: [], message: TOO_DEEP });
      return null;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function compose(text: string, faults: Fault[]): Document.Parsed[] {
  const tokens = tokensOf(text, faults);
  if (tokens === null) return [];
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
  });
  for (const token of tokens) {
    if (token.type === "directive") {
      faults.push({ offset: token.offset, path: [], message: "a directive (%); write plain YAML 1.2 without one" });
    }
  }
  return [...composer.compose(tokens)] as Document.Parsed[];
}

// One fault of the text makes the parser stumble at the same place again, and over the lines below: only what it says first counts.
function syntaxFaults(errors: readonly YAMLError[]): Fault[] {
  const faults = new Map<number, Fault>();
  for (const [index, error] of errors.entries()) {
    const isEcho = index > 0 && ECHOES.includes(error.code) && !ECHOES.includes(errors[0]?.code ?? error.code);
    const fault = syntaxFault(error);
    if (!isEcho && !faults.has(fault.offset)) faults.set(fault.offset, fault);
  }
  return [...faults.values()];
}

function syntaxFault(error: YAMLError): Fault {
  const text = neutralise(`${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`);
  const quoteMark = /^missing closing (['"])quote$/.exec(text)?.[1];
  const known = quoteMark === undefined ? FAULTS[error.code] : `a closing ${quoteMark} is missing; add it`;
  return { offset: error.pos[0], path: [], message: `not YAML: ${known ?? `${text}; mend it`}` };
}

interface Collected {
  readonly places: Places;
  readonly faults: Fault[];
}

function toValue(node: unknown, path: Path, key: number | null, to: Collected): unknown {
  const offset = offsetOf(node) ?? key ?? 0;
  to.places.set(path, key, offset);
  const refuse = (message: string): undefined => {
    to.faults.push({ offset, path, message, isHiding: true });
    return undefined;
  };
  if (node === null || node === undefined) return null;
  if (isTooDeep(path)) return refuse(TOO_DEEP);
  if (isAlias(node)) return refuse(`an alias (${quote(`*${node.source}`)}); write the value out`);
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return refuse("something that is no value; write plain YAML");
  if (node.anchor !== undefined)
    return refuse(`an anchor (${quote(`&${node.anchor}`)}); write the value out where it is needed`);
  if (node.tag !== undefined) return refuse(`a tag (${tagOf(node.tag)}); write a plain value`);
  if (isSeq(node)) return node.items.map((item, index) => toValue(item, [...path, index], null, to));
  if (isMap(node)) return mapToValue(node, path, to);
  return node.value;
}

function mapToValue(map: YAMLMap, path: Path, to: Collected): object {
  const seen = new Map<string, unknown>();
  for (const { key, value } of map.items) {
    const offset = offsetOf(key) ?? to.places.offset(path, "value");
    const refuse = (message: string) => to.faults.push({ offset, path, message });
    if (isAlias(key)) refuse(`an alias (${quote(`*${key.source}`)}); write the key out`);
    else if (!isScalar(key)) refuse("a key that is no text; write it as one word");
    else if (key.anchor !== undefined)
      refuse(`an anchor (${quote(`&${key.anchor}`)}); write the value out where it is needed`);
    else if (key.tag !== undefined) refuse(`a tag (${tagOf(key.tag)}); write a plain key`);
    else if (typeof key.value !== "string")
      refuse(
        `a key that is no text (${key.source === undefined || key.source === "" ? "nothing" : quote(key.source)}); put it in quotes`,
      );
    else if (key.value === "<<" && key.type === "PLAIN") refuse("a merge key (<<); write the fields out");
    else if (seen.has(key.value)) refuse(`the key ${quote(key.value)} stands here twice; keep one`);
    else seen.set(key.value, toValue(value, [...path, key.value], offset, to));
  }
  return toObject(seen);
}

function offsetOf(node: unknown): number | null {
  if (typeof node !== "object" || node === null || !("range" in node) || !Array.isArray(node.range)) return null;
  return typeof node.range[0] === "number" ? node.range[0] : null;
}

function tagOf(tag: string): string {
  return quote(tag.replace("tag:yaml.org,2002:", "!!"));
}
