// SPDX-License-Identifier: Apache-2.0
import { table } from "../support/markdown-table";
import { type Fate, isFound, type Mutant, type MutationRun } from "./mutation-run";
import { REASONS_FILE, type Survivor } from "./reasons";

/** Percent of all mutants that must be found. */
export const LEAST_SCORE = 95;

/** Percent of mutants that were found, as a failing test or a run without end; 100 where there are none. */
export function scoreOf(mutants: readonly Mutant[]): number {
  return mutants.length === 0 ? 100 : (100 * mutants.filter(isFound).length) / mutants.length;
}

/** A table of scores by file, the last line of all together. */
export function scores({ files }: MutationRun): string {
  const rows = [...files, ["all", [...files.values()].flat()] as const].map(([name, mutants]) => {
    const count = (fate: Fate) => String(mutants.filter((mutant) => mutant.fate === fate).length);
    return [name, percent(scoreOf(mutants)), count("killed"), count("timeout"), count("survived"), count("uncovered")];
  });
  return table(["file", "score", "killed", "without end", "survived", "not run"], rows);
}

export function percent(score: number): string {
  // NB. rounded down, so that nothing that is too low looks as if it were enough.
  return `${(Math.floor(score * 100) / 100).toFixed(2)} %`;
}

/** Text of docs/mutation.md. `isWhole`: of one run of everything, not of each file's last one. */
export function mutationDocs(run: MutationRun, survivors: readonly Survivor[], isWhole: boolean): string {
  const living = survivors.map(({ mutant, reason }) => ({ mutant, note: reason ?? "**nobody said**" }));
  const endless = [...run.files.values()]
    .flat()
    .filter(({ fate }) => fate === "timeout")
    .map((mutant) => ({ mutant, note: mutant.sign === "often" ? "come to too often" : "took too long" }));
  return [
    HEAD,
    `## Scores\n\n${isWhole ? "" : PARTS}${scores(run)}\n`,
    SURVIVORS,
    ...byFile(living, "why it may live"),
    ENDLESS,
    ...byFile(endless, "how it showed"),
  ].join("\n");
}

interface Note {
  readonly mutant: Mutant;
  /** Markdown. */
  readonly note: string;
}

/** A heading and a table for each file that has any. */
function byFile(notes: readonly Note[], title: string): string[] {
  return [...new Set(notes.map(({ mutant }) => mutant.file))].map((file) => {
    const rows = notes
      .filter(({ mutant }) => mutant.file === file)
      .map(({ mutant, note }) => [place(mutant), code(mutant.mutation), note]);
    return `### ${file}\n\n${table(["line", "mutation", title], rows)}\n`;
  });
}

/** One a line, as docs/mutation.md shows it. */
export function listed(survivors: readonly Survivor[]): string {
  return survivors
    .map(({ mutant }) => `${mutant.file}:${mutant.line}: ${mutant.mutation}\n  in: ${mutant.code}\n`)
    .join("");
}

function place({ file, line }: Mutant): string {
  return `[${line}](../${file}#L${line})`;
}

/** NB. in a code span a backtick needs longer ones around it. */
function code(text: string): string {
  if (!text.includes("`")) return `\`${text}\``;
  const longest = Math.max(...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence} ${text} ${fence}`;
}

const HEAD = `<!-- Written by \`npm run mutate\`; the reasons are in ${REASONS_FILE}. -->

# Mutation tests

\`\`\`console
$ npm run mutate                                    # everything, and writes this page
$ npm run mutate -- --only domain/hours.ts          # one file while its tests are written; also domain/hours.ts:40-60
$ npm run mutate -- --last                          # this page again, of each file's last run, with the reasons as they are now
\`\`\`

[Stryker](https://stryker-mutator.io) changes one thing in the product (\`<\` to \`<=\`, a condition to \`true\`, a block to nothing) and runs the
tests that reach it; where none fails, the tests would not notice that fault either. What is mutated is what says who gets in, how long and by what
documents: \`decide()\`, its windows and its digests. Tried are the unit tests of \`domain/\`, the contract's sentences, \`decide()\` beside its
oracle with 500 cases, and canonical JSON beside a library, all with a fixed seed, so that two runs say the same. A mutant takes about a
second of one core, one that lives up to fifteen: by what single files took, everything takes half an hour to an hour on two cores that
do nothing else.

The command fails where less than ${LEAST_SCORE} % of all mutants are found or where one that isn't has no reason in
\`${REASONS_FILE}\`. It works in a copy of the checkout and is not part of \`npm test\`: Stryker has a folder of its own for its packages,
outside the repository. A mutant that keeps the product from being compiled or loaded counts for nothing.
`;

const PARTS = "Put together of the last run of each file, by `--last`.\n\n";

const SURVIVORS = `## Survivors

Lines are those of the run.
`;

const ENDLESS = `## Without end

Found as well, and listed so that anybody can see that none of them is only slow: the mutated place was come to more than a hundred
times as often as in the tests without it, or the tests that reach it took 20 seconds longer than one and a half times what they take.
`;
