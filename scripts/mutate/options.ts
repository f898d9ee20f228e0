// SPDX-License-Identifier: Apache-2.0
import { Command, InvalidArgumentError } from "commander";

/** What `npm run mutate` was asked for. */
export interface MutateOptions {
  /** Files, or `file:line-line`; empty: everything that the report is about. */
  readonly only: readonly string[];
  /** How many mutants are tried at once. */
  readonly concurrency: number;
  /** Whether the report is written of the last whole run. */
  readonly isLast: boolean;
}

/** Reads the command line; a wrong one ends the process with exit code 1 and says why. */
export function readOptions(argv: readonly string[]): MutateOptions {
  const command = new Command("mutate")
    .description(
      "Tries whether the tests of decide(), windows and digests notice small faults, and writes docs/mutation.md.",
    )
    .option(
      "--only <place...>",
      "files (domain/hours.ts) or lines of them (domain/hours.ts:40-60); no report is written",
    )
    .option("--concurrency <n>", "how many mutants are tried at once", count, 2)
    .option("--last", "write the report of what each file's last run found, with the reasons as they are now")
    .parse(["node", "mutate", ...argv]);
  const { only = [], concurrency, last } = command.opts<{ only?: string[]; concurrency: number; last?: true }>();
  if (only.length > 0 && last === true) command.error("--only and --last exclude each other");
  return { only, concurrency, isLast: last === true };
}

function count(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError("give a whole number from 1 to 99");
  return Number(text);
}
