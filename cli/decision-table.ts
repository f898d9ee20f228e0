// SPDX-License-Identifier: Apache-2.0
import type { Decision, Document, Request } from "@elevation/domain";
import { neutral } from "./neutral";
import { type Cell, renderInstant, renderTable } from "./table";
import type { Terminal } from "./terminal";

const HEAD = ["request", "person", "role", "environment", "outcome", "rule", "from", "until"];

/** The decisions as a table, and under it what is wrong with each request and how to mend it. Instants are UTC. */
export function renderDecisions(
  terminal: Terminal,
  requests: readonly Document<Request>[],
  decisions: readonly Decision[],
): string {
  const pairs = requests.flatMap((request, index) => {
    const decision = decisions[index];
    return decision === undefined ? [] : [{ request, decision }];
  });
  const rows = pairs.map(({ request, decision }) => rowOf(terminal, request.value, decision));
  const details = pairs.flatMap(({ request, decision }) => detailsOf(terminal, request, decision));
  return [renderTable(terminal, HEAD, rows), ...details].join("\n");
}

function rowOf({ colours }: Terminal, { metadata, spec }: Request, decision: Decision): Cell[] {
  const paint = decision.outcome === "allow" ? colours.green : colours.red;
  return [
    metadata.name,
    spec.requester,
    spec.role,
    spec.environment,
    { text: decision.outcome, paint },
    decision.rule ?? "",
    renderInstant(decision.activatesAt),
    renderInstant(decision.expiresAt),
  ];
}

function detailsOf({ colours }: Terminal, { file, value }: Document<Request>, decision: Decision): string[] {
  const name = neutral(value.metadata.name);
  const lines: string[] = [];
  const { expiresAt, effectiveEnd, violations } = decision;
  if (effectiveEnd !== null && effectiveEnd !== expiresAt) {
    lines.push(`${name}: access may outlive the grant at the target until ${renderInstant(effectiveEnd)}`);
  }
  if (violations.length === 0) return lines;
  const list = violations.map(({ id, message }) => `  ${colours.yellow(id)}: ${neutral(message)}`);
  return [...lines, "", `${colours.bold(name)} (${neutral(file)}) is denied:`, ...list];
}
