// SPDX-License-Identifier: Apache-2.0
import { Command, InvalidArgumentError, Option } from "commander";

export const PARTS = ["decide", "journal", "engine", "lateness"] as const;
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
  /** How many grants end by themselves, and over how many milliseconds their ends are spread. */
  readonly grants: number;
  readonly spread: number;
  readonly parts: readonly Part[];
}

const FULL = { runs: 5, sizes: [1, 100, 1000], events: 1_000_000, appends: 2_000, grants: 10_000, spread: 120_000 };
const QUICK = { runs: 1, sizes: [1, 10], events: 20_000, appends: 200, grants: 30, spread: 3_000 };

/** Reads the command line; a wrong one ends the process with exit code 1 and says why. */
export function readOptions(argv: readonly string[]): BenchOptions {
  const command = new Command("bench")
    .description(
      "Measures decisions beside other policy engines, grants beside resources that do nothing, the journal, and how late grants end.",
    )
    .option("--runs <n>", `how often everything is measured; the median counts (default: ${FULL.runs})`, count)
    .option("--sizes <list>", `numbers of grants (default: ${FULL.sizes.join(",")})`, sizes)
    .option("--events <n>", `length of the journal that is verified (default: ${FULL.events})`, count)
    .option("--grants <n>", `how many grants the reaper ends within two minutes (default: ${FULL.grants})`, count)
    .addOption(new Option("--only <part>", "measure this part only").choices([...PARTS]))
    .option("--quick", "one run of small sizes, to see that it works: its numbers mean nothing")
    .parse(["node", "bench", ...argv]);
  const given = command.opts<{
    runs?: number;
    sizes?: number[];
    events?: number;
    grants?: number;
    only?: Part;
    quick?: true;
  }>();
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
