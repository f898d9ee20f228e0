// SPDX-License-Identifier: Apache-2.0
import { readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { isAlive } from "./alive";
import { killTree, processesBelow } from "./kill-tree";

const SCRIPT = "cmd/dynamic-provider";
const STARTER = "pulumi-resource-pulumi-nodejs";

/** What is killed: the engine, the dynamic provider that it started, or both at one moment. */
export const VICTIMS = ["both", "provider", "engine"] as const;
export type Victim = (typeof VICTIMS)[number];

/** SIGKILLs a running engine or its provider; returns what may outlive that: the provider's processes. */
export function strike(engine: number, victim: Victim): readonly number[] {
  const providers = processesBelow(engine).filter(isOfProvider);
  if (victim === "both") killTree(engine);
  else process.kill(victim === "engine" ? engine : providerAmong(providers), "SIGKILL");
  return providers;
}

/** Ends what a killed engine has left behind, by its ids; one that meanwhile is somebody else's is left alone. */
export function buryAll(pids: readonly number[]): void {
  for (const pid of pids.filter((pid) => isAlive(pid) && isOfProvider(pid))) process.kill(pid, "SIGKILL");
}

/**
 * Puts the dynamic provider's own start script, which ships with @pulumi/pulumi, into a folder for PATH. A provider that
 * is started by it outlives its engine; that of our own language host doesn't.
 */
export function linkOrphaningProvider(folder: string): string {
  symlinkSync(join(dirname(require.resolve("@pulumi/pulumi/package.json")), STARTER), join(folder, STARTER));
  return folder;
}

function isOfProvider(pid: number): boolean {
  return commandOf(pid).some((argument) => argument.includes(SCRIPT) || argument.includes(STARTER));
}

/** The one that does the work, not what started it. */
function providerAmong(pids: readonly number[]): number {
  const found = pids.filter((pid) => commandOf(pid).some((argument) => argument.includes(SCRIPT)));
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
