// SPDX-License-Identifier: Apache-2.0
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { isDocumentError, type Judge } from "@elevation/domain";
import { BadDocuments, readJudgeFiles } from "./documents";

/** A policy and a directory that may change while they are gone by: read again when a file has. */
export class WatchedJudge {
  readonly #cwd: string;
  readonly #policy: string;
  readonly #directory: string;
  /** Told what is wrong with the files, a line each, once for each change. */
  readonly #say: (line: string) => void;
  #seen: string | null = null;
  #judge: Judge | null = null;
  #isBad = false;

  constructor(cwd: string, policy: string, directory: string, say: (line: string) => void) {
    this.#cwd = cwd;
    this.#policy = policy;
    this.#directory = directory;
    this.#say = say;
  }

  /**
   * What the files say now; where they can't be read, what they said last, and null where they never could: whoever only ends access
   * by it does no harm by going on.
   */
  current(): Judge | null {
    const state = [this.#policy, this.#directory].map((file) => stateOf(resolve(this.#cwd, file))).join();
    if (state === this.#seen) return this.#judge;
    this.#seen = state;
    this.#isBad = false;
    try {
      // To end access by a policy nothing of it need be enforced.
      this.#judge = readJudgeFiles(this.#cwd, this.#policy, this.#directory, "study");
    } catch (error) {
      if (!(error instanceof BadDocuments) && !isDocumentError(error)) throw error;
      this.#isBad = true;
      for (const { file, line, column, message } of error.problems) {
        this.#say(line === 0 ? `error: ${file}: ${message}` : `error: ${file}:${line}:${column}: ${message}`);
      }
    }
    return this.#judge;
  }

  /** Whether the files could not be read when they were last looked at. */
  get isBad(): boolean {
    return this.#isBad;
  }
}

function stateOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "absent" : `${found.ino} ${found.size} ${found.mtimeMs}`;
}
