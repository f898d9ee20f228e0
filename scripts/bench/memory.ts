// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";

/** The processes of one engine run; `other` are language hosts, which only start those that do the work. */
export const PROCESS_KINDS = ["engine", "program", "provider", "pack", "other"] as const;
export type ProcessKind = (typeof PROCESS_KINDS)[number];

/** Bytes that were resident at most: of each kind, and of all at one moment. */
export type PeakMemory = Readonly<Record<ProcessKind | "all", number>>;

const EVERY_MS = 250;
const NONE: PeakMemory = { engine: 0, program: 0, provider: 0, pack: 0, other: 0, all: 0 };

/**
 * Watches a process and all below it until `stop`, which returns the peaks. Reads /proc, so only Linux has numbers: elsewhere all
 * are 0. Pages that processes share count for each.
 */
export function watchMemory(pid: number): { stop(): PeakMemory } {
  const peak = { ...NONE };
  const sample = (): void => {
    const now = { ...NONE } as Record<ProcessKind | "all", number>;
    for (const { command, bytes } of treeOf(pid)) {
      now[kindOf(command)] += bytes;
      now.all += bytes;
    }
    for (const kind of [...PROCESS_KINDS, "all"] as const) peak[kind] = Math.max(peak[kind], now[kind]);
  };
  const timer = process.platform === "linux" ? setInterval(sample, EVERY_MS) : undefined;
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}

/** The larger of each. */
export function larger(one: PeakMemory, other: PeakMemory): PeakMemory {
  const kinds = [...PROCESS_KINDS, "all"] as const;
  return Object.fromEntries(kinds.map((kind) => [kind, Math.max(one[kind], other[kind])])) as unknown as PeakMemory;
}

export const NO_MEMORY: PeakMemory = NONE;

function kindOf(command: readonly string[]): ProcessKind {
  const has = (part: string) => command.some((word) => word.includes(part));
  if (has("dynamic-provider")) return "provider";
  if (has("run-policy-pack")) return "pack";
  if (/(^|\/)node$/.test(command[0] ?? "") && has("/cmd/run")) return "program";
  return /(^|\/)pulumi$/.test(command[0] ?? "") ? "engine" : "other";
}

function treeOf(root: number): { command: readonly string[]; bytes: number }[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    // After the name, which may hold blanks and parentheses: state, then the parent.
    const parent = Number.isInteger(pid) ? read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ")[1] : undefined;
    if (parent !== undefined) parents.set(pid, Number(parent));
  }
  const isBelow = (pid: number): boolean => {
    for (let each: number | undefined = pid; each !== undefined; each = parents.get(each))
      if (each === root) return true;
    return false;
  };
  return [...parents.keys()].filter(isBelow).map((pid) => ({
    command: read(`/proc/${pid}/cmdline`).split("\0"),
    bytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024,
  }));
}

/** Empty for a process that ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
