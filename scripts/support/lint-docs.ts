// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LINT_CHECKS, type LintCheck } from "@elevation/domain";
import { table } from "./markdown-table";
import { repository } from "./workspace";

/** Where the page lies. */
export const LINT_PAGE = join(repository, "docs", "lint.md");

/** The text of the page about the checks of `elevate lint`. The same checks give the same text. */
export function renderLintPage(): string {
  const rows = LINT_CHECKS.map((check) => [`[${check.id}](#${check.id})`, levelsOf(check), check.finds]);
  return `# What \`elevate lint\` finds

Written by \`npm run docs\` from the checks themselves, in [domain/lint/checks](../domain/lint/checks), a file each.

A policy and a directory can be good in form and still not say what anybody meant. Each finding names the file, the line and the column,
what is seen there and how to mend it. Errors and warnings fail \`elevate lint\`, notes don't. A finding can't be switched off.

What is said never to decide never does: these checks compare rules field by field, and are silent where they can't be sure. Instants before
\`--at\`, which is now unless given, are past.

${table(["check", "is", "finds"], rows)}

${LINT_CHECKS.map(renderCheck).join("\n\n")}
`;
}

export function writeLintPage(): void {
  writeFileSync(LINT_PAGE, renderLintPage());
}

function renderCheck({ id, finds, risk, severity }: LintCheck): string {
  const levels = Object.entries(severity).map(([level, when]) => `- ${level}: ${when}`);
  return `## ${id}

${finds}

${risk}

${levels.join("\n")}`;
}

function levelsOf({ severity }: LintCheck): string {
  return Object.keys(severity).join(", ");
}
