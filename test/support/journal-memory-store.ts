// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent, NewEvent } from "@elevation/domain";
import { canonicalJson, sha256Hex } from "@elevation/domain";
import { GENESIS, type Head, JournalError, type JournalStore } from "@elevation/journal";

const SALT = "0".repeat(32);

/** A store that keeps its events in memory, and lets a test come between a reader and its append. */
export class MemoryStore implements JournalStore {
  readonly address = "memory:";
  readonly events: JournalEvent[] = [];
  /** The number of events that each reading brought. */
  readonly readings: number[] = [];
  isClosed = false;
  /** Runs before each append, as another writer would. */
  beforeAppend: () => Promise<void> = () => Promise.resolve();

  async read(after: Head = GENESIS): Promise<readonly JournalEvent[]> {
    if (this.events.length === 0) throw new JournalError("absent", "there is no journal at `memory:`; make one");
    const events = this.events.slice(after.seq);
    this.readings.push(events.length);
    return events;
  }

  async append(events: readonly NewEvent[], ifHead?: Head): Promise<readonly JournalEvent[]> {
    await this.beforeAppend();
    const head = this.events.at(-1) ?? GENESIS;
    if (ifHead !== undefined && ifHead.hash !== head.hash) throw new JournalError("head-moved", "the head moved");
    return this.force(events);
  }

  /** Appends whatever a test wants to stand there. */
  force(events: readonly NewEvent[]): readonly JournalEvent[] {
    const start = this.events.length;
    for (const { at, type, request, actor, data } of events) {
      const digest = sha256Hex(SALT + canonicalJson(data));
      const prev = this.events.at(-1)?.hash ?? GENESIS.hash;
      const chained = { seq: this.events.length + 1, at, type, request, actor, digest, prev };
      this.events.push({ ...chained, hash: sha256Hex(canonicalJson(chained)), data, salt: SALT });
    }
    return this.events.slice(start);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}
