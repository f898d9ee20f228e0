// SPDX-License-Identifier: Apache-2.0
import { parentPort, workerData } from "node:worker_threads";
import { reasonOf } from "@elevation/provider/lifecycle";
import { summarizeState } from "./state-summary";
import type { StateAnswer } from "./state-thread";

/** What the thread does: it sums up one exported state, and posts the answer. */
function answer(file: string): StateAnswer {
  try {
    return { state: summarizeState(file) };
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

parentPort?.postMessage(answer(workerData as string));
