// SPDX-License-Identifier: Apache-2.0
// Tries whether the tests notice small faults in decide(), windows and digests, and writes docs/mutation.md. Exit code 1 where too
// few are noticed, or where one is not and nobody said why it may live.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "@elevation/engine";
import { readRun, renewed, type StrykerReport } from "./mutate/mutation-run";
import { type MutateOptions, readOptions } from "./mutate/options";
import { REASONS_FILE, survivorsOf } from "./mutate/reasons";
import { LEAST_SCORE, listed, mutationDocs, percent, scoreOf, scores } from "./mutate/report";
import { MUTATED, tryMutants } from "./mutate/stryker";
import { repository } from "./support/workspace";

const DOCS = join("docs", "mutation.md");

async function main(options: MutateOptions): Promise<boolean> {
  const isWhole = options.only.length === 0;
  const run = readRun(options.isLast ? wholeReport() : await newReport(options));
  const { survivors, idle } = survivorsOf(run);
  const unexplained = survivors.filter(({ reason }) => reason === null);
  const score = scoreOf([...run.files.values()].flat());
  print(`${scores(run)}\n`);
  if (unexplained.length > 0) print(`without a reason in ${REASONS_FILE}:\n${listed(unexplained)}`);
  if (!isWhole) return unexplained.length === 0;
  if (idle.length > 0) print(`reasons that no survivor needs; take them out:\n${idle.join("\n")}\n`);
  writeFileSync(join(repository, DOCS), mutationDocs(run, survivors, !options.isLast));
  print(
    `${DOCS}: score ${percent(score)} of at least ${LEAST_SCORE} %, ${survivors.length} survivors, ${unexplained.length} of them without a reason`,
  );
  return score >= LEAST_SCORE && unexplained.length === 0;
}

async function newReport(options: MutateOptions): Promise<StrykerReport> {
  const report = await tryMutants(options, (text) => process.stderr.write(text));
  mkdirSync(cacheFolder(process.env, "mutate"), { recursive: true, mode: 0o700 });
  const isWhole = (file: string): boolean => !options.only.some((place) => place.startsWith(`${file}:`));
  writeFileSync(lastFile(), JSON.stringify(renewed(lastReport(), report, isWhole)));
  return report;
}

/** Throws where a file has not been run as it is now: a report must not speak of code that is gone. */
function wholeReport(): StrykerReport {
  const { files } = lastReport();
  const sourceOf = (file: string): string => readFileSync(join(repository, file), "utf8");
  const stale = MUTATED.filter((file) => files[file]?.source !== sourceOf(file));
  if (stale.length > 0) throw new Error(`run these first, they were not as they are now: --only ${stale.join(" ")}`);
  return { files: Object.fromEntries(Object.entries(files).filter(([file]) => MUTATED.includes(file))) };
}

function lastReport(): StrykerReport {
  if (!existsSync(lastFile())) return { files: {} };
  return JSON.parse(readFileSync(lastFile(), "utf8")) as StrykerReport;
}

function lastFile(): string {
  return join(cacheFolder(process.env, "mutate"), "last.json");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

main(readOptions(process.argv.slice(2))).then(
  (isGood) => {
    if (!isGood) process.exitCode = 1;
  },
  (error: unknown) => {
    process.stderr.write(`the mutation tests failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
