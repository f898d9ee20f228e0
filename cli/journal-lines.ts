// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import type { JournalEvent } from "@elevation/domain";
import { type ChainProblem, GENESIS, type JournalStore, verifyChain } from "@elevation/journal";
import { CommandError, EXIT } from "./exit";

/** What the chain of a journal or an export is found to be. */
export interface Audit {
  /** The events that verify, from the first; all of them if there is no problem. */
  readonly events: readonly JournalEvent[];
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
 * Throws CommandError: bad input where there is no journal, a failed store where it can't be read.
 */
export async function auditFile(path: string, store: JournalStore): Promise<Audit> {
  const file = await openRegular(path, store.address);
  try {
    for (let reading = 1; ; reading++) {
      const before = await file.stat();
      const audit = auditText(await readWhole(file));
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
  const events: JournalEvent[] = [];
  for await (const values of batches) {
    // verifyChain looks at the shape of each before it believes it.
    const batch = values as readonly JournalEvent[];
    const problem = verifyChain(batch, events.at(-1) ?? GENESIS);
    const verified = problem === null ? batch : batch.slice(0, problem.seq - events.length - 1);
    for (const event of verified) events.push(event);
    if (problem !== null) return { events, problem, unfinishedBytes: 0 };
  }
  return { events, problem: null, unfinishedBytes: 0 };
}

/** The path in a `file:` address that the store accepted. */
export function pathOf(address: string, cwd: string): string {
  return resolve(cwd, address.slice("file:".length));
}

function auditText(text: string): Audit {
  const lines = text.split("\n");
  const unfinishedBytes = Buffer.byteLength(lines.pop() ?? "");
  const values: unknown[] = [];
  let malformed: ChainProblem | null = null;
  for (const line of lines) {
    const value = parseLine(line);
    if (value === undefined) {
      malformed = { seq: values.length + 1, message: `event ${values.length + 1}: it is not JSON` };
      break;
    }
    values.push(value);
  }
  // verifyChain looks at the shape of each before it believes it.
  const events = values as JournalEvent[];
  const problem = verifyChain(events) ?? malformed;
  return { events: problem === null ? events : events.slice(0, problem.seq - 1), problem, unfinishedBytes };
}

/** Undefined, which JSON can't say, for what is no JSON. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
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
    EXIT.badInput,
    `what stands at \`${address}\` is no regular file; name the journal or an export of it`,
  );
}

async function readWhole(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  const buffer = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await file.read(buffer, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.toString("utf8", 0, filled);
}

function failed(error: unknown, address: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new CommandError(EXIT.badInput, `there is no journal at \`${address}\`; correct the address`, {
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
