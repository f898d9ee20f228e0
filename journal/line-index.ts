// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from "node:fs/promises";
import { verifyLinks } from "./chain";
import { parseLine } from "./event-line";
import type { FileState } from "./journal-file";
import { readRange } from "./line-scan";
import { GENESIS, type Head } from "./store";

/** Where each event's line ends in one file, so that going on reading costs what was added and no more. */
export class LineIndex {
  readonly #device: number;
  readonly #inode: number;
  /** By seq; 0 for {@link GENESIS}. */
  readonly #ends: number[] = [0];
  #head: Head = GENESIS;

  constructor(file: FileState) {
    this.#device = file.device;
    this.#inode = file.inode;
  }

  /** The last event in the index. */
  get head(): Head {
    return this.#head;
  }

  /** Where its line ends, and the next one starts. */
  get end(): number {
    return this.#ends[this.#head.seq] ?? 0;
  }

  /** Adds the event that follows the head. */
  add(event: Head, end: number): void {
    this.#ends.push(end);
    this.#head = { seq: event.seq, hash: event.hash };
  }

  /** Forgets what follows an event that {@link holds}. */
  rewind(head: Head): void {
    this.#ends.length = head.seq + 1;
    this.#head = head;
  }

  /** Whether this is still the same file, and an event that was indexed still stands at its place, unharmed. */
  async holds(file: FileHandle, state: FileState, head: Head): Promise<boolean> {
    const [start, end] = [this.#ends[head.seq - 1], this.#ends[head.seq]];
    if (start === undefined || end === undefined || end > state.size) return false;
    if (state.device !== this.#device || state.inode !== this.#inode) return false;
    const line = (await readRange(file, start, end)).toString("utf8");
    if (!line.endsWith("\n")) return false;
    const parsed = parseLine(line.slice(0, -1));
    if ("problem" in parsed || parsed.event.hash !== head.hash) return false;
    return verifyLinks([parsed.event], { seq: head.seq - 1, hash: parsed.event.prev }) === null;
  }
}
