// SPDX-License-Identifier: Apache-2.0
import { namedLock, parseInstant, renderDuration } from "@elevation/domain";
import { silenceSentence } from "@elevation/journal";
import { neutral } from "./neutral";
import { scheduledLine } from "./scheduled-report";
import type { LiveStatus, StatusReport } from "./status-report";
import { triesOf } from "./stuck-table";
import { type Cell, renderInstant, renderTable } from "./table";
import type { Terminal } from "./terminal";

const HEAD = ["grant", "person", "role", "environment", "stack", "status", "from", "until", "left"];

/** The report for people; what needs somebody now stands first. */
export function renderStatus(terminal: Terminal, report: StatusReport): string {
  const { residue, orphans, locks, live, scheduled } = report;
  return [
    ...alarms(terminal, report),
    live.length === 0
      ? `no grant is live at ${renderInstant(report.at)}`
      : renderTable(
          terminal,
          HEAD,
          live.map((grant) => rowOf(terminal, grant)),
        ),
    ...section(terminal, "scheduled", scheduled.map(scheduledLine)),
    ...section(
      terminal,
      "already held",
      live.flatMap(({ name, request, requester, alreadyHeld }) =>
        alreadyHeld.map((sentence) => `${name ?? request} (${requester}): ${sentence}`),
      ),
    ),
    ...section(
      terminal,
      "residue",
      residue.flatMap(({ name, request, requester, residue: sentences }) =>
        sentences.map((sentence) => `${name ?? request} (${requester}): ${sentence}`),
      ),
    ),
    ...section(
      terminal,
      "orphans",
      orphans.map(({ connection, object, differences, at }) => {
        const what = `\`${object ?? "?"}\` at \`${connection ?? "?"}\`, seen ${renderInstant(at)}`;
        return `${what}: ${differences.join("; ") || "not made by us"}`;
      }),
    ),
    ...section(
      terminal,
      "locks",
      locks.map(
        ({ lock, until, reason, by }) => `${namedLock(lock)} until ${renderInstant(until)}, by ${by}: ${reason}`,
      ),
    ),
  ].join("\n");
}

function alarms({ colours }: Terminal, { live, stuck, watch }: StatusReport): string[] {
  const silent = watch.silent.map(
    ({ since, ...where }) =>
      `SILENT: ${silenceSentence({ ...where, since: since === null ? null : parseInstant(since) })}`,
  );
  if (watch.problem !== null) silent.push(`SILENT: it is not known whether anybody ends grants: ${watch.problem}`);
  const failed = new Map(stuck.map((grant) => [grant.request, grant]));
  const lines = live.flatMap((grant) => {
    const name = `${grant.name ?? grant.request} (${grant.requester})`;
    const failure = failed.get(grant.request);
    if (failure !== undefined)
      return [`STUCK: ${name} must end and the target refuses, ${triesOf(failure)}: ${failure.reason}`];
    if (!grant.overdue) return [];
    return [`OVERDUE: ${name} should have ended ${left(grant)} ago; run \`pulumi refresh\` on ${grant.stack}`];
  });
  lines.unshift(...silent);
  return lines.length === 0 ? [] : [...lines.map((line) => colours.bold(colours.red(neutral(line)))), ""];
}

function rowOf({ colours }: Terminal, grant: LiveStatus): Cell[] {
  const isAlarming = grant.status === "stuck" || grant.overdue;
  const paint = isAlarming ? colours.red : grant.activated ? colours.green : colours.yellow;
  return [
    grant.name ?? grant.request,
    grant.requester,
    grant.role,
    grant.environment,
    grant.stack,
    { text: words(grant), paint },
    renderInstant(grant.activatedAt),
    renderInstant(grant.expiresAt),
    grant.overdue ? `${left(grant)} over` : left(grant),
  ];
}

/** A stuck grant is more than overdue; one that is being ended, or not yet observed, is not yet plain active. */
function words({ status, overdue, marks, activated }: LiveStatus): string {
  if (status === "stuck") return "stuck";
  if (overdue) return "overdue";
  return marks.at(-1) ?? (activated ? "active" : "activating");
}

function left({ remainingSeconds }: LiveStatus): string {
  return renderDuration(Math.abs(remainingSeconds) * 1000);
}

function section({ colours }: Terminal, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", colours.bold(title), ...lines.map((line) => `  ${neutral(line)}`)];
}
