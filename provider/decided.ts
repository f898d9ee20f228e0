// SPDX-License-Identifier: Apache-2.0
import {
  type Actor,
  type Decision,
  type EventData,
  formatInstant,
  type Instant,
  type NewEvent,
  type Request,
} from "@elevation/domain";
import type { JournalView } from "@elevation/journal";

/**
 * The `decided` event of a decision; none where the journal's last decision on this request says the same by the same
 * documents, so that a denied request that stays in code is journaled once and not at every deploy.
 */
export function decidedOnce(
  view: JournalView,
  decision: Decision,
  by: { request: Request; actor: Actor; now: Instant },
): NewEvent[] {
  const last = view.lastDecision(decision.requestDigest);
  if (last !== null && meaning(last) === meaning(decision)) return [];
  return [decided(decision, by)];
}

/** `scheduled`: whose it is that waits for its start by this decision. */
export function decided(
  decision: Decision,
  by: { request: Request; actor: Actor; now: Instant },
  scheduled?: EventData["decided"]["scheduled"],
): NewEvent {
  const data = { decision, request: by.request, ...(scheduled === undefined ? {} : { scheduled }) };
  return { at: formatInstant(by.now), type: "decided", request: decision.requestDigest, actor: by.actor, data };
}

/** A denial as people read it: a heading, and every violation on a line of its own. */
export function violationLines(heading: string, { violations }: Decision): string {
  return [heading, ...violations.map(({ id, message }) => `  [${id}] ${message}`)].join("\n");
}

function meaning({ outcome, violations, policyDigest, directoryDigest }: Decision): string {
  return JSON.stringify([outcome, violations.map(({ id, rule }) => [id, rule]), policyDigest, directoryDigest]);
}
