// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { constants, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import type { Ran } from "./look";

/**
 * Runs the engine to its end, whatever becomes of this process: in a session of its own, so that a terminal's Ctrl-C doesn't reach it,
 * and with files for its output, so that it never writes into a broken pipe. A run that is cut off would leave the stack locked. It gives
 * way to this process: what it does is not urgent. Rejects where it can't be started.
 */
export async function runEngine(
  command: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), "elevation-engine-"));
  const [out, err] = [join(folder, "stdout"), join(folder, "stderr")];
  try {
    const code = await ended(command, args, { cwd, env }, out, err);
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
  out: string,
  err: string,
): Promise<number> {
  const files = [openSync(out, "w", 0o600), openSync(err, "w", 0o600)] as const;
  try {
    const child = spawn(command, args, { ...options, detached: true, stdio: ["ignore", ...files] });
    return await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("spawn", () => giveWay(child.pid));
      // NB. a run that a signal ended has failed.
      child.on("exit", (code) => resolve(code ?? 128));
    });
  } finally {
    for (const file of files) closeSync(file);
  }
}

function giveWay(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended, or this system doesn't let us: then it runs as everything does.
  }
}
