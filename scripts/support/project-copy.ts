// SPDX-License-Identifier: Apache-2.0
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/** What the judge and the hand are made of: programs, stack config, pack, package files. No request is among it. */
const PROJECT = [
  "Pulumi.yaml",
  "package.json",
  "stacks/index.ts",
  "stacks/tsconfig.json",
  "policypack/PulumiPolicy.yaml",
  "policypack/package.json",
  "policypack/dist",
];

/** Copies a project without its requests and documents into a folder, to be run there with the packages that `from` has. */
export function copyProject(from: string, to: string, more: readonly string[]): void {
  for (const path of [...PROJECT, ...more]) {
    if (existsSync(join(from, path))) cpSync(join(from, path), join(to, path), { recursive: true });
  }
  mkdirSync(join(to, "stacks", "requests"), { recursive: true });
  symlinkSync(join(from, "node_modules"), join(to, "node_modules"));
}
