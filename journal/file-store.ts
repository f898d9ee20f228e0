// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, unlink } from "node:fs/promises";
import type { JournalEvent, NewEvent } from "@elevation/domain";
import type { Beats } from "./beats/beats";
import { FileBeats } from "./beats/file-beats";
import { formatLine } from "./event-line";
import { LOCK_WAIT } from "./file-lock";
import { FileReading } from "./file-reading";
import { JournalError, systemCode } from "./journal-error";
import {
  asJournalError,
  createForWriting,
  fileState,
  openForReading,
  openForWriting,
  stateAt,
  syncFolder,
} from "./journal-file";
import { LineIndex } from "./line-index";
import { sealEvents } from "./seal-events";
import { SerialQueue } from "./serial-queue";
import { GENESIS, type Head, type JournalStore } from "./store";
import { cutTornLine } from "./torn-line";

/**
 * A journal in one file of JSON lines (design §9) on one machine's lasting disk. Writers exclude each other with an OS
 * lock on the file itself, which dies with its process; readers take none and ignore a line that isn't finished. A
 * writer that is killed may leave the first events of what it appended, whole; those it had not acknowledged.
 */
export class FileStore implements JournalStore {
  readonly address: string;
  readonly #path: string;
  readonly #onRepair: ((report: string) => void) | undefined;
  readonly #lockWait: number;
  readonly #queue = new SerialQueue();
  readonly #reading: FileReading;

  /** `path` is absolute; `lockWait` is in ms. */
  constructor(path: string, onRepair?: (report: string) => void, lockWait = LOCK_WAIT) {
    this.address = `file:${path.replace(/\p{C}/gu, "\uFFFD")}`;
    this.#path = path;
    this.#onRepair = onRepair;
    this.#lockWait = lockWait;
    this.#reading = new FileReading(this.address);
  }

  read(after?: Head): Promise<readonly JournalEvent[]> {
    return this.#queue.run(() => this.#read(after));
  }

  append(events: readonly NewEvent[], ifHead?: Head): Promise<readonly JournalEvent[]> {
    if (events.length === 0) return Promise.resolve([]);
    return this.#queue.run(() => (ifHead?.seq === GENESIS.seq ? this.#create(events) : this.#append(events, ifHead)));
  }

  appendTogether(after: Head, fill: (newer: readonly JournalEvent[]) => readonly JournalEvent[]): Promise<void> {
    return this.#queue.run(() =>
      this.#locked(async (file) => {
        const newer = await this.#reading.read(file, after);
        const index = await this.#catchUp(file);
        const sealed = fill(newer);
        if (sealed.length > 0) await this.#write(file, index, sealed);
      }),
    );
  }

  beats(): Beats {
    return new FileBeats(this.#path);
  }

  /** Waits for what was asked before; no file is kept open between two calls. */
  close(): Promise<void> {
    return this.#queue.run(() => Promise.resolve());
  }

  async #read(after: Head | undefined): Promise<readonly JournalEvent[]> {
    if (after !== undefined && this.#reading.isAsRead(await stateAt(this.#path), after)) return [];
    const file = await openForReading(this.#path, this.address);
    try {
      return await this.#reading.read(file, after);
    } catch (error) {
      throw asJournalError(error, "unreadable", `the journal \`${this.address}\` cannot be read`, this.address);
    } finally {
      await file.close();
    }
  }

  #append(events: readonly NewEvent[], ifHead: Head | undefined): Promise<readonly JournalEvent[]> {
    return this.#locked(async (file) => {
      const index = await this.#catchUp(file);
      const { head } = index;
      if (ifHead !== undefined && (ifHead.seq !== head.seq || ifHead.hash !== head.hash)) {
        throw new JournalError(
          "head-moved",
          `the journal \`${this.address}\` ends with event ${head.seq}, not with event ${ifHead.seq} as it was judged; judge again`,
        );
      }
      return await this.#write(file, index, sealEvents(events, head));
    });
  }

  async #locked<T>(work: (file: FileHandle) => Promise<T>): Promise<T> {
    const file = await openForWriting(this.#path, this.address, this.#lockWait);
    try {
      return await work(file);
    } catch (error) {
      throw asJournalError(error, "write-failed", `the journal \`${this.address}\` cannot be written`, this.address);
    } finally {
      await file.close();
    }
  }

  async #catchUp(file: FileHandle): Promise<LineIndex> {
    const state = await fileState(file);
    const { index, finished } = await this.#reading.catchUp(file, state);
    if (finished < state.size) {
      const report = await cutTornLine(file, this.#path, finished, state.size, index.head.seq + 1);
      this.#onRepair?.(report);
    }
    return index;
  }

  async #write(file: FileHandle, index: LineIndex, sealed: readonly JournalEvent[]): Promise<readonly JournalEvent[]> {
    const lines = sealed.map((event) => Buffer.from(formatLine(event)));
    const start = index.end;
    const bytes = Buffer.concat(lines);
    try {
      // One call, unless the disk takes a part of it only: the next call then says why.
      for (let done = 0; done < bytes.length; ) {
        done += (await file.write(bytes, done, bytes.length - done, start + done)).bytesWritten;
      }
      await file.sync();
    } catch (error) {
      // What could not be written whole must not be there: the caller is told that nothing was appended.
      await file.truncate(start);
      await file.sync();
      throw error;
    }
    sealed.forEach((event, i) => {
      index.add(event, index.end + (lines[i]?.length ?? 0));
    });
    this.#reading.keep(index);
    return sealed;
  }

  async #create(events: readonly NewEvent[]): Promise<readonly JournalEvent[]> {
    const file = await createForWriting(this.#path, this.address, this.#lockWait).catch((error: unknown) => {
      throw this.#notCreated(error);
    });
    try {
      const sealed = await this.#write(file, new LineIndex(await fileState(file)), sealEvents(events, GENESIS));
      await syncFolder(this.#path);
      return sealed;
    } catch (error) {
      // Ours, new, and nobody was told of it.
      await unlink(this.#path);
      throw asJournalError(error, "write-failed", `the journal \`${this.address}\` cannot be written`, this.address);
    } finally {
      await file.close();
    }
  }

  #notCreated(error: unknown): unknown {
    const what = `the journal \`${this.address}\` cannot be made`;
    const cause = systemCode(error);
    if (cause === "ENOENT" || cause === "ENOTDIR") {
      return new JournalError("write-failed", `${what}: its folder does not exist; make the folder first`, {
        cause: error,
      });
    }
    if (cause !== "EEXIST") return asJournalError(error, "write-failed", what, this.address);
    return new JournalError(
      "exists",
      `something stands at \`${this.address}\` already; use the journal that it is, or choose another path`,
      { cause: error },
    );
  }
}
