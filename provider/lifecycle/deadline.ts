// SPDX-License-Identifier: Apache-2.0
import { GrantError } from "../errors";
import type { Deadline } from "./world";

/** Starts the time of one operation, in milliseconds. `stop` when it is done. */
export function startDeadline(operation: string, milliseconds: number): Deadline & { readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const error = new GrantError(
    "timed-out",
    `${operation} took longer than ${milliseconds / 1000} s; it may still finish, run refresh to see`,
  );
  const passed = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      isOver = true;
      reject(error);
    }, milliseconds);
  });
  // Nobody may be waiting for it when it comes.
  passed.catch(() => undefined);
  const check = () => {
    if (isOver) throw error;
  };
  return { check, passed, stop: () => clearTimeout(timer) };
}
