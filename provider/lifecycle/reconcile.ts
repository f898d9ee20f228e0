// SPDX-License-Identifier: Apache-2.0
import { type Digest, type EndCause, formatInstant, type Instant, type Place } from "@elevation/domain";
import type { GrantRecord, Orphan } from "@elevation/journal";
import { isGrantError } from "../errors";
import { eachOf } from "./each-of";
import { type FoundOrphan, journalOrphans, orphanOf } from "./orphans";
import type { Observation, Standing } from "./ports";
import { look, noteWider } from "./read";
import { mustEnd, noteDrift, recordEnd, takeAway } from "./revoke";
import { accessOf, type Endable, type OpenState, openFromRecord } from "./state";
import {
  recordsByObject,
  type Seen,
  type Survey,
  type Surveying,
  seenOnce,
  surveyAll,
  thingKey,
  type Unreached,
} from "./survey";
import { cutBack } from "./update";
import { asError, knownOf, reasonOf, type Trusted, tryTrustedView, type World } from "./world";

/** What a reconciliation is about. */
export interface Reconciling extends Surveying {
  /** Only grants of these environments; null: of all. What the journal doesn't know is looked at in any case. */
  readonly environments: ReadonlySet<string> | null;
  /** How much is ended or cut back at once. */
  readonly atOnce: number;
  /** Objects of ours that shall end before their own end, although the journal doesn't know them. */
  readonly unwanted?: ReadonlySet<string>;
}

/** What was found, and what became of it. */
export interface Reconciliation {
  readonly swept: readonly Swept[];
  readonly cutBack: readonly CutBack[];
  /** What is left. */
  readonly orphans: readonly FoundOrphan[];
  readonly unreached: readonly Unreached[];
  /** How many objects stand under names of ours. */
  readonly standing: number;
  /** Of how many grants something is left, by the journal. */
  readonly residue: number;
  /** Why the journal can't be trusted; null where it can. */
  readonly untrusted: string | null;
}

/** What had to end although no agenda has it. */
export interface Swept {
  readonly digest: Digest;
  readonly place: Place;
  readonly expiresAt: string;
  readonly cause: EndCause;
  /** `unrecorded`: it has ended, and the journal could not be told. `failed`: nothing had been opened. */
  readonly outcome: "expired" | "revoked" | "failed" | "unrecorded" | "stuck";
  /** Why it is stuck or unrecorded. */
  readonly reason: string | null;
  readonly residue: readonly string[];
}

/** A live grant that was found wider than it was made. */
export interface CutBack {
  readonly grant: OpenState;
  readonly differences: readonly string[];
  /** Why it still is; null where it was cut back. */
  readonly reason: string | null;
}

/**
 * Compares what stands at every connection that the environment names with the journal (design §6 "Reconcile"):
 *
 * - what the journal knows to have ended, or never to have been opened, is ended;
 * - what the journal has never known is ended once the time in its own note is over, or where it is unwanted. Before that, and
 *   whatever others made, it is an orphan: journaled once, and left;
 * - a live grant that is wider is cut back, one that lacks something has drifted, and ends.
 *
 * Without a journal that can be trusted nothing but the note of what we made counts: what is past it ends, all else is left.
 * Idempotent, and safe beside any other run. Never rejects for what one target or one object does.
 */
export async function reconcile(world: World, reconciling: Reconciling): Promise<Reconciliation> {
  const before = await tryTrustedView(world, null);
  const { surveys, unreached } = await surveyAll(world, clearable(before), reconciling);
  // NB. after the lists: an intent is journaled before anything of it stands.
  const trusted = await tryTrustedView(world, null, "recording");
  if (!(trusted instanceof Error)) return { ...(await compare(world, reconciling, trusted, surveys)), unreached };
  const seen = seenOnce(surveys, new Map());
  const due = [...seen.values()].flatMap(({ thing, now }) => dueByNote(thing, now) ?? []);
  const swept = (await eachOf(due, reconciling.atOnce, (one) => end(world, one, "expiry"))).filter(
    (one) => one !== null,
  );
  return { swept, cutBack: [], orphans: [], unreached, standing: seen.size, residue: 0, untrusted: reasonOf(trusted) };
}

