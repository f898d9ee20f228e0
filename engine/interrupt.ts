// SPDX-License-Identifier: Apache-2.0
import { EngineInterrupted } from "./engine";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs long work that an interrupt must not leave half done. On SIGINT, SIGTERM or SIGHUP `abort` is signalled and the
 * work's end awaited; `cleanUp` runs in every case. An interrupted process then ends by that signal, as it would have
 * without us, unless somebody else handles it: then this rejects.
 */
export async function interruptible(work: (abort: AbortSignal) => Promise<void>, cleanUp: () => void): Promise<void> {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    received ??= signal;
    controller.abort();
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    await work(controller.signal);
  } catch (error) {
    if (received === undefined) throw error;
  } finally {
    try {
      cleanUp();
    } finally {
      for (const signal of signals) process.off(signal, onSignal);
    }
  }
  if (received === undefined) return;
  if (process.listenerCount(received) === 0) process.kill(process.pid, received);
  throw new EngineInterrupted(`interrupted by ${received} while the engine was being made; nothing of it is left`);
}
