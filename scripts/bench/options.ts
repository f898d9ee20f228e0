// SPDX-License-Identifier: Apache-2.0
import { Command, InvalidArgumentError, Option } from "commander";

export const PARTS = ["decide", "journal", "engine"] as const;
export type Part = (typeof PARTS)[number];

/** What is measured, and how often. */
export interface BenchOptions {
  readonly runs: number;
  /** Numbers of grants, the smallest first. */
  readonly sizes: readonly number[];
  /** How many events the journal has that is verified. */
  readonly events: number;
  /** How many appends of each kind are timed in one run. */
  readonly appends: number;
  readonly parts: readonly Part[];
}

const FULL = { runs: 5, sizes: [1, 100, 1000], events: 1_000_000, appends: 2_000 };
const QUICK = { runs: 1, sizes: [1, 10], events: 20_000, appends: 200 };

/** Reads the command line; a wrong one ends the process with exit code 1 and says why. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const command = new Command("bench")
    .description(
      "Measures decisions beside other policy engines, grants beside resources that do nothing, and the journal.",
    )
    .option("--runs <n>", `how often everything is measured; the median counts (default: ${FULL.runs})`, count)
    .option("--sizes <list>", `numbers of grants (default: ${FULL.sizes.join(",")})`, sizes)
    .option("--events <n>", `length of the journal that is verified (default: ${FULL.events})`, count)
    .addOption(new Option("--only <part>", "measure this part only").choices([...PARTS]))
    .option("--quick", "one run of small sizes, to see that it works: its numbers mean nothing")
    .parse(["node", "bench", ...argv]);
  const given = command.opts<{ runs?: number; sizes?: number[]; events?: number; only?: Part; quick?: true }>();
  const { only, quick, ...numbers } = given;
  return { ...(quick === true ? QUICK : FULL), ...numbers, parts: only === undefined ? PARTS : [only] };
}

function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("give a whole number from 1");
  return Number(text);
}

function sizes(text: string): number[] {
  return [...new Set(text.split(",").map(count))].sort((one, other) => one - other);
}
