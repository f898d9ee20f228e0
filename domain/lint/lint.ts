// SPDX-License-Identifier: Apache-2.0
import { type Path, type Position, renderPath } from "../document";
import type { Instant } from "../instant";
import type { Judge } from "../read";
import { LINT_CHECKS } from "./checks";
import type { Remark, Severity } from "./lint-check";
import { subjectOf, type TestedRules } from "./subject";

/** One thing that is wrong with a policy or its directory, and where. */
export interface LintFinding extends Position {
  /** Id of the check. */
  readonly check: string;
  readonly severity: Severity;
  readonly file: string;
  /** As in `rules[0].who`. */
  readonly path: string;
  /** One line: what was seen, then `; ` and how to mend it. */
  readonly message: string;
}

/** What lint looks at beside the documents. */
export interface LintContext {
  /** What is before this instant is past. */
  readonly at: Instant;
  /** Null: no policy tests were looked at, and nothing is said about them. */
  readonly tested: TestedRules | null;
}

/**
 * What can be wrong with documents that are good in form: rules that can never decide, roles that nobody gets, and what is wider than
 * anybody would mean (docs/lint.md). Pure. Findings of the policy come first, each document's in order of place.
 */
export function lint(judge: Judge, { at, tested }: LintContext): readonly LintFinding[] {
  const subject = subjectOf(judge.policy.value, judge.directory.value, at, tested);
  const found = LINT_CHECKS.flatMap(({ id, check }) => check(subject).map((remark) => ({ id, remark })));
  const placed = found.map(({ id, remark }) => {
    const document = judge[remark.document];
    const { path, severity, message } = remark;
    return {
      remark,
      finding: { check: id, severity, file: document.file, ...locate(document, path), path: renderPath(path), message },
    };
  });
  return placed
    .sort((one, other) => order(one) - order(other) || byPlace(one.finding, other.finding))
    .map(({ finding }) => finding);
}

function order({ remark }: { readonly remark: Remark }): number {
  return remark.document === "policy" ? 0 : 1;
}

function locate(document: Judge["policy" | "directory"], path: Path): Position {
  const { line, column } = document.locate(path);
  return { line, column };
}

function byPlace(one: LintFinding, other: LintFinding): number {
  return (
    one.line - other.line ||
    one.column - other.column ||
    compare(one.check, other.check) ||
    compare(one.message, other.message)
  );
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
