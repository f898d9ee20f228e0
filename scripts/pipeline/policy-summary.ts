// SPDX-License-Identifier: Apache-2.0
import { code, sentence } from "./markdown";
import type { Finding, Meaning, PolicyChange } from "./policy-change";
import type { TestCase, TestRun } from "./policy-tools";

/** How much of it is shown: a summary holds a megabyte, a comment much less. */
export interface Room {
  /** Rows of a table, and items of a list. */
  readonly items: number;
  /** Characters of what `elevate diff` tells. */
  readonly characters: number;
}

export const WIDE: Room = { items: 200, characters: 200_000 };
export const SHORT: Room = { items: 20, characters: 15_000 };

/** Policy, directory and policy tests of a pull request, in Markdown: what is wider first, then what is wrong. */
export function renderPolicyChange(change: PolicyChange, room: Room): string {
  const { findings, meanings, problems } = change;
  return [
    "### Policy, directory and policy tests",
    ...meanings.filter(({ isWider }) => isWider).map(renderWider),
    problems.length === 0 ? "" : "What this pull request judges by can't be used as it is:",
    list(
      problems.map((problem) => `- ${sentence(problem)}`),
      room,
    ),
    ...meanings.flatMap((meaning) =>
      meaning.markdown === null ? [] : [renderMeaning(meaning, meaning.markdown, room)],
    ),
    renderTests(change, room),
    findings.length === 0 && problems.length > 0 ? "" : renderFindings(findings, room),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function renderWider(meaning: Meaning): string {
  return meaning.markdown === null
    ? `> ⚠️ **Take all that ${whereOf(meaning)} allows for new**: the protected branch has nothing to compare it with.`
    : `> ⚠️ **Access gets wider** by ${whereOf(meaning)}. Whoever approves this pull request approves that.`;
}

function whereOf({ policy, stacks }: Meaning): string {
  return `${code(policy)} (${stacks.length === 1 ? "stack" : "stacks"} ${stacks.map(code).join(", ")})`;
}

function renderMeaning(meaning: Meaning, markdown: string, room: Room): string {
  return `By ${whereOf(meaning)}:\n\n${wholeLines(markdown, room)}`;
}

/** NB. cut between lines alone: a code span ends on its own line. */
function wholeLines(markdown: string, { characters }: Room): string {
  const kept: string[] = [];
  let left = characters;
  const lines = markdown.trimEnd().split("\n");
  for (const line of lines) {
    left -= line.length + 1;
    if (left < 0)
      return [...kept, "", `${lines.length - kept.length} more lines; \`elevate diff\` has them all`].join("\n");
    kept.push(line);
  }
  return kept.join("\n");
}

function renderTests({ problems, tests, testsBefore }: PolicyChange, room: Room): string {
  const head = "#### Policy tests";
  if (tests === null) {
    if (problems.length > 0) return [head, "They were not run."].join("\n\n");
    const count = testsBefore?.cases.length ?? 0;
    const gone = count === 0 ? "" : `; the protected branch has ${count} ${count === 1 ? "case" : "cases"}`;
    return [head, `There are none${gone}.`].join("\n\n");
  }
  const failed = tests.cases.filter(({ passed }) => !passed);
  const gone = testsBefore === null ? [] : casesGone(testsBefore, tests);
  const counts = `${tests.passed} passed, ${tests.failed} failed`;
  const before = testsBefore === null ? "" : ` (protected branch: ${seenText(testsBefore)})`;
  const unseen = tests.coverage.flatMap(({ policy, rules }) =>
    rules.filter((rule) => rule.unseen.length > 0).map((rule) => ({ policy, ...rule })),
  );
  return [
    head,
    `${failed.length > 0 ? `**${counts}**` : counts}; ${seenText(tests)}${before}`,
    list(failed.map(renderFailure), room),
    gone.length === 0 ? "" : "No longer asked, or asked under another name:",
    list(
      gone.map(({ file, name }) => `- ${code(name)} (${code(file)})`),
      room,
    ),
    unseen.length === 0 ? "" : "No case sees:",
    list(
      unseen.map(({ policy, rule, unseen }) => `- ${code(policy)}: ${code(rule)}: ${unseen.join(", ")}`),
      room,
    ),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function seenText({ coverage }: TestRun): string {
  const rules = coverage.flatMap((one) => one.rules);
  const seen = rules.reduce((sum, rule) => sum + rule.seen.length, 0);
  const all = rules.reduce((sum, rule) => sum + rule.unseen.length, seen);
  return `${seen} of ${all} outcomes of ${rules.length} ${rules.length === 1 ? "rule" : "rules"} seen`;
}

function renderFailure({ actual, expected, file, name }: TestCase): string {
  const ids = [...new Set(actual.violations.map(({ id }) => id))];
  const wanted = Object.entries(expected).map(([field, value]) => `${field} ${code(String(value ?? "null"))}`);
  const got =
    actual.outcome === "deny"
      ? `deny${actual.rule === null ? "" : ` by ${code(actual.rule)}`}: ${ids.map(code).join(", ")}`
      : `allow by ${code(actual.rule ?? "null")} until ${code(actual.expiresAt ?? "null")}`;
  return `- **failed** ${code(name)} (${code(file)})\n  - expected ${wanted.join(", ")}\n  - got ${got}`;
}

function casesGone(before: TestRun, after: TestRun): readonly TestCase[] {
  const known = new Set(after.cases.map(({ file, name }) => JSON.stringify([file, name])));
  return before.cases.filter(({ file, name }) => !known.has(JSON.stringify([file, name])));
}

function renderFindings(findings: readonly Finding[], room: Room): string {
  if (findings.length === 0) return "#### Lint\n\nNothing is found.";
  const fresh = findings.filter(({ isNew }) => isNew);
  const rows = [...fresh, ...findings.filter(({ isNew }) => !isNew)].map(
    ({ check, column, file, isNew, line, message, severity }) =>
      `| ${[code(`${file}:${line}:${column}`), isNew ? `**new** ${severity}` : severity, check, sentence(message)].join(" | ")} |`,
  );
  const head = ["| place | severity | check | what is wrong, and how to mend it |", "| --- | --- | --- | --- |"];
  const more = rows.length > room.items ? `\n\n${rows.length - room.items} more` : "";
  return [
    "#### Lint",
    `${findings.length} ${findings.length === 1 ? "finding" : "findings"}, ${fresh.length} of them new`,
    [...head, ...rows.slice(0, room.items)].join("\n") + more,
  ].join("\n\n");
}

function list(items: readonly string[], room: Room): string {
  const rest = items.length > room.items ? [`- ${items.length - room.items} more`] : [];
  return [...items.slice(0, room.items), ...rest].join("\n");
}
