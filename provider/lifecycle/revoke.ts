// SPDX-License-Identifier: Apache-2.0
import {
  type Digest,
  type EndCause,
  formatInstant,
  type Instant,
  type Lockable,
  lockedBy,
  type NewEvent,
  type Place,
} from "@elevation/domain";
import type { GrantRecord, JournalView } from "@elevation/journal";
import { GrantError } from "../errors";
import type { Access, Observation, Revocation, SparesSessions } from "./ports";
import { accessOf, type Endable, instantOf, type OpenState, openFromRecord } from "./state";
import {
  asError,
  eventHeader,
  journalCall,
  knownOf,
  laterClock,
  reasonOf,
  requireSameServer,
  type Trusted,
  tryTrustedView,
  type World,
  withConnection,
} from "./world";

/**
 * How a grant ended; `failed`: the journal knows that its activation never happened. `abandoned`: it could not be taken away, and an
 * administrator ordered to try no more.
 */
export interface Ending {
  readonly status: "expired" | "revoked" | "failed" | "abandoned";
  readonly residue: readonly string[];
}

/** What was done at the target, and what recording it needs. */
export interface Attempt {
  readonly cause: EndCause;
  readonly trusted: Trusted | Error;
  /** Whether the journal has it that the end began. */
  readonly noted: Promise<boolean>;
  readonly acted: (Revocation & { readonly endedAt: Instant }) | Error;
}

/**
 * Why a grant must end at an instant, or null while it may stay: its time is over, an end was begun or is stuck, it was
 * changed at the target, or the journal, if it can be trusted, doesn't call it live, has another of its chain ended early, holds an order to
 * revoke it (one that came while it was made ends it as well), or a lock under which it was open.
 */
export function mustEnd(state: OpenState, trusted: Trusted | Error, now: Instant): EndCause | null {
  const known = trusted instanceof Error ? undefined : trusted.view.grant(state.digest);
  if (known?.marks.includes("drift")) return "drift";
  if (now >= instantOf(state.expiresAt)) return "expiry";
  const isLive = known === undefined || (known?.status === "live" && known.marks.length === 0);
  if (!isLive || state.status === "stuck")
    return known?.activated === false ? "incomplete" : (known?.endingCause ?? "withdrawn");
  if (trusted instanceof Error) return null;
  return endByOthers(trusted.view, state, now);
}

/** Why a live grant that nothing marks must end: by another of its chain, by an order to revoke it, by a lock. */
export function endByOthers(view: JournalView, state: OpenState, now: Instant): "chain" | "ordered" | "locked" | null {
  if (isOfEndingChain(view, state.digest)) return "chain";
  if (view.revocation(state.digest) !== null) return "ordered";
  return isLocked(view, state, now) ? "locked" : null;
}

/**
 * Whether a lock ends a grant: one that names it, and that was not over when the grant was begun. INVARIANT (a lock ends): that holds
 * however long after its `until` somebody looks. What began after that is free again.
 */
function isLocked(view: JournalView, state: OpenState, now: Instant): boolean {
  const begunAt = view.grant(state.digest)?.intendedAt ?? now;
  return lockedBy(view.locks, lockableOf(state), Math.min(now, begunAt)) !== null;
}

/** What a lock is held against, of a grant that may be open. */
export function lockableOf({ request, place }: OpenState): Lockable {
  const { requester, role } = request.spec;
  return { requester, role, connection: place.connection };
}

/** Whether another grant of a grant's chain is ended early: then the grant must end too (design §6 "Extend"). */
function isOfEndingChain(view: JournalView, digest: Digest): boolean {
  return othersOfChain(view, digest).some(endsEarly);
}

/** The other grants that prolong one another with a grant. */
function othersOfChain(view: JournalView, digest: Digest): readonly GrantRecord[] {
  return view
    .chain(digest)
    .map((other) => view.grant(other))
    .filter((record) => record !== null && record.digest !== digest) as GrantRecord[];
}

/**
 * Whether a grant was ended before its time, or must be and can't, or was abandoned like that. An activation that did not complete ends
 * itself, and not what it was to prolong.
 */
function endsEarly({ status, endedBy, endCause, endingCause }: GrantRecord): boolean {
  if (endedBy === "revoked") return endCause !== "incomplete";
  if (status === "failed" || endedBy === "expired") return false;
  return endingCause !== undefined && endingCause !== "expiry" && endingCause !== "incomplete";
}

/**
 * Ends a grant: acts first, at the server of the activation, and journals after. Needs neither policy, directory,
 * request nor journal to act; until the end is journaled it throws, so that the resource stays in the state. Idempotent:
 * what is gone already counts as ended once it was observed, and is journaled once.
 *
 * Throws GrantError `revoke-failed` (the grant is `stuck`, and journaled so) or `journal-untrusted` (ended, not recorded).
 */
