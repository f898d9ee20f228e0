// SPDX-License-Identifier: Apache-2.0
import type { Reaped, Reconciliation, Started } from "@elevation/provider/lifecycle";
import { neutral } from "./neutral";
import { reconciliationLines, type SweepReport, sweepReport } from "./reconcile-report";
import { renderStarts, type StartReport, startReport } from "./start-report";
import { type Cell, renderInstant, renderTable } from "./table";
import type { Terminal } from "./terminal";

/** What `elevate reap --json` prints (docs/cli.md): fields are added, never changed. */
export interface ReapReport {
  readonly journal: string;
  readonly grants: readonly {
    readonly request: string;
    readonly name: string;
    readonly requester: string;
    readonly environment: string;
    readonly target: Reaped["place"];
    readonly expiresAt: string;
    readonly cause: Reaped["cause"];
    readonly outcome: Reaped["outcome"];
    readonly reason: string | null;
    readonly residue: readonly string[];
  }[];
  /** What became of scheduled grants. */
  readonly scheduled: readonly StartReport[];
  /** What stands at the targets, compared with the journal. */
  readonly sweep: SweepReport;
}

/** What a pass did. */
export interface Passed {
  readonly reaped: readonly Reaped[];
  readonly started: readonly Started[];
  readonly reconciliation: Reconciliation;
}

export function reapReport(journal: string, { reaped, started, reconciliation }: Passed): ReapReport {
  const sweep = sweepReport(reconciliation);
  return { journal, grants: reaped.map(grantReport), scheduled: started.map(startReport), sweep };
}

export function grantReport({ digest, place, stack: _stack, ...grant }: Reaped): ReapReport["grants"][number] {
  return { request: digest, target: place, ...grant };
}

const HEAD = ["grant", "person", "environment", "role", "connection", "until", "why", "outcome"];

/** The pass for people; what needs somebody now stands first. */
export function renderReap(terminal: Terminal, { reaped, started, reconciliation }: Passed): string {
  const starts = started.length === 0 ? [] : [renderStarts(terminal, started)];
  const found = reconciliationLines(terminal, reconciliation);
  if (reaped.length === 0) return [starts[0] ?? "nothing is due", ...found].join("\n");
  const { bold, red } = terminal.colours;
  const alarms = reaped.flatMap(({ name, requester, outcome, reason }) =>
    reason === null ? [] : [bold(red(neutral(`${outcome.toUpperCase()}: ${name} (${requester}): ${reason}`)))],
  );
  const residue = reaped.flatMap(({ name, requester, residue }) =>
    residue.map((sentence) => neutral(`residue: ${name} (${requester}): ${sentence}`)),
  );
  return [
    ...alarms,
    renderTable(
      terminal,
      HEAD,
      reaped.map((grant) => rowOf(terminal, grant)),
    ),
    ...residue,
    ...starts,
    ...found,
  ].join("\n");
}

function rowOf({ colours }: Terminal, grant: Reaped): readonly Cell[] {
  const { name, requester, environment, place, expiresAt, cause, outcome } = grant;
  const paint = ["stuck", "unrecorded", "abandoned"].includes(outcome) ? colours.red : colours.green;
  return [
    ...[name, requester, environment, place.role, place.connection],
    ...[renderInstant(expiresAt), cause, { text: outcome, paint }],
  ];
}
