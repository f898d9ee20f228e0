// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type Decision, isInert, type Policy, type Request, startAtOf, targetOf } from "@elevation/domain";
import { isOf, type Outs, type Ran } from "./asked-world";

/** What became of a request in an up. */
export interface Done {
  /** What the state has of its Grant; null where there is none. */
  readonly grant: Outs | null;
  readonly said: readonly string[];
}

/** What an up did with a request, as its events tell. */
export function doneOf({ events }: Ran, name: string): Done {
  const grants = events.flatMap(({ resOutputsEvent }) => {
    const resource = resOutputsEvent?.metadata.new;
    if (resource === undefined || !isOf(resource.urn, name)) return [];
    const { status, rule, activatedAt, expiresAt } = resource.outputs;
    return [{ status, rule, activatedAt, expiresAt }];
  });
  assert.ok(grants.length <= 1);
  const said = events
    .flatMap(({ diagnosticEvent }) => diagnosticEvent ?? [])
    .filter(({ severity, urn = "", message }) => {
      return (severity === "error" && isOf(urn, name)) || message.startsWith(`\`${name}\` creates nothing`);
    });
  return { grant: grants[0] ?? null, said: said.map(({ message }) => message.trimEnd()) };
}

/** What follows from a decision of the provider, and whether the journal then holds that decision. */
export function expectedOf(
  policy: Policy,
  request: Request,
  decision: Decision,
): { readonly done: Done; readonly isJournaled: boolean } {
  const { outcome, rule, activatesAt, expiresAt, decidedAt, violations } = decision;
  const name = `\`${request.metadata.name}\``;
  if (isInert(decision)) {
    const said = [`${name} creates nothing: ${violations.map(({ message }) => message).join("; ")}`];
    const grant = { status: "failed", rule: null, activatedAt: null, expiresAt: null };
    return { done: { grant, said }, isJournaled: false };
  }
  if (outcome === "deny") {
    const lines = violations.map(({ id, message }) => `\n  [${id}] ${message}`);
    return { done: { grant: null, said: [`request ${name} is denied:${lines.join("")}`] }, isJournaled: true };
  }
  // NB. A kind that this version can't grant at is refused when the grant is due.
  const isLater = (startAtOf(request) ?? 0) > Date.parse(decidedAt);
  const kind = targetOf(policy, request)?.kind;
  if (!isLater && kind !== "postgres") {
    return { done: { grant: null, said: [`this version has no target of kind \`${kind}\``] }, isJournaled: false };
  }
  const grant = { status: isLater ? "scheduled" : "active", rule, activatedAt: activatesAt, expiresAt };
  return { done: { grant, said: [] }, isJournaled: true };
}
