// SPDX-License-Identifier: Apache-2.0
import { GrantError } from "../../errors";
import type { Access, OnGone, Revocation, SparesSessions } from "../../lifecycle/ports";
import {
  type Facts,
  type FactsRow,
  factsLook,
  factsOf,
  isEmptied,
  type Membership,
  membersBesideMaker,
  readFacts,
} from "./catalog";
import { CLOCK, clockOf } from "./clock";
import { dropAtOnce, dropRole } from "./drop";
import { grantRoleOf } from "./grant-role";
import { baselineOf, readTrace, scanHandedOn, traceText } from "./handed-on";
import { type Holder, readHolders } from "./holders";
import { bearsNote, isOurs, judge, notMadeByUs, ownRows } from "./judge";
import { revokeMembership } from "./memberships";
import { ServerFault, type Session } from "./session";
import { endSessions, sessionLooks } from "./sessions";
import { settle } from "./settle";
import type { SharedLooks } from "./shared-looks";
import { tick } from "./text";
import { type Doubt, doubtAbsence, doubtOrigin, leftTimeline, type Timeline } from "./timeline";

/** A neighbour may add members as fast as we find them; then the revocation fails, and is tried again. */
const MAX_ROUNDS = 5;

interface Ending {
  readonly session: Session;
  readonly access: Access;
  readonly name: string;
  readonly spares: () => Promise<boolean>;
  readonly onGone: OnGone;
  readonly timeline: Timeline;
  /** Everybody who was ever seen to hold the access, by oid. */
  readonly holders: Map<number, Holder>;
  /** Why a membership could not be revoked; of the last round only. */
  failures: string[];
  sessionsEnded: number;
}

/** What an end needs besides the grant. */
export interface Revoking {
  readonly spares: SparesSessions;
  readonly onGone: OnGone;
  readonly timeline: Timeline;
  readonly looks: SharedLooks;
}

/**
 * Ends a grant, assuming that its holder tries to prevent it: memberships first, each in a transaction of its own (the
 * person's, then the policy's role, then any other), then all sessions, again until nobody new is found; only what is
 * observed to give nothing any more is dropped. Then what was handed on is looked for.
 *
 * Idempotent. Throws GrantError `revoke-failed` unless it was observed that no path of ours gives access any more, and
 * where this may be another server than that of the activation: what it gives here is taken away all the same.
 */
export async function revokeAccess(
  session: Session,
  access: Access,
  { spares, onGone, timeline, looks }: Revoking,
): Promise<Revocation> {
  const name = grantRoleOf(access);
  const first = await settledFacts(session, access, name);
  const found = first.role !== null;
  const ending: Ending = {
    ...{ session, access, name, timeline, onGone },
    // A session that has SET ROLE keeps that until it ends, so where that can't be withheld none is spared.
    spares: async () => (session.hasOptions || !found) && (await spares(found)),
    ...{ holders: new Map(), failures: [], sessionsEnded: 0 },
  };
  const trace = readTrace(access.trace);
  const baseline = baselineOf(first) ?? trace;
  const residue = await removeRole(ending, (await endIntact(ending, first)) ?? (await takeAway(ending, first)));
  if (!found) requireNone(ending, doubtAbsence(timeline));
  const holders = [...ending.holders.values()];
  const held = [...new Set([...holders.map(({ oid }) => oid), ...(trace?.held ?? [])])].sort((a, b) => a - b);
  const handedOn = await scanHandedOn(session, access, first, { holders, held, baseline, looks });
  // What an earlier end had to leave, emptied, and what others made, was nothing to take away, and is nothing new each time.
  const gave = isOursToEnd(first, ending) && !isEmptied(first);
  return {
    ...{ found: gave, sessionsEnded: ending.sessionsEnded, residue: [...residue, ...handedOn] },
    // Without a role there is no note: who looks again later has to be told.
    ...(handedOn.length === 0 || baseline === null ? {} : { trace: traceText(baseline, held) }),
  };
}

