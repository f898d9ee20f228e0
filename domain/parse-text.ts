// SPDX-License-Identifier: Apache-2.0
import type { Source } from "./document";
import { parseJson } from "./parse-json";
import { parseYaml } from "./parse-yaml";
import type { Fault, Parsed } from "./parsed";

// Control characters that YAML and JSON do not have, lone surrogates, and what bytes become that were no UTF-8.
const NO_TEXT = /(?![\t\n\r\u0085])\p{Cc}|\p{Cs}|\ufffd/u;

/** A byte order mark is no part of a document: editors don't count it, and the parser of YAML stumbles over what follows it. */
export function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, "");
}

/** What keeps a text of at most so many bytes from being parsed at all; null where nothing does. Offsets as {@link withoutMark}. */
export function textFault(text: string, maxBytes: number): Fault | null {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) return fault(0, `the file has ${bytes} bytes, the limit is ${maxBytes}; make it smaller`);
  const unmarked = withoutMark(text);
  const bad = NO_TEXT.exec(unmarked);
  if (bad !== null) {
    const code = bad[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    return fault(bad.index, `the character U+${code} is no text; save the file as plain UTF-8 without it`);
  }
  if (unmarked.trim() === "") return fault(0, "the file is empty; write a document into it");
  return null;
}

/** Parses strict JSON where the file's name ends in `.json`, else YAML. A byte order mark is passed over: offsets as {@link withoutMark}. */
export function parseText(source: Source): Parsed {
  if (source.file.toLowerCase().endsWith(".json")) return parseJson(withoutMark(source.text));
  return parseYaml(withoutMark(source.text));
}

function fault(offset: number, message: string): Fault {
  return { offset, path: [], message };
}
