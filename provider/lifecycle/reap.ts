// SPDX-License-Identifier: Apache-2.0
import { type Digest, type EndCause, type Instant, type Judge, judgedAgain, type StackRef } from "@elevation/domain";
import type { GrantRecord, JournalView } from "@elevation/journal";
import { isGrantError } from "../errors";
import { compare, eachOf } from "./each-of";
import { type Attempt, mustEnd, recordEnd, takeAway } from "./revoke";
import { type Started, startAll } from "./start";
import { type GrantState, instantOf, type OpenState, openFromRecord, openOf } from "./state";
import {
  asError,
  knownOf,
  reasonOf,
  requireSameServer,
  type Trusted,
  tryTrustedView,
  type World,
  withConnection,
} from "./world";

/** What one pass of the reaper is about. */
export interface Pass {
  /** Digests of the requests that are still declared, and the project whose folder that is; null: nothing is withdrawn. */
  readonly declared: { readonly project: string; readonly digests: ReadonlySet<Digest> } | null;
  /** By which live grants are judged again; absent or null: by nothing. */
  readonly judge?: Judge | null;
  /** By which scheduled grants that are due are decided again and activated; absent or null: none is. */
  readonly activate?: Judge | null;
  /** Grants of exported states: what ends without a journal, and what the journal doesn't know. */
  readonly states: readonly GrantState[];
  /** Only grants of these environments; null: of all. */
  readonly environments: ReadonlySet<string> | null;
  /** How many are ended at once. */
  readonly atOnce: number;
}

/** What became of one grant that had to end. */
export interface Reaped {
  readonly digest: Digest;
  readonly name: string;
  readonly requester: string;
  readonly environment: string;
  /** The stack that it belongs to. */
  readonly stack: StackRef;
  readonly place: OpenState["place"];
  readonly expiresAt: string;
  readonly cause: EndCause;
  /**
   * `unrecorded`: the access has ended, and the journal could not be told. `failed`: nothing had been opened. `abandoned`: it could not be
   * ended, and an administrator ordered to try no more.
   */
  readonly outcome: "expired" | "revoked" | "failed" | "unrecorded" | "stuck" | "abandoned";
  /** Why it is stuck, unrecorded or abandoned. */
  readonly reason: string | null;
  readonly residue: readonly string[];
}

/** One pass: what was to end or to start, and why the journal could not be trusted, or null. */
export interface Passed {
  readonly reaped: readonly Reaped[];
  readonly started: readonly Started[];
  readonly untrusted: string | null;
}

/** A grant that must end, and why. */
export type Due = readonly [OpenState, EndCause];

/**
 * How long after its end a grant whose activation was still being carried out is looked at again, in milliseconds: a
 * process that was held up may make the access after another one ended it. Twice the time of an operation, and a minute.
 */
const LATE = 300_000;
/** How long residue is looked at each time, in milliseconds; after that as many at a time, in turns of so long. */
const RECENT = 3_600_000;
const MOST_OLD = 50;
const A_TURN = 30_000;

/**
 * Ends every grant that is past its end, must end, or was activated from a file that is no longer declared (design §6
 * "Withdrawing never depends on `up`"; what is scheduled is so no more then), all targets at the same time, each by itself: one that can't be ended holds up
 * no other, and first all are ended, then all is recorded. Works from the journal and the states alone; where it is given a judge, live
 * grants are judged again besides (design §6 "Judged again"), and where it is told to activate, scheduled ones are, after all ends. Looks again at residue, and at what a slow process may have made after its end.
 * Idempotent: the next pass tries again what is stuck. Never throws for what one grant does.
 */
export async function reap(world: World, pass: Pass): Promise<Passed> {
  const { due, trusted } = await dueNow(world, pass);
  const reaped = await endAll(world, pass.atOnce, due);
  if (!(trusted instanceof Error)) reaped.push(...(await endAgain(world, pass, trusted.view)));
  reaped.sort((a, b) => compare(a.expiresAt, b.expiresAt) || compare(a.digest, b.digest));
  const started = trusted instanceof Error ? [] : await startAll(world, pass, trusted);
  return { reaped, started, untrusted: trusted instanceof Error ? reasonOf(trusted) : null };
}

