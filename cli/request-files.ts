// SPDX-License-Identifier: Apache-2.0
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { listRequestFiles } from "@elevation/provider/loader";

/** The request files below a folder, in order of their paths, as the stacks load them; null if `name` is no folder. */
export function requestFilesIn(cwd: string, name: string): readonly string[] | null {
  if (!isFolder(cwd, name)) return null;
  return listRequestFiles(resolve(cwd, name)).map((path) => join(name, path));
}

/** Whether `name` is a folder. Throws what the system says where that can't be known. */
export function isFolder(cwd: string, name: string): boolean {
  return statSync(resolve(cwd, name), { throwIfNoEntry: false })?.isDirectory() === true;
}
