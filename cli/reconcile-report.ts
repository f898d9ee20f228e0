// SPDX-License-Identifier: Apache-2.0
import type { CutBack, FoundOrphan, Reconciliation, Swept } from "@elevation/provider/lifecycle";
import { neutral } from "./neutral";
import type { Terminal } from "./terminal";

/** What a reconciliation found, for programs (docs/cli.md): fields are added, never changed. */
export interface SweepReport {
  readonly orphans: readonly object[];
  readonly swept: readonly object[];
  readonly cutBack: readonly object[];
  readonly unreached: Reconciliation["unreached"];
}

export function sweepReport({ orphans, swept, cutBack, unreached }: Reconciliation): SweepReport {
  return {
    orphans: orphans.map(orphanReport),
    swept: swept.map(sweptReport),
    cutBack: cutBack.map(cutBackReport),
    unreached,
  };
}

export function orphanReport({ digest, place, expiresAt, isOurs, differences, isNews }: FoundOrphan): object {
  return { request: digest, target: place, expiresAt, ours: isOurs, differences, alarm: isNews };
}

export function sweptReport({ digest, place, ...swept }: Swept): object {
  return { request: digest, target: place, ...swept, alarm: isUnended(swept) };
}

export function cutBackReport({ grant, differences, reason }: CutBack): object {
  const { digest, request, place, expiresAt } = grant;
  const { requester, environment } = request.spec;
  return {
    ...{ request: digest, name: request.metadata.name, requester, environment, target: place, expiresAt },
    ...{ differences, outcome: reason === null ? "cut-back" : "failed", reason, alarm: reason !== null },
  };
}

/** Whether somebody has to do something about what a reconciliation found, besides its orphans. */
export function isUnsettled({ swept, cutBack, unreached }: Reconciliation): boolean {
  return unreached.length > 0 || swept.some(isUnended) || cutBack.some(({ reason }) => reason !== null);
}

/** A line each for people; of orphans those that are news. */
export function reconciliationLines(
  terminal: Terminal,
  { orphans, swept, cutBack }: Reconciliation,
): readonly string[] {
  return [
    ...orphans.filter(({ isNews }) => isNews).map((orphan) => orphanLine(terminal, orphan)),
    ...swept.map((one) => sweptLine(terminal, one)),
    ...cutBack.map((one) => cutBackLine(terminal, one)),
  ];
}

function orphanLine({ colours: { bold, red } }: Terminal, { place, differences }: FoundOrphan): string {
  return `${bold(red("ALARM: ORPHAN"))}: ${neutral(`\`${place.object}\` at \`${place.connection}\`: ${differences.join("; ")}`)}`;
}

function sweptLine({ colours: { bold, green, red, yellow } }: Terminal, swept: Swept): string {
  const { place, cause, outcome, reason, residue } = swept;
  const what = neutral(
    `\`${place.object}\` at \`${place.connection}\`, by which \`${place.identity}\` had \`${place.role}\``,
  );
  if (isUnended(swept)) return `${bold(red(`ALARM: ${outcome.toUpperCase()}`))}: ${what}: ${neutral(reason ?? "")}`;
  const left = residue.length === 0 ? "" : `; ${yellow("residue")}: ${neutral(residue.join("; "))}`;
  return `${green("swept")}: ${what} (${cause})${left}`;
}

function cutBackLine({ colours: { bold, green, red } }: Terminal, { grant, differences, reason }: CutBack): string {
  const name = neutral(`${grant.request.metadata.name} (${grant.request.spec.requester}): ${differences.join("; ")}`);
  if (reason === null) return `${green("cut back")}: ${name}`;
  return `${bold(red("ALARM: WIDER"))}: ${name}: ${neutral(reason)}`;
}

function isUnended({ outcome }: Pick<Swept, "outcome">): boolean {
  return outcome === "stuck" || outcome === "unrecorded";
}
