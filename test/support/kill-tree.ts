// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";

/** SIGKILLs a process and all that it started, parents first, so that none can react to the death of another. */
export function killTree(root: number): void {
  const found = processesBelow(root);
  for (const pid of found) process.kill(pid, "SIGSTOP");
  for (const pid of found) process.kill(pid, "SIGKILL");
}

/** A process and all that it started, parents first. */
export function processesBelow(root: number): readonly number[] {
  const children = childrenByParent();
  const found: number[] = [];
  for (const queue = [root]; queue.length > 0; ) {
    const pid = queue.shift() ?? 0;
    found.push(pid);
    queue.push(...(children.get(pid) ?? []));
  }
  return found;
}

/** From /proc, so on Linux only: it is a tool of the tests. */
function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // It ended while we looked.
    }
  }
  return children;
}
