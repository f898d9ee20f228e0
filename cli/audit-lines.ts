// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { nextLineStart, scanLines } from "@elevation/journal";
import { type AuditThread, startAuditThread } from "./audit-thread";
import { type Audit, AuditedChain } from "./audited-chain";

/** How a file is divided among threads. */
export interface Division {
  /** The most threads, this one included. */
  readonly threads: number;
  /** The fewest bytes worth a thread. */
  readonly bytes: number;
}

/** A thread takes some tenths of a second to start and 80 MB of memory; more than four save little. */
const DIVISION: Division = { threads: Math.min(4, availableParallelism()), bytes: 32 << 20 };

/**
 * Verifies the first `size` bytes of a journal, line by line; of a long one, several parts at the same time.
 *
 * INVARIANT (parts): the answer is that of one reading from the first line to the last. All that other threads ever say is
 * "these lines verify, if they follow that event". What none of them says it of, for whatever reason, is verified here, in order.
 */
export async function auditLines(file: FileHandle, size: number, division = DIVISION): Promise<Audit> {
  const chain = new AuditedChain();
  const threads: AuditThread[] = [];
  try {
    const starts = await partStarts(file, size, division);
    for (const [i, from] of starts.entries()) threads.push(startAuditThread(file.fd, from, starts[i + 1] ?? size));
    let end = await scanLines(file, 0, starts[0] ?? size, chain.addLine);
    for (const { result } of threads) {
      const found = await result;
      if (found === null || !chain.join(found.part)) break;
      end = found.end;
    }
    end = await scanLines(file, end, size, chain.addLine);
    return chain.audit(size - end);
  } finally {
    // They read the file, which is closed next.
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}

/** Where the second part begins, the third and so on: each with a line. */
async function partStarts(file: FileHandle, size: number, { threads, bytes }: Division): Promise<readonly number[]> {
  const parts = Math.min(threads, Math.floor(size / bytes));
  const starts: number[] = [];
  for (let part = 1; part < parts; part++) {
    const start = await nextLineStart(file, Math.floor((size * part) / parts), size);
    if (start < size && start !== starts.at(-1)) starts.push(start);
  }
  return starts;
}
