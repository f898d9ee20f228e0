// SPDX-License-Identifier: Apache-2.0
import { quoteList } from "@elevation/domain";
import { inProject } from "../documents";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { readPolicyTests } from "../policy-test-files";
import { type CaseReport, hasPassed, runPolicyTests } from "../policy-test-run";
import { renderTestReport } from "../policy-test-table";
import type { Terminal } from "../terminal";

export interface TestOptions {
  readonly coverage?: boolean;
  readonly json?: boolean;
}

/** Where a project keeps its policy and the tests of it. */
const DEFAULT_FOLDER = "policypack";

/**
 * `elevate test`: what policies answer to the requests of policy tests, compared with what those expect. No test at all is bad
 * input: nobody shall take it for passed. Throws BadDocuments, CommandError.
 */
export function test(paths: readonly string[], options: TestOptions, terminal: Terminal): ExitCode {
  const names = paths.length > 0 ? paths : [defaultFolder(terminal)];
  const files = readPolicyTests(terminal.cwd, names);
  if (files.length === 0) {
    const message = `no policy test is below ${quoteList(names)}; write one (kind: PolicyTest), or name where they are`;
    throw new CommandError(EXIT.badInput, message);
  }
  const report = runPolicyTests(terminal.cwd, files);
  const { cases, coverage } = report;
  const passed = cases.filter(hasPassed).length;
  const failed = cases.length - passed;
  if (options.json !== true) terminal.print(renderTestReport(terminal, report, options.coverage === true));
  else {
    const more = options.coverage === true ? { coverage } : {};
    terminal.printJson({ passed, failed, cases: cases.map(jsonOf), ...more });
  }
  return failed === 0 ? EXIT.yes : EXIT.failed;
}

function defaultFolder({ cwd }: Terminal): string {
  return inProject(cwd, DEFAULT_FOLDER, "default folder of policy tests", "name files or folders of policy tests");
}

function jsonOf(report: CaseReport): object {
  const { file, test, run } = report;
  return { file, name: test.name, passed: hasPassed(report), expected: test.expect, actual: run.actual };
}