/** A role that isn't there is only known to be gone once nobody is making it any more. */
async function settledFacts(session: Session, access: Access, name: string): Promise<Facts> {
  const seen = await facts({ session, access, name });
  if (seen.role !== null) return seen;
  await settle(session, name);
  return facts({ session, access, name });
}

function facts({ session, access, name }: Pick<Ending, "session" | "access" | "name">): Promise<Facts> {
  return readFacts(session, name, access.place.identity, access.place.role);
}

/**
 * The short end of a grant that is exactly as it was made: its role is dropped, with which the person loses what it gives,
 * and her sessions are ended. Where one is open her membership goes first, and the role, whose note says since when what
 * she changed counts, stays until that is done. Returns what is seen then, or null where something stands against it: then
 * all of {@link takeAway} follows. INVARIANT (nobody else): nobody but a superuser can make another member meanwhile, for
 * our login alone may grant the role (docs/adr/0010-the-short-end.md).
 */
async function endIntact(ending: Ending, first: Facts): Promise<Facts | null> {
  const { session, access, name, timeline } = ending;
  const { person } = ownRows(first, access);
  const isHere = leftTimeline(first.role?.comment ?? null, timeline) === null;
  if (!session.hasOptions || !isHere || person === undefined || judge(first, access).state !== "intact") return null;
  await noteHolders(ending, first);
  if ([...ending.holders.values()].some(({ isConnected }) => isConnected)) {
    if ((await revokeMembership(session, person)) !== null) return null;
    await endHolders(ending);
    return (await dropRole(session, name)) === null ? facts(ending) : null;
  }
  return dropIdle(ending);
}

/** Drops the role of a grant whose holders have no session open, and looks in the same message whether they have one by now. */
async function dropIdle(ending: Ending): Promise<Facts | null> {
  const { session, access, name } = ending;
  const logins = mortals(ending).map(({ oid }) => oid);
  const looks = [...sessionLooks(logins), factsLook(session, name, access.place.identity, access.place.role), CLOCK];
  const rows = await dropAtOnce(session, name, looks);
  if (rows === null) return null;
  const [beginning, open, seen, now] = rows as [unknown[], unknown[], FactsRow[], { now: string }[]];
  if (beginning.length > 0 || open.length > 0) {
    await endHolders(ending);
    return facts(ending);
  }
  ending.onGone(clockOf(now));
  return factsOf(session, seen);
}

/** Returns what was seen last. */
async function takeAway(ending: Ending, first: Facts): Promise<Facts> {
  let seen = first;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    await noteHolders(ending, seen);
    const revoked = await revokeMemberships(ending, seen);
    await endHolders(ending);
    seen = await facts(ending);
    // What is left after a round that could take nothing away is not ours to take.
    if (isEmptied(seen) || (round > 1 && revoked === 0)) break;
  }
  return seen;
}

/** Of a role that others made, its members are not ours to touch; the person's sessions are. */
async function noteHolders(ending: Ending, seen: Facts): Promise<void> {
  const ours = isOursToEnd(seen, ending) || rowsToRevoke(ending, seen).length > 0;
  for (const holder of await readHolders(ending.session, seen)) {
    if (ours || holder.isPerson) ending.holders.set(holder.oid, holder);
  }
}

/** Returns how many were taken away. One that fails keeps none of the others. */
async function revokeMemberships(ending: Ending, seen: Facts): Promise<number> {
  ending.failures = [];
  const rows = rowsToRevoke(ending, seen);
  for (const row of rows) {
    const failure = await revokeMembership(ending.session, row);
    if (failure !== null) ending.failures.push(failure);
  }
  return rows.length - ending.failures.length;
}

/**
 * The person's own membership first, then the policy's role, which cuts off everybody, then the rest. Of a role that
 * we didn't make only what we granted ourselves is touched.
 */
