// SPDX-License-Identifier: Apache-2.0
import { neutral } from "./neutral";
import type { StackReport, StacksReport } from "./stacks-report";
import { type Cell, renderInstant, renderTable } from "./table";
import type { Terminal } from "./terminal";

const HEAD = [
  "stack",
  "environments",
  "live",
  "next end",
  "in state",
  "ended",
  "last update",
  "last refresh",
  "status",
];

/** The report for people; what needs somebody now stands first. */
export function renderStacks(terminal: Terminal, { problem, stacks }: StacksReport): string {
  const { bold, red } = terminal.colours;
  const alarms = [
    ...(problem === null ? [] : [`BACKEND: ${problem}`]),
    ...stacks.flatMap(({ problems }) => problems.map((reason) => `BROKEN: ${reason}`)),
  ];
  return [
    ...alarms.map((line) => bold(red(neutral(line)))),
    ...(alarms.length === 0 ? [] : [""]),
    renderTable(
      terminal,
      HEAD,
      stacks.map((stack) => rowOf(terminal, stack)),
    ),
    ...section(
      terminal,
      "locked",
      stacks.flatMap((stack) =>
        (stack.locks ?? []).map(({ by, since }) => `${nameOf(stack)}: by ${by} since ${renderInstant(since) || "?"}`),
      ),
    ),
    ...section(
      terminal,
      "ended, and still in a state (a refresh drops them)",
      stacks.flatMap((stack) =>
        (stack.ended ?? []).map(({ name, request }) => `${nameOf(stack)}: ${name} (${request})`),
      ),
    ),
    ...section(
      terminal,
      "live, and in no state",
      stacks.flatMap((stack) =>
        (stack.missing ?? []).map(
          ({ name, request, requester, expiresAt }) =>
            `${nameOf(stack)}: ${name ?? request} (${requester}), until ${renderInstant(expiresAt)}`,
        ),
      ),
    ),
  ].join("\n");
}

function rowOf({ colours }: Terminal, stack: StackReport): readonly Cell[] {
  const { environments, live, nextEnd, held, ended, updatedAt, refreshedAt } = stack;
  const status = words(stack);
  const paint =
    status === "broken" || status.endsWith("overdue")
      ? colours.red
      : status === "fine"
        ? colours.green
        : colours.yellow;
  return [
    ...[nameOf(stack), environments.join(", "), String(live), renderInstant(nextEnd)],
    ...[held === null ? "" : String(held), ended === null ? "" : String(ended.length)],
    ...[renderInstant(updatedAt), renderInstant(refreshedAt), { text: status, paint }],
  ];
}

function words({ problems, overdue, locks, ended, missing, file, held }: StackReport): string {
  if (problems.length > 0) return "broken";
  if (overdue > 0) return `${overdue} overdue`;
  if (locks !== null && locks.length > 0) return "locked";
  if ((ended ?? []).length > 0) return "behind";
  if ((missing ?? []).length > 0) return "incomplete";
  if (file === null) return "another project's";
  if (held === null) return "unknown";
  return file ? "fine" : "no file";
}

function nameOf({ project, stack }: StackReport): string {
  return `${project}/${stack}`;
}

function section({ colours }: Terminal, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", colours.bold(title), ...lines.map((line) => `  ${neutral(line)}`)];
}
