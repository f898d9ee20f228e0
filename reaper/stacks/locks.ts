// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A run that has a stack to itself. */
export interface StackLock {
  /** As in `ci@runner (pid 42)`. */
  readonly by: string;
  readonly since: string | null;
}

/**
 * The locks of a stack in a file backend, the oldest first; null where the backend is another one, which tells of locks only to whoever
 * tries to take one. NB. a lock outlives a run that was killed.
 */
export function locksOf(backend: string, project: string, stack: string): readonly StackLock[] | null {
  const root = folderOf(backend);
  if (root === null) return null;
  const folder = join(root, ".pulumi", "locks", "organization", project, stack);
  try {
    const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
    const locks = files.map((file) => readLock(join(folder, file)));
    return locks.sort((one, other) => ((one.since ?? "") < (other.since ?? "") ? -1 : 1));
  } catch (error) {
    // No run was ever at work there, or the last one ended while we looked.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function folderOf(backend: string): string | null {
  if (!backend.startsWith("file://")) return null;
  if (backend.startsWith("file://~")) return join(homedir(), backend.slice("file://~".length));
  return fileURLToPath(backend.replace(/\?.*$/, ""));
}

/** Whatever stands in its file, it is a lock. */
function readLock(file: string): StackLock {
  try {
    const { pid, username, hostname, timestamp } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    return {
      by: `${username ?? "?"}@${hostname ?? "?"} (pid ${pid ?? "?"})`,
      since: typeof timestamp === "string" ? timestamp : null,
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw error;
    return { by: "somebody", since: null };
  }
}
