// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import type { JournalEvent } from "@elevation/domain";
import { type ChainProblem, GENESIS, type JournalStore, parseLine, scanLines, verifyChain } from "@elevation/journal";
import { CommandError, EXIT } from "./exit";

/** What the chain of a journal or an export is found to be: of the events that verify, from the first. */
export interface Audit {
  /** How many they are: all, if there is no problem. */
  readonly count: number;
  /** How many of them stand there without their data: of those the chain is verified, but there is no data to verify. */
  readonly withoutData: number;
  readonly opened: JournalEvent | null;
  readonly last: JournalEvent | null;
  /** The first thing that is wrong. */
  readonly problem: ChainProblem | null;
  /** Bytes of a last line that its writer did not finish, or has not yet. */
  readonly unfinishedBytes: number;
}

/** How often a file that changes while it is read is read again before a problem in it counts. */
const READINGS = 5;

/**
 * Verifies a journal file, or an export of one, line by line. The store's own reading stops at the first line that is no
 * event; an audit says how far the chain holds. Takes no lock and repairs nothing, so that a read-only copy will do.
 * Throws CommandError (a failed store) where there is no journal or it can't be read.
 */
export async function auditFile(path: string, store: JournalStore): Promise<Audit> {
  const file = await openRegular(path, store.address);
  try {
    for (let reading = 1; ; reading++) {
      const before = await file.stat();
      const audit = await auditLines(file, before.size);
      // NB. A writer may have replaced a torn line while we read across it.
      const now = await file.stat();
      const isChanged = now.size !== before.size || now.mtimeMs !== before.mtimeMs;
      if (audit.problem === null || !isChanged || reading === READINGS) return audit;
    }
  } catch (error) {
    throw failed(error, store.address);
  } finally {
    await file.close();
  }
}

/**
 * Verifies what a store that is no file gives, batch by batch. Throws what the store does.
 */
export async function auditValues(batches: AsyncIterable<readonly unknown[]>): Promise<Audit> {
  const chain = new AuditedChain();
  for await (const values of batches) {
    // verifyChain looks at the shape of each before it believes it.
    for (const value of values) if (!chain.add(value as JournalEvent)) return chain.audit(0);
  }
  return chain.audit(0);
}

/** The path in a `file:` address that the store accepted. */
export function pathOf(address: string, cwd: string): string {
  return resolve(cwd, address.slice("file:".length));
}

async function auditLines(file: FileHandle, size: number): Promise<Audit> {
  const chain = new AuditedChain();
  const finished = await scanLines(file, 0, size, (line) => {
    const parsed = parseLine(line);
    if ("problem" in parsed) chain.break(parsed.problem);
    else chain.add(parsed.event);
  });
  return chain.audit(size - finished);
}

/** The part of a chain that verifies: what comes after its first problem is not looked at. Keeps none of the events between. */
class AuditedChain {
  #count = 0;
  #withoutData = 0;
  #opened: JournalEvent | null = null;
  #last: JournalEvent | null = null;
  #problem: ChainProblem | null = null;

  /** Whether it verifies up to and with this event. */
  add(event: JournalEvent): boolean {
    this.#problem ??= verifyChain([event], this.#last ?? GENESIS);
    if (this.#problem !== null) return false;
    this.#count++;
    if (event.salt === undefined) this.#withoutData++;
    this.#opened ??= event;
    this.#last = event;
    return true;
  }

  /** The next line holds no event. */
  break(problem: string): void {
    const seq = this.#count + 1;
    this.#problem ??= { seq, message: `event ${seq}: ${problem}` };
  }

  audit(unfinishedBytes: number): Audit {
    return {
      count: this.#count,
      withoutData: this.#withoutData,
      opened: this.#opened,
      last: this.#last,
      problem: this.#problem,
      unfinishedBytes,
    };
  }
}

async function openRegular(path: string, address: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, a named pipe that stands there would be waited for.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    throw failed(error, address);
  }
  throw new CommandError(
    EXIT.storeFailed,
    `what stands at \`${address}\` is no regular file; name the journal or an export of it`,
  );
}

function failed(error: unknown, address: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new CommandError(EXIT.storeFailed, `there is no journal at \`${address}\`; correct the address`, {
      cause: error,
    });
  }
  return new CommandError(
    EXIT.storeFailed,
    `the journal \`${address}\` cannot be read (${code}); check the file and its rights`,
    {
      cause: error,
    },
  );
}
