// SPDX-License-Identifier: Apache-2.0
import type { Reaped } from "@elevation/provider/lifecycle";
import { neutral } from "./neutral";
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
}

export function reapReport(journal: string, reaped: readonly Reaped[]): ReapReport {
  return { journal, grants: reaped.map(grantReport) };
}

export function grantReport({ digest, place, ...grant }: Reaped): ReapReport["grants"][number] {
  return { request: digest, target: place, ...grant };
}

const HEAD = ["grant", "person", "environment", "role", "connection", "until", "why", "outcome"];

/** The pass for people; what needs somebody now stands first. */
export function renderReap(terminal: Terminal, reaped: readonly Reaped[]): string {
  if (reaped.length === 0) return "nothing is due";
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
  ].join("\n");
}

function rowOf({ colours }: Terminal, grant: Reaped): readonly Cell[] {
  const { name, requester, environment, place, expiresAt, cause, outcome } = grant;
  const paint = outcome === "stuck" || outcome === "unrecorded" ? colours.red : colours.green;
  return [
    ...[name, requester, environment, place.role, place.connection],
    ...[renderInstant(expiresAt), cause, { text: outcome, paint }],
  ];
}