/**
 * An emptied object whose grant is live is at the end of its end, or drifted: it stays, because it says what its end has to look for.
 * Nothing is cleared where that can't be known.
 */
function clearable(trusted: Trusted | Error): (object: string) => boolean {
  if (trusted instanceof Error) return () => false;
  const live = new Set(
    [...trusted.view.grants].flatMap(({ status, intent }) => (status === "live" ? [intent.place.object] : [])),
  );
  return (object) => !live.has(object);
}

async function compare(
  world: World,
  reconciling: Reconciling,
  trusted: Trusted,
  surveys: readonly Survey[],
): Promise<Omit<Reconciliation, "unreached">> {
  const { environments, atOnce } = reconciling;
  const isOurs = ({ intent }: GrantRecord) => environments === null || environments.has(intent.environment);
  const records = recordsByObject(trusted.view);
  const seen = seenOnce(surveys, records);
  const others: Other[] = [];
  for (const [key, one] of seen) {
    const record = records.get(key);
    if (record === undefined || (record.status !== "live" && isOurs(record))) others.push({ ...one, record });
  }
  const changed = changedGrants(world, trusted, surveys, seen).filter(isOurs);
  const mended = await eachOf(changed, atOnce, (record) => tryMend(world, record));
  const dealt = await eachOf(others, atOnce, (other) => deal(world, reconciling, other));
  const asked = new Set(surveys.map(whereKey));
  const wasLookedAt = (orphan: Orphan) => {
    const record = records.get(thingKey(orphan));
    return asked.has(whereKey(orphan)) && (record === undefined || isOurs(record));
  };
  const found = dealt.flatMap(({ orphan }) => orphan ?? []);
  const orphans = await journalOrphans(world, trusted, found, wasLookedAt);
  return {
    swept: [...dealt, ...mended].flatMap(({ swept }) => swept ?? []),
    cutBack: mended.flatMap((one) => one.cutBack ?? []),
    orphans,
    standing: seen.size,
    residue: [...trusted.view.grants].filter(({ residue }) => residue.length > 0).length,
    untrusted: null,
  };
}

/** What stands and isn't a live grant's; the journal's record of it, if there is one. */
interface Other extends Seen {
  readonly record: GrantRecord | undefined;
}

async function deal(
  world: World,
  { unwanted }: Reconciling,
  { thing, now, record }: Other,
): Promise<{ readonly swept?: Swept; readonly orphan?: Omit<FoundOrphan, "isNews"> }> {
  const due = record === undefined ? dueByNote(thing, now) : dueByRecord(thing, record);
  if (due !== null && record !== undefined && (await isLiveNow(world, record))) return {};
  const swept =
    due !== null
      ? await end(world, due, record === undefined ? "expiry" : "returned")
      : isUnwanted(thing, record, unwanted) && thing.note !== null
        ? await end(world, endable(thing.place, thing.note), "withdrawn")
        : null;
  if (swept === null && due !== null) return {};
  if (swept === null) return isKnownResidue(thing, record) ? {} : { orphan: orphanOf(thing, record) };
  if (swept.outcome !== "stuck") return { swept };
  const orphan = orphanOf(thing, record, swept.reason);
  // Nobody waits for the end of what an administrator abandoned; that it stands is told all the same.
  return record?.endedBy === "abandoned" ? { orphan } : { swept, orphan };
}

/** Listed and read a while ago, it may have been opened since by a second try. */
async function isLiveNow(world: World, { digest }: GrantRecord): Promise<boolean> {
  return knownOf(await tryTrustedView(world, null), digest)?.status === "live";
}

/** What gives nobody anything and is still there could not be dropped, or must not be. */
function dueByNote({ place, isOurs, isEmptied, note }: Standing, now: Instant): Endable | null {
  return isOurs && !isEmptied && note !== null && now >= note.expiresAt ? endable(place, note) : null;
}

/** Its grant ended, or nothing had been opened: whatever its note says. */
function dueByRecord({ place, isOurs, isEmptied }: Standing, record: GrantRecord): Endable | null {
  if (!isOurs || isEmptied) return null;
  const grant = openFromRecord(record);
  return { ...grant, place: { ...grant.place, connection: place.connection } };
}

