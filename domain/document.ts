// SPDX-License-Identifier: Apache-2.0
import type { Digest } from "./digest";

/** The text of one document file. `file` is only used in messages, but its ending counts: `.json` is read as strict JSON. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Keys and indices from the root of a document to one of its values. */
export type Path = readonly (string | number)[];

/** Where something stands in a file; both count from 1, columns in UTF-16 code units. 0 where there is no file. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a document. */
export interface Problem extends Position {
  readonly file: string;
  /** As in `rules[0].hours.from`; empty for the document itself. */
  readonly path: string;
  /** One line: what was seen, the limit, and how to mend it. */
  readonly message: string;
}

/** A document that was read and found good. */
export interface Document<T> {
  readonly file: string;
  /** The document as written: no default is filled in. */
  readonly value: T;
  /** Digest of the document as written (design §4.3); of a request, of all but its `signature`. */
  readonly digest: Digest;
  /** Where the value at `path` begins; the nearest value around it where there is none at `path`. */
  locate(path: Path): Position;
}

/** A document is bad. `problems` are all of its problems (of both documents, where two were read), in order of file and position. */
export class DocumentError extends Error {
  override readonly name = "DocumentError";
  /** A brand, because `instanceof` fails between two copies of this module. */
  readonly isDocumentError = true as const;
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(renderProblem).join("\n"));
    this.problems = problems;
  }
}

/** Whether `e` is a {@link DocumentError}, of this or another copy of the module. */
export function isDocumentError(e: unknown): e is DocumentError {
  return typeof e === "object" && e !== null && "isDocumentError" in e && e.isDocumentError === true;
}

/** `file:line:column: message`; `file: message` where there is no file to point into. */
export function renderProblem(problem: Problem): string {
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  return `${place}: ${problem.message}`;
}

/** A path for people: `rules[0].hours.from`, `people["alice@example.com"].name`; empty for the root. */
export function renderPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[A-Za-z0-9_-]+$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}
