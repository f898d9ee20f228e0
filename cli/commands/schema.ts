// SPDX-License-Identifier: Apache-2.0
import { DOCUMENT_KINDS, jsonSchemaOf, quote, quoteList } from "@elevation/domain";
import { CommandError, EXIT, type ExitCode } from "../exit";
import type { Terminal } from "../terminal";

/** `elevate schema`: the JSON Schema of a kind of document, whichever case it is written in. Throws CommandError. */
export function schema(name: string, terminal: Terminal): ExitCode {
  const kind = DOCUMENT_KINDS.find((known) => known.toLowerCase() === name.toLowerCase());
  if (kind === undefined) {
    throw new CommandError(EXIT.badInput, `${quote(name)} is no kind of document; use ${quoteList(DOCUMENT_KINDS)}`);
  }
  terminal.printJson(jsonSchemaOf(kind));
  return EXIT.yes;
}
