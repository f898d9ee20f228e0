// SPDX-License-Identifier: Apache-2.0
import { formatInstant, type Instant } from "@elevation/domain";
import type { Planned, PlannedEnd } from "@elevation/provider/lifecycle";
import { neutral } from "./neutral";
import { renderStarts, type StartReport, startReport } from "./start-report";
import { type Cell, renderInstant, renderTable } from "./table";
import type { Terminal } from "./terminal";

/** What `elevate reap --dry-run --json` prints (docs/cli.md): fields are added, never changed. */
export interface PlanReport {
  readonly journal: string;
  readonly dryRun: true;
  readonly at: string;
  readonly grants: readonly (Omit<PlannedEnd, "digest" | "place"> & {
    readonly request: string;
    readonly target: PlannedEnd["place"];
  })[];
  readonly scheduled: readonly StartReport[];
}

export function planReport(journal: string, at: Instant, { ends, starts }: Planned): PlanReport {
  const grants = ends.map(({ digest, place, ...end }) => ({ request: digest, target: place, ...end }));
  return { journal, dryRun: true, at: formatInstant(at), grants, scheduled: starts.map(startReport) };
}

const HEAD = ["grant", "person", "environment", "role", "connection", "until", "why", "would end"];

/** What would be done, for people. */
export function renderPlan(terminal: Terminal, { ends, starts }: Planned): string {
  if (ends.length + starts.length === 0) return "nothing is due";
  const { bold, red } = terminal.colours;
  const alarms = ends.flatMap(({ name, requester, stuck }) =>
    stuck === null ? [] : [bold(red(neutral(`STUCK: ${name} (${requester}): ${stuck}`)))],
  );
  const table =
    ends.length === 0
      ? []
      : [
          renderTable(
            terminal,
            HEAD,
            ends.map((end) => rowOf(terminal, end)),
          ),
        ];
  const started = starts.length === 0 ? [] : [renderStarts(terminal, starts, "would be")];
  return [...alarms, ...table, ...started, "nothing was changed: this is a dry run"].join("\n");
}

function rowOf({ colours }: Terminal, end: PlannedEnd): readonly Cell[] {
  const { name, requester, environment, place, expiresAt, cause, overdueMs, stuck } = end;
  const late = overdueMs === null ? "now" : `now, ${Math.floor(overdueMs / 1000)} s overdue`;
  return [
    ...[name, requester, environment, place.role, place.connection, renderInstant(expiresAt), cause],
    { text: late, paint: stuck === null ? colours.green : colours.red },
  ];
}
