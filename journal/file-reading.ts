// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from "node:fs/promises";
import type { JournalEvent } from "@elevation/domain";
import { verifyLinks } from "./chain";
import { parseLine, type ShapedEvent } from "./event-line";
import { JournalError } from "./journal-error";
import { type FileState, fileState } from "./journal-file";
import { LineIndex } from "./line-index";
import { scanLines } from "./line-scan";
import { GENESIS, type Head } from "./store";

/** How often a file that changed under a reader's eyes is read again before it counts as damaged. */
const READINGS = 5;

/** Within so many milliseconds two changes of a file may have one time, by a coarse clock of a file system. */
const CLOCK_TICK = 50;

interface Scanned {
  readonly events: readonly ShapedEvent[];
  /** Where the last finished line ends. */
  readonly finished: number;
}

/** What one process has read of one journal file: it goes on where it stopped, as long as the file is the same. */
export class FileReading {
  readonly #address: string;
  /** Null: nothing was read yet, or the file was found to be another than it was. */
  #index: LineIndex | null = null;
  /** The last event that was read or written here; a file without it is not the one that was read. */
  #seen: Head | null = null;
  /** The file as it was when all of it was read last; null where it was written to since. */
  #asRead: FileState | null = null;

  constructor(address: string) {
    this.#address = address;
  }

  /** Whether the file is as it was when it was last read, up to `after`: then nothing follows that. */
  isAsRead(now: FileState | null, after: Head): boolean {
    const [then, head] = [this.#asRead, this.#index?.head];
    if (now === null || then === null || head?.seq !== after.seq || head.hash !== after.hash) return false;
    const { device, inode, size, changedAt } = now;
    return device === then.device && inode === then.inode && size === then.size && changedAt === then.changedAt;
  }

  /** The finished events after `after`, without a lock. Only what follows is read if `after` is where it was. */
  async read(file: FileHandle, after: Head | undefined): Promise<readonly JournalEvent[]> {
    for (let reading = 1; ; reading++) {
      const before = await fileState(file);
      try {
        return await this.#readOnce(file, before, after);
      } catch (error) {
        this.#index = null;
        this.#asRead = null;
        // NB. A writer may have cut off a torn line and written another in its place while we read across both.
        const now = await fileState(file);
        const isChanged = now.size !== before.size || now.changedAt !== before.changedAt;
        if (reading === READINGS || !isChanged) throw error;
      }
    }
  }

  /** Reads and verifies all that was added. Only under the lock, so that an unfinished line is nobody's any more. */
  async catchUp(file: FileHandle, state: FileState): Promise<{ readonly index: LineIndex; readonly finished: number }> {
    const seen = this.#seen;
    const known = await this.#known(file, state, seen);
    this.#index = null;
    const index = known ?? new LineIndex(state);
    const from = index.head;
    const { events, finished } = await this.#scan(file, state, index);
    const problem = verifyLinks(events, from);
    if (problem !== null) throw this.#untrusted(problem.message);
    if (known === null && seen !== null) this.#requireSeen(events, seen);
    this.keep(index);
    return { index, finished };
  }

  /** What the index says is what stands in the file. */
  keep(index: LineIndex): void {
    this.#index = index;
    this.#seen = index.head;
    this.#asRead = null;
  }

  async #readOnce(file: FileHandle, state: FileState, after: Head | undefined): Promise<readonly JournalEvent[]> {
    const known = await this.#known(file, state, after ?? null);
    if (known !== null && after !== undefined) known.rewind(after);
    const index = known ?? new LineIndex(state);
    const { events } = await this.#scan(file, state, index);
    if (known === null && after !== undefined) this.#requireSeen(events, after);
    this.keep(index);
    this.#asRead = Date.now() - state.changedAt > CLOCK_TICK ? state : null;
    return known === null && after !== undefined ? events.slice(after.seq) : events;
  }

  async #known(file: FileHandle, state: FileState, head: Head | null): Promise<LineIndex | null> {
    if (this.#index === null || head === null) return null;
    return (await this.#index.holds(file, state, head)) ? this.#index : null;
  }

  async #scan(file: FileHandle, state: FileState, index: LineIndex): Promise<Scanned> {
    const events: ShapedEvent[] = [];
    const finished = await scanLines(file, index.end, state.size, (line, end) => {
      const seq = index.head.seq + 1;
      const parsed = parseLine(line);
      if ("problem" in parsed) throw this.#untrusted(`line ${seq}: ${parsed.problem}`);
      if (parsed.event.seq !== seq) throw this.#untrusted(`line ${seq}: its \`seq\` is ${parsed.event.seq}`);
      index.add(parsed.event, end);
      events.push(parsed.event);
    });
    if (index.head.seq > 0) return { events, finished };
    throw new JournalError(
      "absent",
      `the file at \`${this.#address}\` holds no finished event, so it is no journal; bring the journal back, or remove the file and run \`elevate journal init\``,
    );
  }

  /** The file was replaced or cut since: go on only if it is a copy of what was read, as far as that went. */
  #requireSeen(events: readonly ShapedEvent[], seen: Head): void {
    if (seen.seq === GENESIS.seq) return;
    const problem = verifyLinks(events.slice(0, seen.seq));
    if (problem !== null) throw this.#untrusted(problem.message);
    if (events[seen.seq - 1]?.hash !== seen.hash) {
      throw this.#untrusted(`event ${seen.seq}, which was read before, is no longer in it`);
    }
  }

  #untrusted(what: string): JournalError {
    return new JournalError(
      "untrusted",
      `the journal \`${this.#address}\` cannot be trusted: ${what}; restore it from a copy that verifies`,
    );
  }
}
