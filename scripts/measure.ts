// SPDX-License-Identifier: Apache-2.0
// Prints what a newcomer waits for, the wall time of `elevate check` as a whole process started by its own file, and what
// a grant costs in the state. Exit code 1 if one of them is over its limit.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureDocuments } from "./support/measure-documents";
import { measureState } from "./support/measure-state";

/** The first is not counted: it warms the disk's cache. */
const RUNS = 11;
/** Milliseconds that the median of a quiet machine must stay below. */
const LIMIT = 300;
/** Bytes of state that a grant may take. */
const STATE_LIMIT = 3_000;
const ELEVATE = join(__dirname, "..", "..", "cli", "bin", "elevate.js");

function measureCheck(): readonly number[] {
  const folder = mkdtempSync(join(tmpdir(), "elevate-measure-"));
  try {
    for (const [name, text] of Object.entries(measureDocuments)) writeFileSync(join(folder, name), text);
    const args = ["check", "request.yaml", "--policy", "policy.yaml", "--directory", "directory.yaml"];
    return Array.from({ length: RUNS }, () =>
      wallTime([ELEVATE, ...args, "--at", "2026-11-24T10:00:00Z"], folder),
    ).slice(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds of one process from its start to its end. Throws if it does not exit with 0. */
function wallTime(args: readonly string[], cwd: string): number {
  const env = { PATH: process.env["PATH"] };
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: "utf8" });
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`elevate check exited with ${status}: ${stderr}`);
  return milliseconds;
}

function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}

async function main(): Promise<boolean> {
  const times = [...measureCheck()].sort((one, other) => one - other);
  const middle = median(times);
  print(
    `elevate check: min ${times[0]?.toFixed(0)} ms, median ${middle.toFixed(0)} ms of ${times.length} runs (limit ${LIMIT} ms)`,
  );
  const bytes = await measureState((line) => void process.stderr.write(`${line}\n`));
  print(`state: ${bytes} bytes a grant (limit ${STATE_LIMIT} bytes)`);
  return middle < LIMIT && bytes < STATE_LIMIT;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  (isWithinLimits) => {
    process.exitCode = isWithinLimits ? 0 : 1;
  },
  (error: unknown) => {
    process.stderr.write(`measuring failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
