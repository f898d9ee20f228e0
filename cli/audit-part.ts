// SPDX-License-Identifier: Apache-2.0
import { read } from "node:fs";
import { promisify } from "node:util";
import { parentPort, workerData } from "node:worker_threads";
import { scanLines } from "@elevation/journal";
import type { PartFound, PartTask } from "./audit-thread";
import { AuditedChain } from "./audited-chain";

/** What a thread of `elevate audit verify` does: it verifies one part of a journal, and posts what it found. */
async function auditPart({ descriptor, from, to }: PartTask): Promise<PartFound | null> {
  const readAt = promisify(read);
  const file = {
    read: (buffer: Buffer, offset: number, length: number, position: number) =>
      readAt(descriptor, buffer, offset, length, position),
  };
  const chain = new AuditedChain(null);
  const end = await scanLines(file, from, to, chain.addLine);
  const part = chain.part();
  return part === null ? null : { part, end };
}

void auditPart(workerData as PartTask).then((found) => parentPort?.postMessage(found));
