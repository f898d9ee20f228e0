// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { definedOf } from "../pipeline/job";
import { execute, must } from "./workspace";

/**
 * Installs the packages of a folder's package.json, by its lockfile, below a folder of the cache, once; returns where they are.
 * What only a program that is run seldom needs is not among the repository's own packages. Throws where it fails.
 */
export async function installAside(source: string, cache: string, onInstall: () => void): Promise<string> {
  const lock = readFileSync(join(source, "package-lock.json"));
  const folder = join(cache, createHash("sha256").update(lock).digest("hex").slice(0, 16));
  if (existsSync(join(folder, "node_modules", ".package-lock.json"))) return folder;
  onInstall();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const file of ["package.json", "package-lock.json"]) copyFileSync(join(source, file), join(folder, file));
  await must(execute("npm", ["ci", "--no-audit", "--no-fund"], definedOf(process.env), folder));
  return folder;
}
