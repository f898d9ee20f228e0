// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDocumentError, type LintFinding, type Purpose, readJudge, renderProblem } from "@elevation/domain";
import { EXIT, type ExitCode, worst } from "./exit";
import { makeTools, type TestRun, type Tools } from "./policy-tools";
import { copySide, type JudgePaths, type Side, textOf } from "./proposal";

/** What a pull request's change of policy, directory or policy tests means. */
export interface PolicyChange {
  /** Why documents can't be taken, read or looked at, as whole sentences. */
  readonly problems: readonly string[];
  readonly meanings: readonly Meaning[];
  readonly findings: readonly Finding[];
  /** Null: there is no policy test, or they can't be run. */
  readonly tests: TestRun | null;
  /** The same of the protected branch. */
  readonly testsBefore: TestRun | null;
}

/** What other documents mean for the stacks that are judged by them. */
export interface Meaning {
  readonly policy: string;
  readonly stacks: readonly string[];
  /** Also where that isn't known. */
  readonly isWider: boolean;
  /** What `elevate diff` tells, as Markdown; null: there is nothing to compare with. */
  readonly markdown: string | null;
}

/** What `elevate lint` finds. */
export interface Finding extends LintFinding {
  /** Whether the protected branch doesn't have it. */
  readonly isNew: boolean;
}

export interface StudyOf {
  /** The protected branch's project. */
  readonly root: string;
  /** A checkout of the pull request. */
  readonly proposed: string;
  /** An empty folder to work in. */
  readonly folder: string;
  /** Names a journal only if that can be read. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the findings are written as SARIF; null: nowhere. */
  readonly sarif: string | null;
}

/** What it comes to. That access is wider is for reviewers to judge, unless `failsWider`. */
export function exitOf({ findings, meanings, problems, tests }: PolicyChange, failsWider: boolean): ExitCode {
  const isFailed =
    (tests?.failed ?? 0) > 0 ||
    findings.some(({ isNew, severity }) => isNew && severity !== "note") ||
    (failsWider && meanings.some(({ isWider }) => isWider));
  return worst([isFailed ? EXIT.failed : EXIT.yes, problems.length > 0 ? EXIT.badInput : EXIT.yes]);
}

/**
 * Studies the documents of a pull request with the protected branch's tools, as text: nothing of them is run, and nobody is
 * judged by them before they are merged. Null: neither policy nor directory nor policy test changes.
 */
export async function studyPolicyChange(of: StudyOf): Promise<PolicyChange | null> {
  const before = copySide(of.root, join(of.folder, "protected-branch"));
  const after = copySide(of.proposed, join(of.folder, "pull-request"), before.judges.values());
  for (const { root } of [before, after]) copyFileSync(join(of.root, "Pulumi.yaml"), join(root, "Pulumi.yaml"));
  const problems = new Set(after.problems);
  const study = { of, before, after, problems, tools: makeTools(of.env, (problem) => problems.add(problem)) };
  const pairs = pairsOf(study);
  const changed = pairs.filter((pair) => !isSame(study, pair));
  const isTouched = after.problems.some((problem) => !before.problems.includes(problem)) || haveOtherTests(study);
  if (changed.length === 0 && !isTouched) return null;

  const readable = pairs.filter((pair) => canBeRead(study, pair.after));
  const testsBefore = await runTests(before, silentTools(of));
  const tests = await runTests(after, study.tools);
  // What isn't tested is a finding where there are tests, or were; of tests that can't be run nobody knows.
  const isTested = tests !== null || (testsBefore !== null && after.tests.length === 0);
  const meanings: Meaning[] = [];
  for (const pair of readable.filter((pair) => changed.includes(pair))) meanings.push(await meaningOf(study, pair));
  const findings: Finding[] = [];
  for (const pair of readable) findings.push(...(await findingsOn(study, pair, isTested)));
  return { problems: [...problems], meanings, findings, tests, testsBefore };
}

interface Study {
  readonly of: StudyOf;
  readonly before: Side;
  readonly after: Side;
  /** Grows, by the tools too. */
  readonly problems: Set<string>;
  readonly tools: Tools;
}

/** For the protected branch's own documents: what is wrong with those is no problem of the pull request. */
function silentTools({ env }: StudyOf): Tools {
  return makeTools(env, () => undefined);
}

/** NB. not if something was not taken: a test may name a file that is not the project's, and what is read is quoted. */
async function runTests({ problems, root, tests }: Side, tools: Tools): Promise<TestRun | null> {
  return tests.length === 0 || problems.length > 0 ? null : tools.test(root);
}

