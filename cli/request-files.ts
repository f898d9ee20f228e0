// SPDX-License-Identifier: Apache-2.0
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { listRequestFiles, type RequestListing } from "@elevation/provider/loader";

/** What the stacks load from below a folder, and what they refuse, in order of their paths; null if `name` is no folder. */
export function requestFilesIn(cwd: string, name: string): RequestListing | null {
  if (!isFolder(cwd, name)) return null;
  const { files, problems } = listRequestFiles(resolve(cwd, name));
  return {
    files: files.map((path) => join(name, path)),
    problems: problems.map(({ file, message }) => ({ file: join(name, file), message })),
  };
}

/** Whether `name` is a folder. Throws what the system says where that can't be known. */
export function isFolder(cwd: string, name: string): boolean {
  return statSync(resolve(cwd, name), { throwIfNoEntry: false })?.isDirectory() === true;
}