function rowsToRevoke(ending: Ending, seen: Facts): readonly Membership[] {
  const rank = (row: Membership) =>
    row.member === ending.access.place.identity ? 0 : row.roleOid !== seen.role?.oid ? 1 : 2;
  const made = isOursToEnd(seen, ending);
  return [...membersBesideMaker(seen), ...(seen.role?.roles ?? [])]
    .filter((row) => made || row.grantorOid === seen.me.oid)
    .sort((a, b) => rank(a) - rank(b));
}

/**
 * Before 16 a neighbour with CREATEROLE may have put his memberships in place of ours: then the note is enough to end it,
 * though never to adopt it.
 */
function isOursToEnd(seen: Facts, { access }: Ending): boolean {
  return isOurs(seen, access) || (!seen.hasOptions && bearsNote(seen, access));
}

/** NB. after the REVOKEs, so that what a session begins from now on begins without the access. */
async function endHolders(ending: Ending): Promise<void> {
  const holders = mortals(ending);
  const sparesPerson = holders.some((holder) => holder.isPerson) && (await ending.spares());
  try {
    const oids = holders.filter((holder) => !(sparesPerson && holder.isPerson)).map((holder) => holder.oid);
    ending.sessionsEnded += await endSessions(ending.session, oids);
  } catch (error) {
    if (!(error instanceof ServerFault)) throw error;
    throw failed(
      ending,
      `the memberships are gone, but open sessions could not be ended: ${error.message}`,
      "see that the manager has pg_signal_backend, and try again",
    );
  }
}

/** Holders whose sessions can be ended. */
function mortals({ holders }: Ending): readonly Holder[] {
  return [...holders.values()].filter(({ isSuperuser }) => !isSuperuser);
}

/**
 * Drops the role if it gives nobody anything, or if dropping is the one way left; says what could not be dropped. Who became a member
 * since `seen` loses that with the role, and had it while it led nowhere.
 */
async function removeRole(ending: Ending, seen: Facts): Promise<readonly string[]> {
  if (seen.role === null) return [];
  if (!isOursToEnd(seen, ending)) return leaveForeign(ending, seen);
  const wasEmptied = isEmptied(seen);
  const here = wasEmptied ? "it gives nothing any more" : (ending.failures[0] ?? "it is not emptied");
  requireNone(ending, doubtOrigin(seen.role.comment, ending.timeline, here));
  const reason = await dropRole(ending.session, ending.name);
  if (reason === null && !wasEmptied) await endHolders(ending);
  const after = await facts(ending);
  if (!isEmptied(after)) throw failed(ending, [...ending.failures, ...(reason === null ? [] : [reason])].join("; "));
  if (after.role === null) return [];
  return [`role \`${ending.name}\` is left, without members and without any role: ${reason ?? "it was made again"}`];
}

/** A doubt about which server this is fails the end, after all that could be taken away here was. */
function requireNone(ending: Ending, doubt: Doubt | null): void {
  if (doubt !== null) throw failed(ending, doubt.why, doubt.fix);
}

/** Not ours to touch. It must not be what gives the person the access, nor what once was our own. */
async function leaveForeign(ending: Ending, seen: Facts): Promise<readonly string[]> {
  const sentence = notMadeByUs(seen, ending.name);
  const usable = membersBesideMaker(seen).some((row) => row.inherit || row.set) && seen.role?.roles.length !== 0;
  if (usable) {
    const holders = await readHolders(ending.session, seen);
    if (holders.some((holder) => holder.isMember && holder.oid === seen.person?.oid)) {
      throw failed(ending, `${sentence}, and gives ${tick(ending.access.place.identity)} what it has`);
    }
    if (bearsNote(seen, ending.access)) {
      throw failed(ending, `${sentence}, bears this grant's note, and gives its members what it has`);
    }
  }
  requireNone(ending, doubtAbsence(ending.timeline));
  return [`${sentence}; it was left alone`];
}

const TRY_OR_DROP = "try again, or let a superuser drop the role";

function failed({ session, name }: Ending, why: string, fix = TRY_OR_DROP): GrantError {
  return new GrantError(
    "revoke-failed",
    `role \`${name}\` at connection \`${session.connection}\` could not be ended: ${why}; ${fix}`,
  );
}
