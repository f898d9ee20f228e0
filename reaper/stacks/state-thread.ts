// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { StateSummary } from "./state-summary";

/** What the thread in state-part.ts answers. */
export type StateAnswer = { readonly state: StateSummary } | { readonly problem: string };

/**
 * {@link import("./state-summary").summarizeState} on a thread of its own: a state of ten thousand grants takes seconds to read, and no
 * end may wait for that. Rejects as it throws.
 */
export function summarizeAside(file: string): Promise<StateSummary> {
  const worker = new Worker(join(__dirname, "state-part.js"), { workerData: file });
  return new Promise((resolve, reject) => {
    worker.once("message", (answer: StateAnswer) => {
      if ("state" in answer) resolve(answer.state);
      else reject(new Error(answer.problem));
    });
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error(`\`${file}\` could not be read: its thread has ended`)));
  });
}
