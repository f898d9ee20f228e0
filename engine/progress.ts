// SPDX-License-Identifier: Apache-2.0
import type { OnProgress } from "./engine";

/** Long work says every so often that it goes on, and how far it is: silence looks like a hang. */
const reportMs = 8_000;

/** Reports every few seconds until the function that it returns is called. */
export function every(onProgress: OnProgress, line: (seconds: number) => string): () => void {
  const start = Date.now();
  const timer = setInterval(() => onProgress(line(Math.round((Date.now() - start) / 1000))), reportMs);
  return () => clearInterval(timer);
}
