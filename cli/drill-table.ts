// SPDX-License-Identifier: Apache-2.0
import type { Drill, DrillOutcome } from "@elevation/reaper";
import { neutral } from "./neutral";
import { renderInstant, renderTable } from "./table";
import type { Terminal } from "./terminal";

/** A drill, what came of it, and why what was still open could not be ended; null where it could, or had not to be. */
export interface Drilled {
  readonly drill: Drill;
  readonly outcome: Exclude<DrillOutcome, { readonly outcome: "waits" }>;
  readonly unended: string | null;
}

/** What `elevate drill --json` prints (docs/cli.md): fields are added, never changed. */
export function drilledReport(journal: string, done: readonly Drilled[]): object {
  return {
    journal,
    drills: done.map(({ drill, outcome, unended }) => {
      const { name, requester, role, environment } = drill;
      const { grant } = outcome;
      const failure = outcome.outcome === "failed" ? outcome : { failure: null, reason: null };
      return {
        ...{ drill: name, requester, role, environment, outcome: outcome.outcome },
        ...{ request: grant?.digest ?? null, expiresAt: grant?.expiresAt ?? null },
        lateMs: outcome.outcome === "passed" ? outcome.lateMs : null,
        ...{ failure: failure.failure, reason: failure.reason, unended },
      };
    }),
  };
}

const HEAD = ["drill", "person", "environment", "role", "until", "late", "outcome"];

/** For people; what failed stands first, with why. */
export function renderDrilled(terminal: Terminal, done: readonly Drilled[]): string {
  const { bold, green, red } = terminal.colours;
  const alarms = done.flatMap(({ drill, outcome, unended }) => {
    if (outcome.outcome !== "failed") return [];
    const who = `${drill.name} (${drill.requester})`;
    return [
      bold(red(neutral(`DRILL FAILED, ${outcome.failure}: ${who}: ${outcome.reason}`))),
      ...(unended === null ? [] : [bold(red(neutral(`STUCK: ${who}: ${unended}`)))]),
    ];
  });
  const rows = done.map(({ drill, outcome }) => [
    ...[drill.name, drill.requester, drill.environment, drill.role],
    renderInstant(outcome.grant?.expiresAt ?? null),
    outcome.outcome === "passed" ? `${outcome.lateMs} ms` : "",
    { text: outcome.outcome, paint: outcome.outcome === "passed" ? green : red },
  ]);
  return [...alarms, renderTable(terminal, HEAD, rows)].join("\n");
}
