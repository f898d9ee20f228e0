// SPDX-License-Identifier: Apache-2.0
import type { LintFinding, Severity } from "@elevation/domain";
import { renderTable } from "./table";
import type { Terminal } from "./terminal";

const HEAD = ["place", "severity", "check", "what is wrong, and how to mend it"];

/** The findings as a table, and under it how many there are of which severity. */
export function renderFindings(
  terminal: Terminal,
  findings: readonly LintFinding[],
  counts: Readonly<Record<Severity, number>>,
): string {
  if (findings.length === 0) return "nothing is found";
  const { colours } = terminal;
  const paints = { error: colours.red, warning: colours.yellow, note: colours.dim };
  const rows = findings.map(({ check, severity, file, line, column, message }) => [
    `${file}:${line}:${column}`,
    { text: severity, paint: paints[severity] },
    check,
    message,
  ]);
  return [renderTable(terminal, HEAD, rows), "", summary(counts)].join("\n");
}

function summary(counts: Readonly<Record<Severity, number>>): string {
  return (["error", "warning", "note"] as const)
    .filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severity}${counts[severity] === 1 ? "" : "s"}`)
    .join(", ");
}
