// SPDX-License-Identifier: Apache-2.0
import { FolderInbox } from "./folder-inbox";
import type { Inbox } from "./inbox";

/**
 * The inbox at an address: a `postgres://` address, or else the path of a folder that is there. Throws an Error whose message ends a sentence
 * that begins with where the address comes from; it holds nothing of an address with a password.
 */
export function openInbox(address: string, path: string, env: Readonly<Record<string, string | undefined>>): Inbox {
  if (/^postgres(ql)?:/i.test(address)) {
    // Here and not above: a folder needs no `pg`.
    const { PostgresInbox } = require("./postgres-inbox") as typeof import("./postgres-inbox");
    return new PostgresInbox(address, (problem, fix) => new Error(`${problem}; ${fix}`), env);
  }
  try {
    return new FolderInbox(path);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new Error(`can't be used as a folder (${why}); make it, for the reaper to read and move what is in it`);
  }
}
