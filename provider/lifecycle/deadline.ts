// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import { GrantError } from "../errors";
import type { Deadline } from "./world";

/** How long an operation has to say what became of it once its time is over; a connection takes two seconds to close. */
const GRACE = 5_000;

/** Errors that say of an operation that its own time is over, and not that of a part of it. */
const ofDeadlines = new WeakSet<object>();

export function isOfDeadline(error: unknown): boolean {
  return typeof error === "object" && error !== null && ofDeadlines.has(error);
}

/**
 * Bounds one operation, in milliseconds. Once its time is over nothing begins that can't be taken back, and the operation
 * has a moment to say what to keep in the state. Throws GrantError `timed-out`, or what the operation throws.
 */
export async function withinTime<T>(
  operation: string,
  milliseconds: number,
  run: (deadline: Deadline) => Promise<T>,
  grace = GRACE,
): Promise<T> {
  const deadline = startDeadline(operation, milliseconds);
  const late = deadline.passed.catch(async (error: unknown) => {
    await delay(grace, undefined, { ref: false });
    throw error;
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([run(deadline), late]);
  } finally {
    deadline.stop();
  }
}

function startDeadline(operation: string, milliseconds: number): Deadline & { readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let error: GrantError | null = null;
  const passed = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      error = new GrantError(
        "timed-out",
        `${operation} took longer than ${milliseconds / 1000} s; it may still finish, run refresh to see`,
      );
      ofDeadlines.add(error);
      reject(error);
    }, milliseconds);
  });
  // Nobody may be waiting for it when it comes.
  passed.catch(() => undefined);
  const check = () => {
    if (error !== null) throw error;
  };
  return { check, passed, stop: () => clearTimeout(timer) };
}