/** What a pass has to end, and the journal that says so. Changes nothing. */
export async function dueNow(
  world: World,
  pass: Pass,
): Promise<{ readonly due: readonly Due[]; readonly trusted: Trusted | Error }> {
  const trusted = await tryTrustedView(world, lastWitness(pass.states), "recording");
  const view = trusted instanceof Error ? await verifiedView(world) : trusted.view;
  const open = openGrants(pass, trusted, view);
  return { due: await dueGrants(world, pass, trusted, open), trusted };
}

/** The journal as it is now, for whoever keeps an eye on it; `view` is null where it can't be read at all. */
export async function journalNow(
  world: World,
): Promise<{ readonly trusted: Trusted | Error; readonly view: JournalView | null }> {
  const trusted = await tryTrustedView(world, null);
  return { trusted, view: trusted instanceof Error ? await verifiedView(world) : trusted.view };
}

/** Ends one grant, and never rejects: what became of it is the answer. Idempotent. */
export async function endDue(world: World, grant: OpenState, cause: EndCause): Promise<Reaped> {
  return recorded(world, grant, await takeAway(world, grant, cause));
}

/**
 * Looks again at what has ended and may have something left (a pass does so too); returns what could not be ended. Where the journal
 * can't be trusted, nothing is looked at.
 */
export async function lookAgain(
  world: World,
  { environments, atOnce }: Pick<Pass, "environments" | "atOnce">,
): Promise<readonly Reaped[]> {
  const trusted = await tryTrustedView(world, null);
  if (trusted instanceof Error) return [];
  return endAgain(world, { environments, atOnce }, trusted.view);
}

async function endAgain(
  world: World,
  { environments, atOnce }: Pick<Pass, "environments" | "atOnce">,
  view: JournalView,
): Promise<readonly Reaped[]> {
  const again = await endAll(world, atOnce, toLookAtAgain(world, { environments }, view));
  // Nothing was there, as it should be: not worth a line.
  return again.filter(({ outcome }) => outcome === "stuck");
}

/** A chain that verifies still names what may be open, even if it was cut: enough to end what is past its end. */
async function verifiedView(world: World): Promise<JournalView | null> {
  return world.journal().then(
    (journal) => journal.view().catch(() => null),
    () => null,
  );
}

async function endAll(world: World, atOnce: number, due: readonly Due[]): Promise<Reaped[]> {
  const acted: { grant: OpenState; attempt: Attempt }[] = [];
  await eachOf(due, atOnce, async ([grant, cause]) => {
    acted.push({ grant, attempt: await takeAway(world, grant, cause) });
  });
  const reaped: Reaped[] = [];
  await eachOf(acted, atOnce, async ({ grant, attempt }) => {
    reaped.push(await recorded(world, grant, attempt));
  });
  return reaped;
}

async function recorded(world: World, grant: OpenState, attempt: Attempt): Promise<Reaped> {
  const { digest, request, place, expiresAt, organization, project } = grant;
  const stack = { organization, project, stack: grant.stack };
  const { requester, environment } = request.spec;
  const { cause } = attempt;
  const what = { digest, name: request.metadata.name, requester, environment, stack, place, expiresAt, cause };
  try {
    const { status, residue } = await recordEnd(world, grant, attempt);
    const reason = attempt.acted instanceof Error ? reasonOf(attempt.acted) : null;
    return { ...what, outcome: status, reason, residue };
  } catch (error) {
    const ended = isGrantError(error) && error.code === "journal-untrusted";
    return { ...what, outcome: ended ? "unrecorded" : "stuck", reason: reasonOf(asError(error)), residue: [] };
  }
}

async function dueGrants(
  world: World,
  pass: Pass,
  trusted: Trusted | Error,
  open: readonly OpenState[],
): Promise<Due[]> {
  const now = world.clock();
  const due: Due[] = [];
  const others: OpenState[] = [];
  for (const grant of open) {
    const withdrawn = isWithdrawn(pass, knownOf(trusted, grant.digest)) ? "withdrawn" : null;
    const cause = mustEnd(grant, trusted, now) ?? withdrawn ?? judgedNow(pass.judge ?? null, grant, now);
    if (cause === null) others.push(grant);
    else due.push([grant, cause]);
  }
  return [...due, ...(await dueByTheirClocks(world, pass.atOnce, others))];
}

/** Why a live grant must end by policy and directory; null where it may stay, or where there is no judge. */
export function judgedNow(judge: Judge | null, { request }: OpenState, now: Instant): "left" | "denied" | null {
  return judge === null ? null : judgedAgain(judge.policy.value, judge.directory.value, request, now);
}

