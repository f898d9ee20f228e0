// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import {
  type CaseRun,
  type Decision,
  type Policy,
  type PolicyTestCase,
  type RuleCoverage,
  ruleCoverage,
  runCase,
} from "@elevation/domain";
import type { PolicyTestFile } from "./policy-test-files";

/** A case that was run. */
export interface CaseReport {
  readonly file: string;
  /** `file:line:column`. */
  readonly place: string;
  readonly test: PolicyTestCase;
  readonly run: CaseRun;
}

/** What the cases saw of the rules of a policy. */
export interface PolicyCoverage {
  /** Path of its file. */
  readonly policy: string;
  readonly rules: readonly RuleCoverage[];
}

/** Everything that is known after the tests ran. */
export interface TestReport {
  readonly cases: readonly CaseReport[];
  readonly coverage: readonly PolicyCoverage[];
}

/** Runs every case, in order of files and cases. */
export function runPolicyTests(cwd: string, files: readonly PolicyTestFile[]): TestReport {
  const cases: CaseReport[] = [];
  const policies = new Map<string, { readonly file: string; readonly value: Policy; readonly decisions: Decision[] }>();
  for (const { test, judge } of files) {
    const { file, value } = judge.policy;
    const path = resolve(cwd, file);
    const policy = policies.get(path) ?? { file, value, decisions: [] };
    policies.set(path, policy);
    for (const [index, one] of test.value.cases.entries()) {
      const run = runCase(value, judge.directory.value, one);
      const { line, column } = test.locate(["cases", index]);
      cases.push({ file: test.file, place: `${test.file}:${line}:${column}`, test: one, run });
      if (run.isJudged) policy.decisions.push(run.actual);
    }
  }
  const coverage = [...policies.values()].map(({ file, value, decisions }) => {
    return { policy: file, rules: ruleCoverage(value, decisions) };
  });
  return { cases, coverage };
}

export function hasPassed({ run }: CaseReport): boolean {
  return run.differing.length === 0;
}
