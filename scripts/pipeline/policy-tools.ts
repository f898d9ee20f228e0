// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { Decision, LintFinding, RuleCoverage } from "@elevation/domain";
import { execute, type Finished, repository } from "../support/workspace";
import { EXIT } from "./exit";
import { DOCUMENTS, type JudgePaths } from "./proposal";

/** What `elevate test --coverage --json` tells. */
export interface TestRun {
  readonly passed: number;
  readonly failed: number;
  readonly cases: readonly TestCase[];
  readonly coverage: readonly { readonly policy: string; readonly rules: readonly RuleCoverage[] }[];
}

export interface TestCase {
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
  readonly expected: Partial<Pick<Decision, "rule" | "activatesAt" | "expiresAt">> & {
    readonly outcome: Decision["outcome"];
    readonly violations?: readonly string[];
  };
  readonly actual: Decision;
}

export interface LintOptions {
  /** Whether rules that no policy test sees are findings. */
  readonly isTested: boolean;
  /** Where the findings are written as SARIF, too. */
  readonly sarif: string;
}

/** The tools for a change of policy, on documents in a folder. Each is null where it can't answer. */
export interface Tools {
  test(root: string): Promise<TestRun | null>;
  lint(root: string, judge: JudgePaths, options: LintOptions): Promise<readonly LintFinding[] | null>;
  /** Of the folders `protected-branch` and `pull-request`; with the journal of the environment, where it names one. */
  diff(folder: string): Promise<{ readonly isWider: boolean; readonly markdown: string } | null>;
}

const ELEVATE = join(repository, "cli", "bin", "elevate.js");
/** Documents that take longer are none that anybody reviews, and the rest of the summary must not be lost with them. */
const LONGEST_MS = 300_000;

/** The tools of this very repository, as processes with no other environment. Why one can't answer goes to `onProblem`, a sentence each. */
export function makeTools(env: Readonly<Record<string, string>>, onProblem: (problem: string) => void): Tools {
  const ask = async (cwd: string, ...args: string[]): Promise<Finished | null> => {
    const ran = await execute(process.execPath, [ELEVATE, ...args], { ...env }, cwd, { timeoutMs: LONGEST_MS });
    // No is an answer, too.
    if ((ran.code === EXIT.yes || ran.code === EXIT.failed) && ran.stdout !== "") return ran;
    const lines = ran.stderr.split("\n").filter((line) => line !== "");
    for (const line of lines) onProblem(line.replace(/^error: /, ""));
    if (lines.length === 0) onProblem(`\`elevate ${args[0]}\` came to no end with these documents; make them simpler`);
    return null;
  };
  return {
    test: async (root) => {
      const told = await ask(root, "test", DOCUMENTS, "--coverage", "--json");
      return told && (JSON.parse(told.stdout) as TestRun);
    },
    lint: async (root, { directory, policy }, { isTested, sarif }) => {
      const tests = isTested ? ["--tests", DOCUMENTS] : [];
      const documents = ["--policy", policy, "--directory", directory];
      const told = await ask(root, "lint", ...documents, ...tests, "--json", "--sarif", sarif);
      return told && (JSON.parse(told.stdout) as { findings: LintFinding[] }).findings;
    },
    diff: async (folder) => {
      const replay = env["ELEVATION_JOURNAL"] === undefined ? [] : ["--replay"];
      const told = await ask(folder, "diff", "protected-branch", "pull-request", "--markdown", ...replay);
      return told && { isWider: told.code !== EXIT.yes, markdown: told.stdout };
    },
  };
}
