// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent, NewEvent } from "@elevation/domain";
import { type Head, JournalError, type JournalStore } from "@elevation/journal";
import { MemoryStore } from "../../support/journal-memory-store";

/** The journal of a simulated world, which all processes share, in memory. Appending excludes others, as a file's lock does. */
export class SimJournal extends MemoryStore {
  isDown = false;

  override async read(after?: Head): Promise<readonly JournalEvent[]> {
    this.#requireUp("unreadable");
    return super.read(after);
  }

  override async append(events: readonly NewEvent[], ifHead?: Head): Promise<readonly JournalEvent[]> {
    this.#requireUp("write-failed");
    return super.append(events, ifHead);
  }

  /** NB. in one turn: nobody comes between. */
  async appendTogether(after: Head, fill: (newer: readonly JournalEvent[]) => readonly JournalEvent[]): Promise<void> {
    this.#requireUp("write-failed");
    this.events.push(...fill(this.events.slice(after.seq)));
  }

  #requireUp(code: "unreadable" | "write-failed"): void {
    if (this.isDown) throw new JournalError(code, "the journal `memory:` is away; bring it back");
  }
}

/** One process's way to the journal; none of its calls comes back once the process is dead. */
export function storeOf(journal: SimJournal, alive: <T>(call: () => T | Promise<T>) => Promise<T>): JournalStore {
  return {
    address: journal.address,
    read: (after) => alive(() => journal.read(after)),
    append: (events, ifHead) => alive(() => journal.append(events, ifHead)),
    appendTogether: (after, fill) => alive(() => journal.appendTogether(after, fill)),
    close: async () => undefined,
  };
}