function isUnwanted(
  { place, isOurs }: Standing,
  record: GrantRecord | undefined,
  unwanted: Reconciling["unwanted"],
): boolean {
  return record === undefined && isOurs && unwanted?.has(place.object) === true;
}

function endable(place: Place, { digest, expiresAt }: NonNullable<Standing["note"]>): Endable {
  return { digest, place, expiresAt: formatInstant(expiresAt), witness: null };
}

/** The emptied object of an ended grant is in its residue, and looked at again by that. */
function isKnownResidue({ isOurs, isEmptied }: Standing, record: GrantRecord | undefined): boolean {
  return isOurs && isEmptied && record !== undefined && record.residue.length > 0;
}

/** Null: nothing was there any more, for instance because its end was under way when it was listed. */
async function end(world: World, grant: Endable, cause: EndCause): Promise<Swept | null> {
  const { digest, place, expiresAt } = grant;
  const what = { digest, place, expiresAt, cause };
  try {
    const attempt = await takeAway(world, grant, cause);
    if (cause === "returned" && !(attempt.acted instanceof Error) && !attempt.acted.found) return null;
    const { status, residue } = await recordEnd(world, grant, attempt);
    if (status === "abandoned") return { ...what, outcome: "stuck", reason: reasonOf(attempt.acted), residue: [] };
    return { ...what, outcome: status, reason: null, residue };
  } catch (error) {
    const hasEnded = isGrantError(error) && error.code === "journal-untrusted";
    return { ...what, outcome: hasEnded ? "unrecorded" : "stuck", reason: reasonOf(asError(error)), residue: [] };
  }
}

/** Live grants that may stay and aren't listed as they were made, each by what its own connection shows. */
function changedGrants(
  world: World,
  trusted: Trusted,
  surveys: readonly Survey[],
  seen: ReadonlyMap<string, Seen>,
): readonly GrantRecord[] {
  const asked = new Set(surveys.map(whereKey));
  return [...trusted.view.grants].filter((record) => {
    if (record.status !== "live" || !record.activated || !asked.has(whereKey(record.intent.place))) return false;
    const grant = openFromRecord(record);
    const thing = seen.get(thingKey(grant.place))?.thing;
    const listed: Observation = thing?.observe(accessOf(grant)) ?? { state: "absent" };
    return listed.state !== "intact" && mustEnd(grant, trusted, world.clock()) === null;
  });
}

function whereKey({ kind, connection, server }: Pick<Orphan, "kind" | "connection" | "server">): string {
  return JSON.stringify([kind, connection, server]);
}

/** Neither: it is as it was made, or ends anyhow. */
interface Mended {
  readonly swept?: Swept;
  readonly cutBack?: CutBack;
}

async function tryMend(world: World, record: GrantRecord): Promise<Mended> {
  const grant = openFromRecord(record);
  try {
    return await mend(world, grant);
  } catch (error) {
    world.say(`\`${grant.request.metadata.name}\` could not be looked at: ${reasonOf(asError(error))}`);
    return {};
  }
}

/** Looks again, by journal and target as they are now: what was listed may have been an end under way. */
async function mend(world: World, grant: OpenState): Promise<Mended> {
  const trusted = await tryTrustedView(world, null);
  if (trusted instanceof Error || mustEnd(grant, trusted, world.clock()) !== null) return {};
  const found = await look(world, grant);
  if (found === "due" || found.state === "intact") return {};
  if (found.state === "wider") return { cutBack: await narrow(world, grant, trusted, found.differences) };
  const noted = noteDrift(world, grant, trusted, found);
  const swept = await end(world, grant, "drift");
  await noted;
  return swept === null ? {} : { swept };
}

/** NB. first it is journaled that it was wider: that is the evidence. */
async function narrow(
  world: World,
  grant: OpenState,
  trusted: Trusted,
  differences: readonly string[],
): Promise<CutBack> {
  try {
    await noteWider(world, grant, trusted, differences);
    await cutBack(world, grant, trusted);
    return { grant, differences, reason: null };
  } catch (error) {
    return { grant, differences, reason: reasonOf(asError(error)) };
  }
}
