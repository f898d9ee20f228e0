// SPDX-License-Identifier: Apache-2.0
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { isDocumentError } from "@elevation/domain";
import { BadDocuments } from "./documents";

/** Documents that may change while they are gone by: read again when one of their files has. */
export class Watched<T> {
  readonly #files: readonly string[];
  readonly #read: () => T;
  /** Told what is wrong with the files, a line each, once for each change. */
  readonly #say: (line: string) => void;
  #seen: string | null = null;
  #value: T | null = null;
  #isBad = false;

  /** `read` throws BadDocuments or a DocumentError where the files can't be read. */
  constructor(cwd: string, files: readonly string[], read: () => T, say: (line: string) => void) {
    this.#files = files.map((file) => resolve(cwd, file));
    this.#read = read;
    this.#say = say;
  }

  /**
   * What the files say now; where they can't be read, what they said last, and null where they never could: whoever only ends access
   * by it does no harm by going on.
   */
  current(): T | null {
    const state = this.#files.map(stateOf).join();
    if (state === this.#seen) return this.#value;
    this.#seen = state;
    this.#isBad = false;
    try {
      this.#value = this.#read();
    } catch (error) {
      if (!(error instanceof BadDocuments) && !isDocumentError(error)) throw error;
      this.#isBad = true;
      sayProblems(error, this.#say);
    }
    return this.#value;
  }

  /** Whether the files could not be read when they were last looked at. */
  get isBad(): boolean {
    return this.#isBad;
  }
}

/** A line each. */
export function sayProblems({ problems }: Pick<BadDocuments, "problems">, say: (line: string) => void): void {
  for (const { file, line, column, message } of problems)
    say(line === 0 ? `error: ${file}: ${message}` : `error: ${file}:${line}:${column}: ${message}`);
}

/** Another one where the file is another, or was written. What can't be looked at has the state of why: whoever reads it then says so. */
export function stateOf(path: string): string {
  try {
    const found = statSync(path);
    return `${found.ino} ${found.size} ${found.mtimeMs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown fault";
  }
}
