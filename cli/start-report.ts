// SPDX-License-Identifier: Apache-2.0
import { formatInstant } from "@elevation/domain";
import type { Started } from "@elevation/provider/lifecycle";
import type { StartEvent } from "@elevation/reaper";
import { neutral } from "./neutral";
import { type Cell, renderInstant, renderTable } from "./table";
import type { Terminal } from "./terminal";

/** What `--json` says of a scheduled grant (docs/cli.md): fields are added, never changed. */
export interface StartReport extends Omit<Started, "digest" | "startAt"> {
  readonly request: string;
  readonly startAt: string;
}

export function startReport({ digest, startAt, ...start }: Started): StartReport {
  return { request: digest, ...start, startAt: formatInstant(startAt) };
}

/** What a line of `--json` says of a start. */
export function startEventReport(event: StartEvent): object {
  if (event.type === "activated") return { event: "activated", lateMs: event.lateMs, ...startReport(event.start) };
  const again = event.again === null ? null : formatInstant(event.again);
  return { event: "not-activated", again, ...startReport(event.start) };
}

export function startLine(at: string, event: StartEvent, { colours: { green, red } }: Terminal): string {
  const { name, requester, outcome, reason, expiresAt } = event.start;
  const who = neutral(`${name} (${requester})`);
  if (event.type === "activated") {
    return `${at} ${green("activated")}: ${who} ${event.lateMs} ms after its start, until ${expiresAt}`;
  }
  const again = event.again === null ? "" : `, again at ${formatInstant(event.again)}`;
  return `${at} ${red(`NOT ACTIVATED, ${outcome}`)}: ${who}${again}: ${oneLine(reason)}`;
}

const HEAD = ["scheduled", "person", "environment", "role", "start", "until"];

/** What became of scheduled grants, for people; why one was not activated stands below. `last`: over the outcomes. */
export function renderStarts(terminal: Terminal, starts: readonly Started[], last = "outcome"): string {
  const { green, red } = terminal.colours;
  const rows = starts.map(({ name, requester, environment, role, startAt, expiresAt, outcome }): readonly Cell[] => [
    ...[name, requester, environment, role, renderInstant(formatInstant(startAt))],
    ...[expiresAt === null ? "-" : renderInstant(expiresAt)],
    { text: outcome, paint: outcome === "denied" || outcome === "failed" ? red : green },
  ]);
  const reasons = starts.flatMap(({ name, requester, outcome, reason }) =>
    reason === null ? [] : [neutral(`${outcome}: ${name} (${requester}): ${oneLine(reason)}`)],
  );
  return [renderTable(terminal, [...HEAD, last], rows), ...reasons].join("\n");
}

/** A denial has a line for each violation. */
function oneLine(reason: string | null): string {
  return neutral((reason ?? "").replace(/\s*\n\s*/g, " "));
}
