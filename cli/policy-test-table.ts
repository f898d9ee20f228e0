// SPDX-License-Identifier: Apache-2.0
import { type Decision, type Expectation, violationIds } from "@elevation/domain";
import { neutral } from "./neutral";
import { type CaseReport, hasPassed, type PolicyCoverage, type TestReport } from "./policy-test-run";
import { renderTable } from "./table";
import type { Terminal } from "./terminal";

/** What failed and why, how many cases passed, and what no case saw of the rules: of each rule, where `isWhole`. */
export function renderTestReport(terminal: Terminal, { cases, coverage }: TestReport, isWhole: boolean): string {
  const failures = cases.filter((one) => !hasPassed(one)).map((one) => `${renderFailure(terminal, one)}\n`);
  const { green, red } = terminal.colours;
  const counts = `${cases.length - failures.length} passed, ${failures.length} failed`;
  const rules = coverage.flatMap((one) => one.rules);
  const seen = rules.reduce((sum, rule) => sum + rule.seen.length, 0);
  const unseen = rules.reduce((sum, rule) => sum + rule.unseen.length, 0);
  return [
    ...failures,
    (failures.length === 0 ? green : red)(counts),
    `${seen} of ${seen + unseen} outcomes of ${rules.length} ${rules.length === 1 ? "rule" : "rules"} seen`,
    ...(isWhole ? ["", renderCoverage(terminal, coverage)] : unseenLines(terminal, coverage)),
  ].join("\n");
}

function renderFailure({ colours }: Terminal, { place, test, run }: CaseReport): string {
  const { actual, differing } = run;
  const title = `${colours.red("failed")} ${neutral(place)}: ${colours.bold(neutral(test.name))}`;
  const differences = differing.map((field) => `  ${colours.yellow(field)}: ${difference(field, test.expect, actual)}`);
  const reasons = actual.violations.map(({ id, message }) => `  ${id}: ${neutral(message)}`);
  return [title, ...differences, ...reasons].join("\n");
}

function difference(field: keyof Expectation, expected: Expectation, actual: Decision): string {
  if (field !== "violations") return `expected ${expected[field] ?? "null"}, got ${actual[field] ?? "null"}`;
  const [wanted, got] = [expected.violations ?? [], violationIds(actual)];
  const missing = wanted.filter((id) => !got.includes(id)).map((id) => `${id} is missing`);
  const unexpected = got.filter((id) => !wanted.includes(id)).map((id) => `${id} is not expected`);
  return [...missing, ...unexpected].join(", ");
}

function unseenLines({ colours }: Terminal, coverage: readonly PolicyCoverage[]): string[] {
  return coverage.flatMap(({ policy, rules }) =>
    rules
      .filter(({ unseen }) => unseen.length > 0)
      .map(({ rule, unseen }) => `  ${neutral(policy)}: ${rule}: ${colours.yellow(unseen.join(", "))}`),
  );
}

function renderCoverage(terminal: Terminal, coverage: readonly PolicyCoverage[]): string {
  const { green, yellow } = terminal.colours;
  const rows = coverage.flatMap(({ policy, rules }) =>
    rules.map(({ rule, effect, seen, unseen }) => [
      policy,
      rule,
      effect,
      { text: seen.join(", "), paint: green },
      { text: unseen.join(", "), paint: yellow },
    ]),
  );
  return renderTable(terminal, ["policy", "rule", "effect", "seen", "not seen"], rows);
}
