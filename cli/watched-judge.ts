// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import { isDocumentError, type Judge, type Purpose } from "@elevation/domain";
import { BadDocuments, readJudgeFiles } from "./documents";
import { sayProblems, stateOf } from "./watched";

/** A policy and a directory that may change while they are gone by: read again when a file has. */
export class WatchedJudge {
  readonly #cwd: string;
  readonly #policy: string;
  readonly #directory: string;
  /** Told what is wrong with the files, a line each, once for each change. */
  readonly #say: (line: string) => void;
  #seen: string | null = null;
  #judge: Judge | null = null;
  /** Of which `#granting` was read. */
  #studied: Judge | null = null;
  #granting: Judge | null = null;
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
    if (this.#hasChanged()) {
      // To end access by a policy nothing of it need be enforced.
      this.#judge = this.#read("study") ?? this.#judge;
    }
    return this.#judge;
  }

  /** What the files say now, for whoever opens access by it: null where they can't be read, or say what this version doesn't enforce. */
  toGrantBy(): Judge | null {
    const judge = this.current();
    if (this.#isBad) return null;
    if (judge !== this.#studied) {
      this.#studied = judge;
      this.#granting = this.#read("grant");
    }
    return this.#granting;
  }
  /** Whether the files could not be read when they were last looked at. */
  get isBad(): boolean {
    return this.#isBad;
  }

  #hasChanged(): boolean {
    const state = [this.#policy, this.#directory].map((file) => stateOf(resolve(this.#cwd, file))).join();
    if (state === this.#seen) return false;
    this.#seen = state;
    this.#isBad = false;
    return true;
  }

  /** Null where they can't be read, which is told. */
  #read(purpose: Purpose): Judge | null {
    try {
      return readJudgeFiles(this.#cwd, this.#policy, this.#directory, purpose);
    } catch (error) {
      if (!(error instanceof BadDocuments) && !isDocumentError(error)) throw error;
      this.#isBad = true;
      sayProblems(error, this.#say);
      return null;
    }
  }
}
