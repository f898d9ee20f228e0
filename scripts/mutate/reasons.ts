// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { repository } from "../support/workspace";
import { isFound, type Mutant, type MutationRun } from "./mutation-run";

/** Where people write why a mutant may live; its head says how. */
export const REASONS_FILE = "scripts/mutate/reasons.yaml";

/** Why mutants of one line may live. */
interface Reason {
  readonly file: string;
  /** Text of the line, not its number: that changes whenever a line above does. */
  readonly line: string;
  readonly mutations: readonly string[];
  readonly reason: string;
}

/** A mutant that no test noticed, and why it may live; null: nobody said. */
export interface Survivor {
  readonly mutant: Mutant;
  readonly reason: string | null;
}

/** The mutants of a run that no test noticed, and the reasons that are about none of them: `file: line: mutation`. */
export interface Survivors {
  readonly survivors: readonly Survivor[];
  readonly idle: readonly string[];
}

/** Throws where the file with the reasons is not of their form. */
export function survivorsOf({ files }: MutationRun): Survivors {
  const reasons = new Map(
    readReasons().flatMap((reason) =>
      reason.mutations.map((mutation) => [keyOf({ ...reason, mutation }), reason.reason]),
    ),
  );
  const survivors = [...files.values()]
    .flat()
    .filter((mutant) => !isFound(mutant))
    .map((mutant) => ({ mutant, reason: reasons.get(keyOf({ ...mutant, line: mutant.code })) ?? null }));
  const used = new Set(survivors.map(({ mutant }) => keyOf({ ...mutant, line: mutant.code })));
  return { survivors, idle: [...reasons.keys()].filter((key) => !used.has(key)) };
}

function keyOf({ file, line, mutation }: { file: string; line: string; mutation: string }): string {
  return `${file}: ${line}: ${mutation}`;
}

function readReasons(): readonly Reason[] {
  const written: unknown = parse(readFileSync(join(repository, REASONS_FILE), "utf8")) ?? [];
  if (!Array.isArray(written)) throw new Error(`${REASONS_FILE} is no list`);
  return written.map((entry: unknown, index) => {
    if (!isReason(entry)) throw new Error(`${REASONS_FILE}: entry ${index + 1} is not {file, line, mutations, reason}`);
    return entry;
  });
}

function isReason(value: unknown): value is Reason {
  if (typeof value !== "object" || value === null) return false;
  const { file, line, mutations, reason } = value as Partial<Record<keyof Reason, unknown>>;
  return [file, line, reason, ...(Array.isArray(mutations) ? mutations : [null])].every(
    (one) => typeof one === "string",
  );
}