/** A grant has ended when *either* clock has reached its end (design §6): each target is asked once. */
export async function dueByTheirClocks(
  world: World,
  atOnce: number,
  grants: readonly OpenState[],
): Promise<readonly Due[]> {
  const byTarget = new Map<string, OpenState[]>();
  for (const grant of grants) {
    const { kind, connection, server } = grant.place;
    const key = JSON.stringify([kind, connection, server]);
    const there = byTarget.get(key);
    if (there === undefined) byTarget.set(key, [grant]);
    else there.push(grant);
  }
  const due: Due[] = [];
  await eachOf([...byTarget.values()], atOnce, async (there) => {
    const now = await clockOf(world, there);
    for (const grant of there) if (now !== null && now >= instantOf(grant.expiresAt)) due.push([grant, "expiry"]);
  });
  return due;
}

/** Null where it can't be asked: nothing there is due by our clock, and the next pass asks again. */
async function clockOf(world: World, [grant]: readonly OpenState[]): Promise<Instant | null> {
  if (grant === undefined) return null;
  return withConnection(world, grant.place, async (connection) => {
    requireSameServer(connection, grant.place);
    return (await connection.clock()).now;
  }).catch((error: unknown) => {
    world.say(`the clock of \`${grant.place.connection}\` can't be read: ${reasonOf(error)}`);
    return null;
  });
}

/** What may be open, each digest once: what the journal calls live, and what only a state knows of. */
export function openGrants(
  pass: Pick<Pass, "environments" | "states">,
  trusted: Trusted | Error,
  view: JournalView | null,
): readonly OpenState[] {
  const open = new Map<Digest, OpenState>();
  for (const record of view?.grants ?? []) {
    if (record.status === "live") open.set(record.digest, openFromRecord(record));
  }
  for (const state of pass.states) {
    const grant = openOf(state, null);
    // What the journal knows to have ended was observed to; its resource goes with the next refresh.
    if (grant === null || open.has(grant.digest) || knownOf(trusted, grant.digest)?.status === "ended") continue;
    open.set(grant.digest, grant);
  }
  return [...open.values()].filter((grant) => isOurs(pass, grant));
}

/**
 * What has ended and may have something left: residue, or what was made late, which only a process can do that was at
 * work on the activation when the end came.
 */
function toLookAtAgain(world: World, pass: Pick<Pass, "environments">, view: JournalView): readonly Due[] {
  const now = world.clock();
  const [soon, long]: [OpenState[], OpenState[]] = [[], []];
  for (const record of view.grants) {
    const { status, closedAt, confirmedAt, residue } = record;
    if (status === "live" || closedAt === undefined) continue;
    const mayComeLate = now - closedAt <= LATE && (confirmedAt === undefined || closedAt - confirmedAt <= LATE);
    if (!mayComeLate && residue.length === 0) continue;
    const grant = openFromRecord(record);
    if (isOurs(pass, grant)) (mayComeLate || now - closedAt <= RECENT ? soon : long).push(grant);
  }
  return [...soon, ...inTurn(long, now)].map((grant) => [grant, "returned"]);
}

/** So many of what is left for long, others each time: residue that nobody takes away must not cost more from year to year. */
function inTurn<T>(all: readonly T[], now: Instant): readonly T[] {
  const turns = Math.ceil(all.length / MOST_OLD);
  const turn = turns === 0 ? 0 : Math.floor(now / A_TURN) % turns;
  return all.filter((_, index) => index % turns === turn);
}

function isOurs({ environments }: Pick<Pass, "environments">, { request }: OpenState): boolean {
  return environments === null || environments.has(request.spec.environment);
}

/**
 * Grants written in a program have no origin: only an `up` knows whether they are still declared. A break-glass grant may have been made
 * before its file was merged.
 */
function isWithdrawn({ declared }: Pass, known: GrantRecord | null): boolean {
  if (declared === null || known === null || known.intent.origin === null) return false;
  if (known.intent.request.spec.breakGlass === true) return false;
  return known.intent.project === declared.project && !declared.digests.has(known.digest);
}

/** The last event that any of the states has seen: a journal without it was cut. */
function lastWitness(states: readonly GrantState[]): GrantState["witness"] {
  const witnesses = states.flatMap(({ witness }) => (witness === null ? [] : [witness]));
  return witnesses.reduce<GrantState["witness"]>((last, next) => (next.seq > (last?.seq ?? 0) ? next : last), null);
}
