// SPDX-License-Identifier: Apache-2.0
import {
  type Decision,
  identityOf,
  type Judge,
  type NewEvent,
  type Place,
  type Request,
  requestDigestOf,
  targetOf,
} from "@elevation/domain";
import { type GrantRecord, type Journal, type JournalView, judge } from "@elevation/journal";
import { decided, decidedOnce } from "../decided";
import { GrantError } from "../errors";
import type { TargetConnection, Where } from "./ports";
import { endGrant } from "./revoke";
import { type GrantInputs, openFromIntent } from "./state";
import { eventHeader, journalCall, MAX_CLOCK_GAP, MAX_CLOCK_PRECISION, type World } from "./world";

/** What came of asking for an intent. */
export type Intent =
  | { readonly kind: "intended"; readonly record: GrantRecord }
  | { readonly kind: "denied"; readonly decision: Decision }
  /** Another process was faster: its intent stands in the journal. */
  | { readonly kind: "raced"; readonly record: GrantRecord }
  /** Nobody wants it any more. */
  | { readonly kind: "unwanted" };

/** What is known of a grant's target before the intent. */
export interface Prepared {
  readonly place: Place;
  readonly alreadyHeld: readonly string[];
}

/** Where an allowed request's grant is made. Throws GrantError `denied` where there is no such place. */
export function whereOf(targets: World["targets"], request: Request, documents: Judge): Where {
  const target = targetOf(documents.policy.value, request);
  const identity = target && identityOf(documents.directory.value, request.spec.requester, target.kind);
  // INVARIANT (allow): decide() denies a request without a target or an identity.
  if (target === null || identity === null)
    throw new GrantError("denied", "the allowed request has no target; run again with the same documents");
  const object = targets.get(target.kind)?.objectName(requestDigestOf(request)) ?? "";
  return { kind: target.kind, connection: target.connection, role: target.role, identity, object };
}

/**
 * Finds what can be known to fail before the intent: nothing was open, the digest may be tried again. Throws what it found. Returns,
 * and tells, that the person has the access by other means.
 */
export async function prepare(
  world: World,
  journal: Journal,
  inputs: GrantInputs,
  connection: TargetConnection,
  place: Place,
): Promise<readonly string[]> {
  await requireOtherServer(journal, connection, place);
  await requireClocksTogether(world, connection, place);
  await connection.preflight(place);
  await requireFreeName(world, journal, inputs, connection, place);
  const alreadyHeld = await connection.heldAlready(place);
  for (const sentence of alreadyHeld)
    world.say(`warning: \`${inputs.request.metadata.name}\` at \`${place.connection}\`: ${sentence}`);
  return alreadyHeld;
}

/** Decision and intent, one step on the journal: a lost race judges again. `isWanted`: asked in that step, too. */
export async function intend(
  world: World,
  journal: Journal,
  inputs: GrantInputs,
  documents: Judge,
  prepared: Prepared,
  isWanted: (view: JournalView) => boolean,
): Promise<Intent> {
  type Result = { decision: Decision } | { raced: GrantRecord } | { unwanted: true };
  const { result, view } = await journalCall(() =>
    journal.step((view): { events: NewEvent[]; result: Result } => {
      const known = view.grant(inputs.digest);
      if (known !== null && known.status !== "failed") return { events: [], result: { raced: known } };
      if (!isWanted(view)) return { events: [], result: { unwanted: true } };
      return judged(world, view, inputs, documents, prepared);
    }),
  );
  if ("unwanted" in result) return { kind: "unwanted" };
  if ("raced" in result) return { kind: "raced", record: result.raced };
  if (result.decision.outcome === "deny") return { kind: "denied", decision: result.decision };
  const record = view.grant(inputs.digest);
  if (record === null)
    throw new GrantError("journal-untrusted", "the intent that was just journaled isn't there; run again");
  return { kind: "intended", record };
}

/**
 * Journals that an activation did not happen: once for each reason, and never over an intent that another process may be
 * carrying out, or after an end. `unscheduled`: what waited for its start does so no more.
 */
export async function journalFailed(
  world: World,
  journal: Journal,
  inputs: GrantInputs,
  reason: string,
  unscheduled = false,
): Promise<void> {
  const data = unscheduled ? ({ reason, unscheduled } as const) : { reason };
  const event = { ...eventHeader(world, inputs), type: "failed", data } as const;
  await journal
    .step((view) => {
      const status = view.grant(inputs.digest)?.status;
      const isNews = view.lastFailure(inputs.digest) !== reason || (unscheduled && view.scheduled.has(inputs.digest));
      return { events: isNews && status !== "live" && status !== "ended" ? [event] : [], result: null };
    })
    .catch(() => undefined);
}

