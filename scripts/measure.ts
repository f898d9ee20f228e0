// SPDX-License-Identifier: Apache-2.0
// Prints what a newcomer waits for: `elevate check` as a whole process started by its own file, without a journal and with
// one; and what a grant costs in the state. Exit code 1 if one of them is over its limit.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureDocuments } from "./support/measure-documents";
import { makeMeasureJournal } from "./support/measure-journal";
import { measureState } from "./support/measure-state";

/** The first is not counted: it warms the disk's cache. */
const RUNS = 11;
/** Milliseconds that the median of a quiet machine must stay below; its wall time, since people wait for that. */
const LIMIT = 300;
/** What some months leave behind. */
const EVENTS = 1_000;
/** Bytes of state that a grant may take. */
const STATE_LIMIT = 3_000;
const AT = "2026-11-24T10:00:00Z";
const ELEVATE = join(__dirname, "..", "..", "cli", "bin", "elevate.js");
const TELL_CPU_TIME = join(__dirname, "support", "tell-cpu-time.js");

/** Milliseconds of one process from its start to its end, and of CPU in it: on a busy machine only the latter means much. */
interface Time {
  readonly wall: number;
  readonly cpu: number;
}

type Row = { readonly what: string; readonly times: readonly Time[] };

async function measureCheck(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "elevate-measure-"));
  try {
    for (const [name, text] of Object.entries(measureDocuments)) writeFileSync(join(folder, name), text);
    const journal = await makeMeasureJournal(join(folder, "journal.jsonl"), EVENTS, Date.parse(AT));
    const check = ["check", "request.yaml", "--policy", "policy.yaml", "--directory", "directory.yaml", "--at", AT];
    const times = (args: readonly string[], env: Record<string, string> = {}) =>
      Array.from({ length: RUNS }, () => timeOf(args, folder, env)).slice(1);
    return [
      { what: "node alone", times: times(["-e", "0"]) },
      { what: "elevate check", times: times([ELEVATE, ...check]) },
      { what: `elevate check, journal of ${EVENTS} events`, times: times([ELEVATE, ...check], journal) },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Throws if it does not exit with 0. */
function timeOf(args: readonly string[], cwd: string, more: Record<string, string>): Time {
  const env = { PATH: process.env["PATH"], ...more };
  const start = process.hrtime.bigint();
  const { status, stderr, output } = spawnSync(process.execPath, ["--require", TELL_CPU_TIME, ...args], {
    cwd,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const wall = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`elevate check exited with ${status}: ${stderr}`);
  return { wall, cpu: Number(output[3]) / 1e3 };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return (low + high) / 2;
}

function render({ what, times }: Row): string {
  const [wall, cpu] = [times.map((time) => time.wall), times.map((time) => time.cpu)];
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  const told = (values: readonly number[]) => `min ${ms(Math.min(...values))}, median ${ms(median(values))}`;
  return `${what}: ${told(wall)}; CPU ${told(cpu)}; ${times.length} runs`;
}

async function main(): Promise<boolean> {
  const rows = await measureCheck();
  for (const row of rows) print(render(row));
  const slowest = Math.max(...rows.map(({ times }) => median(times.map(({ wall }) => wall))));
  print(`limit of each median: ${LIMIT} ms`);
  const bytes = await measureState((line) => void process.stderr.write(`${line}\n`));
  print(`state: ${bytes} bytes a grant (limit ${STATE_LIMIT} bytes)`);
  return slowest < LIMIT && bytes < STATE_LIMIT;
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
