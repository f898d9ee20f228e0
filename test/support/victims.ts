// SPDX-License-Identifier: Apache-2.0
import { readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { isAlive } from "./alive";
import { killTree, processesBelow } from "./kill-tree";

/** What is killed: the engine, the dynamic provider that it started, or both at one moment. */
export const VICTIMS = ["both", "provider", "engine"] as const;
export type Victim = (typeof VICTIMS)[number];

/** SIGKILLs a running engine or its provider; returns what was alive of it a moment before. */
export function strike(engine: number, victim: Victim): readonly number[] {
  const all = processesBelow(engine);
  if (victim === "both") killTree(engine);
  else process.kill(victim === "engine" ? engine : providerAmong(all), "SIGKILL");
  return all;
}

/** Ends what a killed engine has left behind, by its ids. */
export function buryAll(pids: readonly number[]): void {
  for (const pid of pids.filter(isAlive)) process.kill(pid, "SIGKILL");
}

/**
 * Puts the dynamic provider's own start script, which ships with @pulumi/pulumi, into a folder for PATH. A provider that
 * is started by it outlives its engine; that of our own language host doesn't.
 */
export function linkOrphaningProvider(folder: string): string {
  const name = "pulumi-resource-pulumi-nodejs";
  symlinkSync(join(dirname(require.resolve("@pulumi/pulumi/package.json")), name), join(folder, name));
  return folder;
}

function providerAmong(pids: readonly number[]): number {
  const found = pids.filter((pid) => commandOf(pid).some((argument) => argument.includes("cmd/dynamic-provider")));
  const [provider, ...others] = found;
  if (provider === undefined || others.length > 0) throw new Error(`${found.length} dynamic providers are running`);
  return provider;
}

function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
