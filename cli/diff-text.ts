// SPDX-License-Identifier: Apache-2.0
import type { DiffReport } from "./diff-report";
import { sectionsOf } from "./diff-sections";
import { neutral } from "./neutral";
import type { Terminal } from "./terminal";

/** The report for people at a terminal. */
export function renderDiff({ colours }: Terminal, report: DiffReport): string {
  const sections = sectionsOf(report, neutral);
  const blocks = sections.map(({ isWider, items, title }) => [
    "",
    colours.bold(isWider ? colours.red(title) : title),
    ...items.flatMap(({ details, text }) => [`  ${text}`, ...details.map((detail) => `    ${detail}`)]),
  ]);
  return [verdictOf(report, neutral), ...blocks.flat(), ...footOf(report)].join("\n");
}

/** The report as Markdown, for a pull request. */
export function renderDiffMarkdown(report: DiffReport): string {
  const sections = sectionsOf(report, codeSpan);
  const blocks = sections.map(({ isWider, items, title }) => [
    "",
    `#### ${isWider ? "⚠️ " : ""}${title[0]?.toUpperCase()}${title.slice(1)}`,
    "",
    ...items.flatMap(({ details, text }) => [`- ${text}`, ...details.map((detail) => `  - ${detail}`)]),
  ]);
  return [`### ${verdictOf(report, codeSpan)}`, ...blocks.flat(), ...footOf(report)].join("\n");
}

function verdictOf(
  { narrowed, new: now, old, settings, access, widened }: DiffReport,
  show: (text: string) => string,
): string {
  const what = `${show(old)} → ${show(now)}`;
  if (widened) return `${what}: access is wider${narrowed ? ", and narrower elsewhere" : ""}`;
  if (narrowed) return `${what}: access is narrower, and nowhere wider`;
  return settings.length + access.length === 0 ? `${what}: the same access` : `${what}: the same access by other rules`;
}

function footOf({ replay }: DiffReport): string[] {
  if (replay === null) return [];
  const { changes, judged } = replay;
  return [
    "",
    `${judged} ${judged === 1 ? "decision" : "decisions"} of the journal judged again, ${changes.length} would be another`,
  ];
}

/** Text of others as code, whatever it holds: fenced by more backticks than stand together in it. */
export function codeSpan(text: string): string {
  const line = neutral(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  const space = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${space}${line}${space}${fence}`;
}