export async function endGrant(world: World, state: OpenState, cause: EndCause): Promise<Ending> {
  return recordEnd(world, state, await takeAway(world, state, cause));
}

/** The first half of {@link endGrant}: all that happens at the target. Never rejects, and waits two seconds for the journal at most. */
export async function takeAway(world: World, state: Endable, cause: EndCause): Promise<Attempt> {
  const trusted = await tryTrustedView(world, state.witness);
  const trace = knownOf(trusted, state.digest)?.trace;
  const access = { ...accessOf(state), ...(trace === undefined ? {} : { trace }) };
  const noted = noteRevoking(world, trusted, access, cause);
  const acted = await act(world, access, sparesSessions(world, access, trusted, noted)).catch(asError);
  return { cause, trusted, noted, acted };
}

/** The second half: the evidence. Throws as {@link endGrant} does. */
export async function recordEnd(world: World, state: Endable, attempt: Attempt): Promise<Ending> {
  const { cause, acted, noted } = attempt;
  const access = accessOf(state);
  const trusted =
    attempt.trusted instanceof Error ? await tryTrustedView(world, state.witness, "recording") : attempt.trusted;
  await noted;
  if (acted instanceof Error) {
    // It was tried all the same, and nobody waits for it.
    if (knownOf(trusted, state.digest)?.endedBy === "abandoned") return { status: "abandoned", residue: [] };
    const fault = await stuck(world, trusted, access, cause, acted);
    if (!(trusted instanceof Error)) await endChain(world, trusted, state, cause);
    throw fault;
  }
  if (trusted instanceof Error) {
    throw new GrantError(
      "journal-untrusted",
      `the access was ended at \`${access.place.connection}\`, but that can't be recorded: ${trusted.message}; the resource stays until it is`,
      { cause: trusted },
    );
  }
  const ending = await record(world, trusted, access, cause, acted);
  await endChain(world, trusted, state, cause);
  return ending;
}

/**
 * Ends the rest of a chain of which one grant is ended early (design §6 "Extend"). Never rejects: what can't be ended is `stuck` for
 * itself, and {@link mustEnd} ends it with the next pass, refresh or update.
 */
async function endChain(world: World, { journal }: Trusted, { digest }: Endable, cause: EndCause): Promise<void> {
  // Whoever ends the chain ends each of it.
  if (cause === "chain") return;
  const view = await journal.view().catch(() => null);
  const first = view?.grant(digest);
  if (view == null || first == null || !endsEarly(first)) return;
  for (const other of othersOfChain(view, digest)) {
    if (other.status !== "live") continue;
    const name = other.intent.request.metadata.name;
    await endGrant(world, openFromRecord(other), "chain").then(
      ({ status }) => world.say(`\`${name}\` was ${status}, because a grant of its chain is ended early`),
      (error: unknown) => world.say(reasonOf(asError(error))),
    );
  }
}

/** The state of a grant that was just ended; `stuck` where that was given up, for nobody has seen it end. */
export async function endedState(world: World, state: OpenState, cause: EndCause): Promise<OpenState> {
  const { status } = await endGrant(world, state, cause);
  const trusted = await tryTrustedView(world, state.witness);
  return {
    ...state,
    status: status === "abandoned" ? "stuck" : status,
    drift: [],
    witness: trusted instanceof Error ? state.witness : trusted.view.head,
  };
}

/**
 * Journals and tells that a live grant was changed behind our back; not where its end had begun, for then it was our own
 * doing. Begun before the end acts, and waited for after it. Never rejects.
 */
export async function noteDrift(
  world: World,
  state: OpenState,
  trusted: Trusted | Error,
  found: Observation,
): Promise<void> {
  const differences = driftOf(found, state.place);
  const event = { ...eventHeader(world, state), type: "drift", data: { differences } } as const;
  const isNews =
    trusted instanceof Error ||
    (await trusted.journal
      .step((view) => {
        const known = view.grant(state.digest);
        const isNews = known?.status === "live" && known.marks.length === 0;
        return { events: isNews ? [event] : [], result: isNews };
      })
      .then(
        ({ result }) => result,
        () => true,
      ));
  if (!isNews) return;
  world.say(
    `\`${state.request.metadata.name}\` was changed at the target (${differences.join("; ")}): it ends now and is not put back`,
  );
}

function driftOf(found: Observation, place: Place): readonly string[] {
  return "differences" in found ? found.differences : [`\`${place.object}\` is gone`];
}

/**
 * Spares open sessions for another live grant that gives the person the same role there, and where the journal knows that
 * the end was finished before and nothing came back. INVARIANT (two ends cut): the answer counts only after this grant's
 * own end is in the journal, so of two that end together at least the later one sees the other's and spares nothing;
 * where that can't be known nothing is spared.
 */