/** What stacks are judged by, before (null: they are new) and after. */
interface Pair {
  readonly stacks: readonly string[];
  readonly before: JudgePaths | null;
  readonly after: JudgePaths;
}

/** NB. a stack whose file the pull request lacks is judged by what it was: perhaps it was only not checked out. */
function pairsOf({ after, before }: Study): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  for (const stack of new Set([...before.judges.keys(), ...after.judges.keys()])) {
    const old = before.judges.get(stack) ?? null;
    const now = after.judges.get(stack) ?? old;
    if (now === null) continue;
    const key = JSON.stringify([old, now]);
    pairs.set(key, { stacks: [...(pairs.get(key)?.stacks ?? []), stack], before: old, after: now });
  }
  return [...pairs.values()];
}

function isSame({ after, before }: Study, { after: now, before: old }: Pair): boolean {
  return (
    old !== null &&
    textIn(before, old.policy) === textIn(after, now.policy) &&
    textIn(before, old.directory) === textIn(after, now.directory)
  );
}

function haveOtherTests({ after, before }: Study): boolean {
  const textsOf = (side: Side) => JSON.stringify(side.tests.map((path) => [path, textOf(side.root, path)]));
  return textsOf(before) !== textsOf(after);
}

/** Null: it was not taken. */
function textIn({ root }: Side, path: string): string | null {
  return existsSync(join(root, path)) ? textOf(root, path) : null;
}

/** As the deploy would read them: what this version doesn't enforce is refused there, and would stop everybody. */
function canBeRead({ after, problems }: Study, judge: JudgePaths): boolean {
  const found = problemsOf(after, judge, "grant");
  for (const problem of found ?? []) problems.add(problem);
  return found?.length === 0;
}

/** Null: one of them was not taken, which is told where it was. */
function problemsOf(side: Side, { directory, policy }: JudgePaths, purpose: Purpose): readonly string[] | null {
  const [policyText, directoryText] = [textIn(side, policy), textIn(side, directory)];
  if (policyText === null || directoryText === null) return null;
  try {
    readJudge({ file: policy, text: policyText }, { file: directory, text: directoryText }, purpose);
    return [];
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return error.problems.map(renderProblem);
  }
}

async function meaningOf({ after, before, of, tools }: Study, pair: Pair): Promise<Meaning> {
  const unknown = { policy: pair.after.policy, stacks: pair.stacks, isWider: true, markdown: null };
  if (pair.before === null || problemsOf(before, pair.before, "study")?.length !== 0) return unknown;
  const folder = mkdtempSync(join(of.folder, "diff-"));
  copyJudge(before, pair.before, join(folder, "protected-branch"));
  copyJudge(after, pair.after, join(folder, "pull-request"));
  return { ...unknown, ...(await tools.diff(folder)) };
}

/** Under the names that `elevate diff` looks for in a folder. */
function copyJudge({ root }: Side, { directory, policy }: JudgePaths, to: string): void {
  mkdirSync(to);
  copyFileSync(join(root, policy), join(to, "elevation.yaml"));
  copyFileSync(join(root, directory), join(to, "directory.yaml"));
}

async function findingsOn(study: Study, pair: Pair, isTested: boolean): Promise<readonly Finding[]> {
  const { after, before, of, tools } = study;
  const folder = mkdtempSync(join(of.folder, "lint-"));
  const options = { isTested, sarif: join(folder, "lint.sarif") };
  const old = pair.before === null ? null : await silentTools(of).lint(before.root, pair.before, options);
  const found = await tools.lint(after.root, pair.after, options);
  if (of.sarif !== null && found !== null) addSarif(of.sarif, options.sarif);
  const known = new Set(old?.map(keyOf));
  return (found ?? []).map((finding) => ({ ...finding, isNew: !known.has(keyOf(finding)) }));
}

/** NB. without the line, which moves with what stands above it. */
function keyOf({ check, file, message, severity }: LintFinding): string {
  return JSON.stringify([check, severity, file, message]);
}

interface Sarif {
  readonly runs: readonly [{ readonly results: unknown[] }];
}

/** All findings are one run of one tool, as code scanning takes it. */
function addSarif(to: string, file: string): void {
  const log = JSON.parse(readFileSync(file, "utf8")) as Sarif;
  if (existsSync(to)) log.runs[0].results.unshift(...(JSON.parse(readFileSync(to, "utf8")) as Sarif).runs[0].results);
  writeFileSync(to, JSON.stringify(log, null, 2));
}
