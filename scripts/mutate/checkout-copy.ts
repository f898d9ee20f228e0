// SPDX-License-Identifier: Apache-2.0
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";

const LEFT_OUT = new Set([".git", "node_modules"]);
const ROOMS = "@elevation";

/**
 * Copies a built checkout into a folder of its own, whose path is returned: sources can be changed there in place. Packages are
 * linked; the repository's own rooms to those of the copy, because the tests would load the unchanged ones otherwise.
 */
export function copyCheckout(from: string): string {
  const to = mkdtempSync(join(tmpdir(), "elevation-mutate-"));
  cpSync(from, to, { recursive: true, filter: (path) => path === from || !LEFT_OUT.has(basename(path)) });
  const [packages, linked] = [join(from, "node_modules"), join(to, "node_modules")];
  mkdirSync(join(linked, ROOMS), { recursive: true });
  for (const name of readdirSync(packages)) {
    if (name !== ROOMS) symlinkSync(join(packages, name), join(linked, name));
  }
  for (const room of readdirSync(join(packages, ROOMS))) {
    const folder = resolve(packages, ROOMS, readlinkSync(join(packages, ROOMS, room)));
    symlinkSync(join(to, basename(folder)), join(linked, ROOMS, room));
  }
  return to;
}
