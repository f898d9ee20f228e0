// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { constants, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import type { Ran } from "./look";

/** How long a run may take, and then how long it may take to stop, in milliseconds. */
interface Patience {
  readonly run: number;
  readonly stop: number;
}

/** A refresh of five hundred grants takes half a minute. */
const PATIENCE: Patience = { run: 900_000, stop: 60_000 };

/**
 * Runs the engine to its end, whatever becomes of this process: in a session of its own, so that a terminal's Ctrl-C doesn't reach it,
 * and with files for its output, so that it never writes into a broken pipe. A run that is cut off would leave the stack locked. It gives
 * way to this process: what it does is not urgent. One that takes longer than `patience` is asked to stop as by Ctrl-C, so that it
 * gives back its lock, then ended: a hung one would keep its stack, and whoever waits for it, for ever. Rejects where it can't be started.
 */
export async function runEngine(
  command: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  patience: Patience = PATIENCE,
): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), "elevation-engine-"));
  const [out, err] = [join(folder, "stdout"), join(folder, "stderr")];
  try {
    const code = await ended(command, args, { cwd, env }, { out, err }, patience);
    const stdout = readFileSync(out, "utf8");
    return { code, stdout, output: stdout + readFileSync(err, "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ended(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  { out, err }: { readonly out: string; readonly err: string },
  { run, stop }: Patience,
): Promise<number> {
  const files = [openSync(out, "w", 0o600), openSync(err, "w", 0o600)] as const;
  let timer: NodeJS.Timeout | undefined;
  try {
    const child = spawn(command, args, { ...options, detached: true, stdio: ["ignore", ...files] });
    return await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("spawn", () => {
        giveWay(child.pid);
        timer = setTimeout(() => {
          signal(child.pid, "SIGINT");
          timer = setTimeout(() => signal(child.pid, "SIGKILL"), stop);
        }, run);
      });
      // NB. a run that a signal ended has failed.
      child.on("exit", (code) => resolve(code ?? 128));
    });
  } finally {
    clearTimeout(timer);
    for (const file of files) closeSync(file);
  }
}

/** All of its session: the engine's plugins, too. */
function signal(pid: number | undefined, name: "SIGINT" | "SIGKILL"): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // It has just ended.
  }
}

function giveWay(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended, or this system doesn't let us: then it runs as everything does.
  }
}
