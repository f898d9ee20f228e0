// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import type { JournalStore } from "@elevation/journal";
import { auditLines } from "./audit-lines";
import { type Audit, AuditedChain } from "./audited-chain";
import { CommandError, EXIT } from "./exit";

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
    for (const value of values) if (!chain.addValue(value)) return chain.audit(0);
  }
  return chain.audit(0);
}

/** The path in a `file:` address that the store accepted. */
export function pathOf(address: string, cwd: string): string {
  return resolve(cwd, address.slice("file:".length));
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
