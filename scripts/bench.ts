// SPDX-License-Identifier: Apache-2.0
// Measures how fast decide() is beside other policy engines, what a grant costs beside a resource that does nothing, with the real
// engine and a real PostgreSQL, how fast the journal is, and how late access ends. Prints tables and whether each target is met; a
// target that isn't met is no failure.
import { cpus, loadavg, totalmem } from "node:os";
import { measureDecisions } from "./bench/decide-part";
import { measureEngine } from "./bench/engine-part";
import { measureJournal } from "./bench/journal-part";
import { measureLateness } from "./bench/lateness-part";
import { latenessReport } from "./bench/lateness-report";
import { type BenchOptions, readOptions } from "./bench/options";
import { decideReport, engineReport, journalReport } from "./bench/report";

async function main(options: BenchOptions): Promise<void> {
  print(`## Machine\n\n${machine()}; medians of ${options.runs}; load average before: ${load()}\n`);
  if (options.parts.includes("decide")) {
    print(`## Decisions\n\n${decideReport(await measureDecisions(options, say))}\n`);
  }
  if (options.parts.includes("journal")) {
    const results = await measureJournal(options, say);
    print(`## Journal (file, fsync)\n\n${journalReport(results)}\n`);
  }
  if (options.parts.includes("engine")) {
    const results = await measureEngine(options, say);
    print(`## Stacks, ${results.engine}\n\n${engineReport(results, options)}\n`);
  }
  if (options.parts.includes("lateness")) {
    print(`## Lateness\n\n${latenessReport(await measureLateness(options, say))}\n`);
  }
  print(`Load average after: ${load()}`);
}

function machine(): string {
  const model = cpus()[0]?.model ?? "unknown processor";
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `${cpus().length} cores (${model}), ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

/** How busy the machine is besides: above the number of cores, wall times say little. */
function load(): string {
  return loadavg()
    .map((value) => value.toFixed(1))
    .join(", ");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

main(readOptions(process.argv.slice(2))).catch((error: unknown) => {
  process.stderr.write(`the benchmark failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
