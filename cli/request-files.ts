// SPDX-License-Identifier: Apache-2.0
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const REQUEST_FILE = /\.(ya?ml|json)$/;

/** The request files below a folder, in order of their paths, as the stacks load them; null if `name` is no folder. */
export function requestFilesIn(cwd: string, name: string): readonly string[] | null {
  if (!isFolder(cwd, name)) return null;
  return listFiles(cwd, name).sort();
}

function listFiles(cwd: string, folder: string): string[] {
  return readdirSync(resolve(cwd, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listFiles(cwd, path);
    return entry.isFile() && REQUEST_FILE.test(entry.name) && !entry.name.startsWith(".") ? [path] : [];
  });
}

/** Whether `name` is a folder. Throws what the system says where that can't be known. */
export function isFolder(cwd: string, name: string): boolean {
  return statSync(resolve(cwd, name), { throwIfNoEntry: false })?.isDirectory() === true;
}