export function sparesSessions(
  world: World,
  access: Access,
  trusted: Trusted | Error,
  noted: Promise<boolean>,
): SparesSessions {
  return async (found) => {
    if (trusted instanceof Error) return false;
    if (!found && trusted.view.grant(access.digest)?.status === "ended") return true;
    if (!givesSameAccess(trusted.view, access, world.clock())) return false;
    if (!(await noted)) return false;
    const view = await trusted.journal.view().catch(() => null);
    return view !== null && givesSameAccess(view, access, world.clock());
  };
}

/** Whether another live grant gives the same person the same role at the same place. */
function givesSameAccess(view: JournalView, { digest, place }: Access, now: Instant): boolean {
  return view
    .alike(place)
    .some(
      (other) =>
        other.digest !== digest &&
        other.activated &&
        other.marks.length === 0 &&
        instantOf(other.intent.expiresAt) > now,
    );
}

async function act(
  world: World,
  access: Access,
  spares: SparesSessions,
): Promise<Revocation & { readonly endedAt: Instant }> {
  return withConnection(world, access.place, async (connection) => {
    requireSameServer(connection, access.place);
    let endedAt: Instant | null = null;
    const revocation = await connection.revoke(access, spares, (at) => {
      endedAt = Math.max(world.clock(), at);
    });
    return { ...revocation, endedAt: endedAt ?? (await laterClock(world, connection)) };
  });
}

/**
 * Evidence that an end has begun, written while it happens: the act never waits for the journal. Resolves to whether the
 * journal has it.
 */
export async function noteRevoking(
  world: World,
  trusted: Trusted | Error,
  access: Access,
  cause: EndCause,
): Promise<boolean> {
  if (trusted instanceof Error) return false;
  const known = trusted.view.grant(access.digest);
  if (known === null || known.status !== "live" || known.marks.includes("revoking")) return true;
  const event = { ...eventHeader(world, access), type: "revoking", data: { cause } } as const;
  return trusted.journal.append([event]).then(
    () => true,
    () => false,
  );
}

async function record(
  world: World,
  trusted: Trusted,
  access: Access,
  cause: EndCause,
  acted: Revocation & { readonly endedAt: Instant },
): Promise<Ending> {
  const status = acted.endedAt >= access.expiresAt ? "expired" : "revoked";
  const { view } = await journalCall(() =>
    trusted.journal.step((view) => ({
      events: endEvents(world, view, access, { status, cause, ...acted }),
      result: null,
    })),
  );
  for (const sentence of acted.residue) world.say(`residue of ${access.digest}: ${sentence}`);
  const known = view.grant(access.digest);
  const endedBy = known?.endedBy === "abandoned" ? status : known?.endedBy;
  return { status: known?.status === "failed" ? "failed" : (endedBy ?? status), residue: acted.residue };
}

/**
 * The events of an end that was observed: the end itself, once, or that something stood again after it, or that the journal knew
 * nothing of; and the residue if it is news.
 */
export function endEvents(
  world: World,
  view: JournalView,
  access: Access,
  end: { status: "expired" | "revoked"; cause: EndCause; endedAt: Instant } & Revocation,
): NewEvent[] {
  const { status, cause, sessionsEnded, residue, trace, found } = end;
  const known = view.grant(access.digest);
  const events: NewEvent[] = [];
  const data = { endedAt: formatInstant(end.endedAt), sessionsEnded };
  if (known?.status === "live" || (known === null && found))
    events.push({ ...eventHeader(world, access), type: status, data: { cause, ...data } });
  else if (found) events.push({ ...eventHeader(world, access), type: "revoked", data: { cause: "returned", ...data } });
  if (residue.join() !== (known?.residue ?? []).join()) {
    const looked = { place: access.place, residue, ...(trace === undefined ? {} : { trace }) };
    events.push({ ...eventHeader(world, access), type: "residue", data: looked });
  }
  return events;
}

async function stuck(
  world: World,
  trusted: Trusted | Error,
  access: Access,
  cause: EndCause,
  fault: Error,
): Promise<GrantError> {
  const reason = reasonOf(fault);
  if (!(trusted instanceof Error)) {
    const event = { ...eventHeader(world, access), type: "stuck", data: { cause, reason } } as const;
    await trusted.journal
      .step((view) => ({ events: view.grant(access.digest)?.status === "live" ? [event] : [], result: null }))
      .catch(() => undefined);
  }
  return new GrantError(
    "revoke-failed",
    `stuck: the access of \`${access.place.identity}\` to role \`${access.place.role}\` at \`${access.place.connection}\` must end and could not be ended: ${reason}; the next refresh tries again`,
    { cause: fault },
  );
}
