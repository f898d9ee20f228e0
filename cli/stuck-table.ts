// SPDX-License-Identifier: Apache-2.0
import { neutral } from "./neutral";
import type { StuckReport, StuckStatus } from "./stuck-report";
import { renderInstant } from "./table";
import type { Terminal } from "./terminal";

/** What is stuck, for people: all that somebody needs who is to end it. */
export function renderStuck(terminal: Terminal, { at, stuck }: StuckReport): string {
  if (stuck.length === 0) return `no grant is stuck at ${renderInstant(at)}`;
  const { bold, red } = terminal.colours;
  const count =
    stuck.length === 1
      ? "1 grant must end and its target refuses"
      : `${stuck.length} grants must end and their targets refuse`;
  return [bold(red(`STUCK: ${count}`)), ...stuck.map((grant) => renderGrant(terminal, grant))].join("\n\n");
}

/** As in "3 times since 2026-11-24T10:00:00Z". */
export function triesOf({ tries, since }: StuckStatus): string {
  return `${tries === 1 ? "once" : `${tries} times`} since ${renderInstant(since)}`;
}

function renderGrant({ colours }: Terminal, grant: StuckStatus): string {
  const { name, request, requester, environment, stack, cause, expiresAt, triedAt, reason, access, nextTryBy } = grant;
  const rows = [
    ["must end", `${cause ?? "for no known cause"}, expires ${renderInstant(expiresAt)}`],
    ["tried", `${triesOf(grant)}, last at ${renderInstant(triedAt)}`],
    ["refused", reason],
    [
      "next try",
      nextTryBy === null ? "not known: nobody is heard of who ends grants there" : `by ${renderInstant(nextTryBy)}`,
    ],
    ["may stand", access],
    ["stack", `${stack}, environment ${environment}`],
    ["request", request],
  ];
  return [
    colours.bold(neutral(`${name ?? request} (${requester})`)),
    ...rows.map(([what = "", text = ""]) => `  ${colours.dim(what.padEnd(9))}  ${neutral(text)}`),
  ].join("\n");
}