function judged(world: World, view: JournalView, inputs: GrantInputs, documents: Judge, prepared: Prepared) {
  const now = world.clock();
  const decision = judge(documents, inputs.request, { stack: inputs, now, view });
  const by = { request: inputs.request, actor: world.actor, now };
  if (decision.outcome === "deny" || decision.activatesAt === null || decision.expiresAt === null) {
    return { events: decidedOnce(view, decision, by), result: { decision } };
  }
  const { place, alreadyHeld } = prepared;
  const { requester, role, environment } = inputs.request.spec;
  const { organization, project, stack, origin, request } = inputs;
  const { rule, activatesAt: activatedAt, expiresAt, policyDigest, directoryDigest } = decision;
  const data = {
    ...{ organization, project, stack, origin: origin === "" ? null : origin, request },
    ...{ requester, role, environment, rule, activatedAt, expiresAt, policyDigest, directoryDigest, place },
    ...(alreadyHeld.length === 0 ? {} : { alreadyHeld }),
  };
  const intent = { ...eventHeader(world, inputs), type: "activating", data } as const;
  return { events: [decided(decision, by), intent], result: { decision } };
}

/**
 * The journal is never on a server that the policy offers roles on (design §7): whoever is elevated there could rewrite
 * what is known of them. Asked before access is made only: ending must work wherever the journal is.
 */
async function requireOtherServer(journal: Journal, connection: TargetConnection, place: Place): Promise<void> {
  if ((await journalCall(() => journal.server())) !== connection.server) return;
  throw new GrantError(
    "denied",
    `connection \`${place.connection}\` leads to the server that holds the journal, and whoever is elevated there could rewrite it; move the journal to a server of its own`,
  );
}

/** Throws GrantError `clock-apart`. What a slow answer leaves unknown is conceded, but no more than a second of it. */
export async function requireClocksTogether(world: World, connection: TargetConnection, place: Place): Promise<void> {
  const { now, precision } = await connection.clock();
  const gap = Math.abs(now - world.clock()) - Math.min(precision, MAX_CLOCK_PRECISION);
  if (gap <= MAX_CLOCK_GAP) return;
  throw new GrantError(
    "clock-apart",
    `the clock of \`${place.connection}\` is ${Math.round(gap / 1000)} s apart from ours, at most ${MAX_CLOCK_GAP / 1000} s are allowed; set both by NTP`,
  );
}

/** INVARIANT (adopt only ours): without an open intent, whatever stands under our name is not ours to adopt. */
async function requireFreeName(
  world: World,
  journal: Journal,
  inputs: GrantInputs,
  connection: TargetConnection,
  place: Place,
): Promise<void> {
  const found = await connection.observe({ digest: inputs.digest, place, expiresAt: 0 });
  if (found.state === "absent") return;
  // Another process may have carried out its own intent since we looked: then the race is settled on the journal.
  const { view } = await journalCall(() => journal.step(() => ({ events: [], result: null })));
  const known = view.grant(inputs.digest);
  if (known?.status === "live") return;
  if (known !== null && found.state !== "foreign") throw await endLeftover(world, inputs, known);
  const unexplained = ["it looks like ours, but no intent of it is in the journal"];
  const differences = "differences" in found ? found.differences : unexplained;
  const event = { ...eventHeader(world, inputs), type: "orphan", data: { place, differences } } as const;
  await journal.append([event]).catch(() => undefined);
  throw new GrantError(
    "name-taken",
    `\`${place.object}\` stands at \`${place.connection}\` already and was not made for this request (${differences.join("; ")}); find out who made it, and remove it`,
  );
}

/** A create of an earlier run that came to its effect after it was journaled as failed: ended, never adopted. */
async function endLeftover(world: World, inputs: GrantInputs, known: GrantRecord): Promise<GrantError> {
  await endGrant(world, openFromIntent(inputs, known), "returned");
  return new GrantError(
    "name-taken",
    `\`${known.intent.place.object}\` stood at \`${known.intent.place.connection}\`, made late by an earlier run that had failed; it was ended, run again`,
  );
}
