// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  lint as findingsOf,
  formatInstant,
  type LintFinding,
  quote,
  type Severity,
  type TestedRules,
} from "@elevation/domain";
import { BadDocuments, readDocuments } from "../documents";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { readAt } from "../instant-option";
import { renderFindings } from "../lint-table";
import { readPolicyTests } from "../policy-test-files";
import { runPolicyTests } from "../policy-test-run";
import { sarifOf, sarifOfProblems } from "../sarif";
import type { Terminal } from "../terminal";

export interface LintOptions {
  readonly at?: string;
  readonly policy?: string;
  readonly directory?: string;
  readonly tests?: readonly string[];
  readonly json?: boolean;
  readonly sarif?: string;
}

/** Where `--sarif` prints instead of writing a file. */
const STDOUT = "-";

/**
 * `elevate lint`: what is wrong with a policy and a directory that are good in form. Errors and warnings fail it, notes don't. Throws
 * BadDocuments, CommandError.
 */
export function lint(options: LintOptions, terminal: Terminal): ExitCode {
  const { json, sarif } = options;
  if (json === true && sarif === STDOUT) {
    throw new CommandError(EXIT.badInput, "`--json` and `--sarif -` would both be printed; give `--sarif` a file");
  }
  const at = readAt(options.at);
  const findings = told(terminal, sarif, () => {
    const { judge } = readDocuments(terminal.cwd, { ...options, requests: [] }, "study");
    return findingsOf(judge, { at, tested: testedRules(terminal.cwd, judge.policy.file, options) });
  });
  if (json === true) terminal.printJson({ at: formatInstant(at), counts: countsOf(findings), findings });
  else if (sarif !== STDOUT) terminal.print(renderFindings(terminal, findings, countsOf(findings)));
  if (sarif !== undefined) writeSarif(terminal, sarif, sarifOf(findings, version(), terminal.cwd));
  return findings.some(({ severity }) => severity !== "note") ? EXIT.failed : EXIT.yes;
}

/** What is found; where documents are bad, SARIF tells that as well before the error does. */
function told(
  terminal: Terminal,
  sarif: string | undefined,
  find: () => readonly LintFinding[],
): readonly LintFinding[] {
  try {
    return find();
  } catch (error) {
    if (sarif !== undefined && error instanceof BadDocuments) {
      writeSarif(terminal, sarif, sarifOfProblems(error.problems, version(), terminal.cwd));
    }
    throw error;
  }
}

/** What policy tests see of this policy: those that are named, else those beside a project's own policy; null where there are none. */
function testedRules(cwd: string, policy: string, { policy: given, tests }: LintOptions): TestedRules | null {
  if (given !== undefined && tests === undefined) return null;
  const files = readPolicyTests(cwd, tests ?? [dirname(policy)]);
  const ours = files.filter(({ judge }) => resolve(cwd, judge.policy.file) === resolve(cwd, policy));
  if (ours.length === 0 && tests === undefined) return null;
  const [coverage] = runPolicyTests(cwd, ours).coverage;
  return new Map((coverage?.rules ?? []).map(({ rule, seen }) => [rule, new Set(seen)]));
}

function countsOf(findings: readonly LintFinding[]): Readonly<Record<Severity, number>> {
  const count = (wanted: Severity) => findings.filter(({ severity }) => severity === wanted).length;
  return { error: count("error"), warning: count("warning"), note: count("note") };
}

function writeSarif(terminal: Terminal, file: string, log: object): void {
  if (file === STDOUT) {
    terminal.printJson(log);
    return;
  }
  try {
    writeFileSync(resolve(terminal.cwd, file), `${JSON.stringify(log, null, 2)}\n`);
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw new CommandError(
      EXIT.storeFailed,
      `${quote(file)} cannot be written (${code}); check the path and its rights`,
    );
  }
}

function version(): string {
  const { version } = JSON.parse(readFileSync(join(__dirname, "..", "..", "package.json"), "utf8")) as {
    version: string;
  };
  return version;
}
