// SPDX-License-Identifier: Apache-2.0

/** What became of a mutant that counts; `killed` by a failing test, `timeout` where it never came to an end. */
export type Fate = "killed" | "timeout" | "survived" | "uncovered";

export interface Mutant {
  /** Relative to the repository. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The line's text without what it is indented by. */
  readonly code: string;
  /** `what stood there → what the mutant says`, on one line; long text is cut in its middle. */
  readonly mutation: string;
  readonly fate: Fate;
  /** Of one without end: whether the mutated place was come to far too often, or its tests took far too long. */
  readonly sign: "often" | "long" | null;
}

/** The mutants of one run by file, in the order of their places. */
export interface MutationRun {
  readonly files: ReadonlyMap<string, readonly Mutant[]>;
}

/** The part that is read of the report that Stryker writes (its JSON schema, version 2). */
export interface StrykerReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly StrykerMutant[] }>>;
}

interface Place {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

interface StrykerMutant {
  readonly location: { readonly start: Place; readonly end: Place };
  readonly replacement?: string;
  readonly status: string;
  readonly statusReason?: string;
}

const FATES: Readonly<Record<string, Fate>> = {
  Killed: "killed",
  Timeout: "timeout",
  Survived: "survived",
  NoCoverage: "uncovered",
};

const LONGEST = 100;

/** Mutants that can't be run (they don't compile, or are left out) count for nothing, here as at Stryker. */
export function readRun(report: StrykerReport): MutationRun {
  const files = Object.entries(report.files).map(([file, { source, mutants }]) => {
    const lines = source.split("\n");
    const read = mutants.flatMap(({ location, replacement = "", status, statusReason = "" }) => {
      const fate = FATES[status];
      if (fate === undefined) return [];
      const { line, column } = location.start;
      const mutation = `${onOneLine(textBetween(lines, location))} → ${onOneLine(replacement)}`;
      const sign = fate === "timeout" ? signOf(statusReason) : null;
      return [{ file, line, column, code: lines[line - 1]?.trim() ?? "", mutation, fate, sign }];
    });
    return [file, read.sort((one, other) => one.line - other.line || one.column - other.column)] as const;
  });
  return { files: new Map(files.sort(([one], [other]) => (one < other ? -1 : 1))) };
}

/**
 * A report in which what was found later stands instead: of whole files, or of lines of those that have not changed since. Of lines of a
 * file that has, nothing is kept: what would become of its other mutants is not known.
 */
export function renewed(
  report: StrykerReport,
  later: StrykerReport,
  isWhole: (file: string) => boolean,
): StrykerReport {
  const files = { ...report.files };
  for (const [file, { source, mutants }] of Object.entries(later.files)) {
    const known = files[file];
    if (isWhole(file)) files[file] = { source, mutants };
    else if (known?.source === source) {
      const tried = new Map(mutants.map((mutant) => [keyOf(mutant), mutant]));
      files[file] = { source, mutants: known.mutants.map((mutant) => tried.get(keyOf(mutant)) ?? mutant) };
    }
  }
  return { files };
}

function keyOf({ location, replacement }: StrykerMutant): string {
  return JSON.stringify([location, replacement]);
}

function signOf(reason: string): "often" | "long" {
  return reason.startsWith("Hit limit") ? "often" : "long";
}

function textBetween(lines: readonly string[], { start, end }: StrykerMutant["location"]): string {
  const text = lines.slice(start.line - 1, end.line).join("\n");
  const last = lines[end.line - 1] ?? "";
  return text.slice(start.column - 1, text.length - (last.length - (end.column - 1)));
}

function onOneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= LONGEST
    ? line
    : `${line.slice(0, LONGEST / 2).trimEnd()} … ${line.slice(-LONGEST / 2).trimStart()}`;
}

/** Whether the tests noticed. */
export function isFound({ fate }: Mutant): boolean {
  return fate === "killed" || fate === "timeout";
}
