// SPDX-License-Identifier: Apache-2.0
import type { FileHandle } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { JournalError, systemCode } from "./journal-error";

/** How long a writer waits for others, in ms: thousands of times what an append takes. */
export const LOCK_WAIT = 10_000;
/** The longest pause between two attempts, in ms: shorter than an append with its fsync takes. */
const PAUSE = 2;
/** Linux locks ranges of bytes, whether they are in the file or not; elsewhere the whole file may be all that can be locked. */
const HAS_RANGES = process.platform === "linux";
/** Where the queue's bytes are, far behind any event, and how many writers find a place in it. */
const QUEUE = { offset: 2 ** 52, length: 16 } as const;

/**
 * Locks an open file against other writers, in this process and in others. The lock belongs to the open file: closing
 * it, or the death of the process, frees it at once. Readers need no lock. False: others held it all the time.
 */
export async function lockFile(handle: FileHandle, wait: number): Promise<boolean> {
  // Loaded by writers only: reading a copy must work where the native part can't be loaded.
  const { tryLock, unlock } = await import("fs-native-extensions").catch(noLocks);
  const { fd } = handle;
  const deadline = performance.now() + wait;
  if (!HAS_RANGES) return repeat(() => tryLock(fd), deadline);
  // NB. Without a queue, a writer that appends again and again would leave gaps too short for others to find. Here each
  // holds one place until it has the next; the place in front of all others is the file itself.
  for (let place = QUEUE.length; place >= 0; place--) {
    const isMine = await repeat(() => tryLock(fd, offsetOf(place), 1), deadline);
    if (place < QUEUE.length) unlock(fd, offsetOf(place + 1), 1);
    if (!isMine) return false;
  }
  return true;
}

function offsetOf(place: number): number {
  return place === 0 ? 0 : QUEUE.offset + place;
}

async function repeat(isDone: () => boolean, deadline: number): Promise<boolean> {
  while (!isDone()) {
    if (performance.now() >= deadline) return false;
    // The jitter keeps two writers from asking in step for ever.
    await delay(Math.random() * PAUSE);
  }
  return true;
}

function noLocks(error: unknown): never {
  throw new JournalError(
    "write-failed",
    `a journal cannot be locked on this machine: the native part of \`fs-native-extensions\` does not load (${systemCode(error)}); run \`npm ci\` again, or write from a system that it supports`,
    { cause: error },
  );
}
