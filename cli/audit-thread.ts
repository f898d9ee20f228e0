// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { ChainPart } from "./audited-chain";

/** What a thread is to verify: the lines between two offsets of a file that stays open as long as it runs. */
export interface PartTask {
  readonly descriptor: number;
  readonly from: number;
  readonly to: number;
}

/** The events in these lines; `end` is where the last finished line ends. */
export interface PartFound {
  readonly part: ChainPart;
  readonly end: number;
}

/** A thread that verifies a part of a journal. */
export interface AuditThread {
  /** Null: the part does not verify, or the thread could not say; never rejects. */
  readonly result: Promise<PartFound | null>;
  /** Resolves when it has ended, and reads the file no more. */
  stop(): Promise<unknown>;
}

/** MB for what a thread has just made and soon forgets: with more, as it would take by itself, it is hardly faster. */
const YOUNG = 16;

/** Starts a thread on the program in audit-part.ts. */
export function startAuditThread(descriptor: number, from: number, to: number): AuditThread {
  const task: PartTask = { descriptor, from, to };
  const worker = new Worker(join(__dirname, "audit-part.js"), {
    workerData: task,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG },
  });
  const result = new Promise<PartFound | null>((resolve) => {
    worker.once("message", resolve);
    // Out of memory, for one: it is this thread then that verifies the part.
    worker.once("error", () => resolve(null));
    worker.once("exit", () => resolve(null));
  });
  return { result, stop: () => worker.terminate() };
}
