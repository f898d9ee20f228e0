// SPDX-License-Identifier: Apache-2.0
import type { Instant } from "@elevation/domain";
import type { GrantRecord, JournalView, Orphan } from "@elevation/journal";
import { isOfDeadline, withinTime } from "./deadline";
import { eachOf } from "./each-of";
import type { Standing } from "./ports";
import { asError, type Deadline, laterClock, reasonOf, type World, withConnection } from "./world";

/** How long a connection may take to show what stands there, in milliseconds: whatever it does, the others' is dealt with by then. */
const PATIENCE = 60_000;

/** What one connection shows. */
export interface Survey {
  readonly kind: string;
  readonly connection: string;
  readonly server: string;
  /** The later of our clock and the target's. */
  readonly now: Instant;
  readonly standing: readonly Standing[];
}

/** A connection whose server could not be asked. */
export interface Unreached {
  readonly connection: string;
  readonly reason: string;
}

/** Something that stands at a target, and what time it is there. */
export interface Seen {
  readonly thing: Standing;
  readonly now: Instant;
}

/** How a survey goes about it. */
export interface Surveying {
  /** How many connections are asked at once; absent: all. A server with ten thousand grants has work for half a second with each. */
  readonly surveysAtOnce?: number;
  /** How long a connection may take to show what stands there, in milliseconds; absent: a minute. */
  readonly surveyPatience?: number;
}

/**
 * What stands under names of ours at every connection that the environment names; what gives nobody anything
 * is cleared away first, where `mayClear` its object. One that takes longer than `patience` is not reached, and nothing is cleared away
 * there any more. Never rejects.
 */
export async function surveyAll(
  world: World,
  mayClear: (object: string) => boolean,
  { surveysAtOnce, surveyPatience: patience = PATIENCE }: Surveying = {},
): Promise<{ readonly surveys: readonly Survey[]; readonly unreached: readonly Unreached[] }> {
  const surveys: Survey[] = [];
  const unreached: Unreached[] = [];
  const all = [...world.targets.values()].flatMap((target) =>
    target.connections().map((connection) => ({ kind: target.kind, connection })),
  );
  await eachOf(all, surveysAtOnce ?? all.length, async (where) => {
    try {
      const look = (deadline: Deadline) => survey({ ...world, deadline }, where, mayClear);
      surveys.push(await withinTime("the survey", patience, look, 0));
    } catch (error) {
      const { connection } = where;
      const late = `\`${connection}\` did not show within ${patience / 1000} s what stands there; see why its server says nothing, or is slow`;
      unreached.push({ connection, reason: isOfDeadline(error) ? late : reasonOf(asError(error)) });
    }
  });
  return { surveys: surveys.sort(byConnection), unreached: unreached.sort(byConnection) };
}

function byConnection(one: { readonly connection: string }, other: { readonly connection: string }): number {
  return one.connection < other.connection ? -1 : 1;
}

function survey(
  world: World,
  where: { readonly kind: string; readonly connection: string },
  mayClear: (object: string) => boolean,
): Promise<Survey> {
  return withConnection(world, where, async (connection) => {
    const listed = await connection.list();
    const mayClearNow = (object: string) => {
      world.deadline?.check();
      return mayClear(object);
    };
    const isCleared =
      listed.some(({ isOurs, isEmptied, place }) => isOurs && isEmptied && mayClearNow(place.object)) &&
      (await connection.sweep(mayClearNow)).length > 0;
    const standing = isCleared ? await connection.list() : listed;
    return { ...where, server: connection.server, standing, now: await laterClock(world, connection) };
  });
}

/** Which thing at which server it is, whatever connection leads there. */
export function thingKey({ kind, server, object }: Pick<Orphan, "kind" | "server" | "object">): string {
  return JSON.stringify([kind, server, object]);
}

/** All that a journal knows of, by the thing at the server that it is about. */
export function recordsByObject(view: JournalView): ReadonlyMap<string, GrantRecord> {
  return new Map([...view.grants].map((record) => [thingKey(record.intent.place), record]));
}

/**
 * Each thing once, for two connections may lead to one server: through that of its grant, else through that of the login that made it. What
 * the last of them to be asked doesn't show any more has ended while the others were.
 */
export function seenOnce(
  surveys: readonly Survey[],
  records: ReadonlyMap<string, GrantRecord>,
): ReadonlyMap<string, Seen> {
  const seen = new Map<string, Seen & { readonly rank: number }>();
  const last = lastOfEach(surveys);
  const there = new Set([...last.values()].flatMap(({ standing }) => standing.map(({ place }) => thingKey(place))));
  for (const { standing, now } of surveys) {
    for (const thing of standing) {
      const key = thingKey(thing.place);
      if (!there.has(key)) continue;
      const isOfItsGrant = thing.place.connection === records.get(key)?.intent.place.connection;
      const rank = isOfItsGrant ? 2 : thing.isOurs ? 1 : 0;
      const before = seen.get(key);
      if (before === undefined || rank > before.rank) seen.set(key, { thing, now, rank });
    }
  }
  return seen;
}

function lastOfEach(surveys: readonly Survey[]): ReadonlyMap<string, Survey> {
  const last = new Map<string, Survey>();
  for (const survey of surveys) {
    const key = JSON.stringify([survey.kind, survey.server]);
    const known = last.get(key);
    if (known === undefined || survey.now >= known.now) last.set(key, survey);
  }
  return last;
}
