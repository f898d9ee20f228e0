// SPDX-License-Identifier: Apache-2.0
import type { Directory } from "../directory";
import { formatDuration } from "../duration";
import { formatInstant, type Instant } from "../instant";
import type { Policy } from "../policy";
import { COMPARED, Frames } from "./frames";
import { gainsOf, type Times } from "./gains";
import { groupPeople, type PeopleGroup } from "./group-people";
import { type IdentityChange, identityChanges } from "./identity-changes";
import { unite } from "./intervals";
import { type ProfilePair, profilePairs } from "./profiles";
import { type RuleChange, ruleChanges } from "./rule-changes";
import { type SettingChange, settingChanges } from "./setting-changes";
import { isSame, isSamePlace, isSameTarget, type Side, type Standing, sideOf, standingOf } from "./standing";
import { type WhoChange, whoChanges } from "./who-changes";

/** What a change of policy or directory means, as `elevate diff --json` prints it (design §8): fields are added, never changed. */
export interface MeaningChange {
  /** The comparison is of all instants from then on. */
  readonly at: string;
  /** Whether anybody gets anything that they didn't: a role, more time, or the same for less. */
  readonly widened: boolean;
  readonly narrowed: boolean;
  readonly settings: readonly SettingChange[];
  /** Whose access opens under another login, or whose credentials are sealed to another key. */
  readonly identities: readonly IdentityChange[];
  /** Who may approve, review or ask for others, where the policy says the same on both sides and it means other people. */
  readonly approvers: readonly WhoChange[];
  /** Who gets or takes what: people with the same change together, what is wider first. */
  readonly access: readonly AccessChange[];
  readonly people: { readonly joined: readonly string[]; readonly left: readonly string[] };
}

export interface AccessChange {
  /**
   * `gain`: there was nothing, ever; `loss`: there is nothing any more; `wider`, `narrower`, `both`: of what there was and is; `same`: rules
   * changed, and what they give didn't.
   */
  readonly effect: "gain" | "loss" | "wider" | "narrower" | "both" | "same";
  readonly widened: boolean;
  readonly narrowed: boolean;
  readonly people: PeopleGroup;
  readonly places: readonly Place[];
  /** The longest that any rule gives; null: nothing. */
  readonly longest: { readonly from: string | null; readonly to: string | null };
  readonly changes: readonly RuleChange[];
  /** When something is allowed that wasn't, or for longer, of any of them; null: never. */
  readonly gained: When | null;
  readonly lost: When | null;
}

export interface Place {
  readonly role: string;
  readonly environment: string;
}

export interface When {
  /** Whenever there is anything to have: whatever hours and deny rules leave. */
  readonly always: boolean;
  readonly from: string;
  /** Null: without end, as far as was compared. */
  readonly to: string | null;
  /** How many stretches of time it is between them; of several people the most that one has. */
  readonly stretches: number;
}

/** Compares all that two policies and directories allow, for everybody, everywhere, from an instant on. */
export function compareMeaning(
  old: { readonly policy: Policy; readonly directory: Directory },
  now: { readonly policy: Policy; readonly directory: Directory },
  at: Instant,
): MeaningChange {
  const sides = [sideOf(old.policy, old.directory), sideOf(now.policy, now.directory)] as const;
  const settings = settingChanges(sides[0].rules, sides[1].rules);
  const access = new Comparer(sides, at).compare();
  const approvers = whoChanges(...sides);
  const identities = identityChanges(old.directory, now.directory);
  const all = [...settings, ...identities, ...approvers, ...access];
  return {
    at: formatInstant(at),
    widened: all.some(({ widened }) => widened),
    narrowed: all.some(({ narrowed }) => narrowed),
    settings,
    identities,
    approvers,
    access,
    people: { joined: missing(old.directory, now.directory), left: missing(now.directory, old.directory) },
  };
}

function missing(there: Directory, here: Directory): readonly string[] {
  return Object.keys(here.people).filter((person) => !Object.hasOwn(there.people, person));
}

/** What is found for people who stand before the same on both sides. */
interface Found {
  /** When is told of all people of a group together. */
  readonly change: Omit<AccessChange, "people" | "places" | "gained" | "lost">;
  readonly key: string;
  readonly gained: Times | null;
  readonly lost: Times | null;
}

interface FoundFor {
  readonly pair: ProfilePair;
  readonly found: Found;
}

class Comparer {
  readonly #sides: readonly [Side, Side];
  readonly #at: Instant;
  readonly #frames: Frames;
  /** By the keys of both standings. */
  readonly #known = new Map<string, Map<string, Found | null>>();

  constructor(sides: readonly [Side, Side], at: Instant) {
    this.#sides = sides;
    this.#at = at;
    this.#frames = new Frames(at);
  }

  compare(): readonly AccessChange[] {
    const pairs = profilePairs(...this.#sides);
    const changes = new Map<string, Map<Place, FoundFor[]>>();
    for (const place of placesOf(this.#sides)) {
      for (const pair of pairs) {
        const found = this.#compareIn(place, pair);
        if (found === null) continue;
        const byPlace = changes.get(found.key) ?? new Map<Place, FoundFor[]>();
        changes.set(found.key, byPlace);
        const here = byPlace.get(place);
        if (here === undefined) byPlace.set(place, [{ pair, found }]);
        else here.push({ pair, found });
      }
    }
    return [...changes.values()].flatMap((byPlace) => this.#grouped(byPlace)).sort(byWeight);
  }

  #compareIn({ environment, role }: Place, { isSame: isSamePerson, person }: ProfilePair): Found | null {
    const [old, now] = this.#sides;
    if (isSamePerson && isSamePlace(old, now, role, environment)) return null;
    const standings = [standingOf(old, person, role, environment), standingOf(now, person, role, environment)] as const;
    const [before, after] = standings;
    if (isSame(before, after)) return null;
    // What a target is called is told only where it is another.
    const targets = isSameTarget(before, after) ? "" : JSON.stringify([before?.target, after?.target]);
    const from = `${before?.key ?? ""}\n${targets}`;
    const known = this.#known.get(from) ?? new Map<string, Found | null>();
    this.#known.set(from, known);
    const key = `${after?.key ?? ""}\n${environmentCaps(this.#sides, environment)}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = this.#find(standings, environment);
    known.set(key, made);
    return made;
  }

  #find(standings: readonly [Standing | null, Standing | null], environment: string): Found | null {
    const [before, after] = standings;
    const gained = this.#timesOf(before, after);
    const lost = this.#timesOf(after, before);
    const changes = ruleChanges({ sides: this.#sides, standings, environment });
    const change = {
      effect: effectOf(standings, gained !== null, lost !== null),
      widened: gained !== null,
      narrowed: lost !== null,
      longest: { from: longestOf(before), to: longestOf(after) },
      changes,
    };
    if (change.effect === "same" && changes.length === 0) return null;
    return { change, key: JSON.stringify(change), gained, lost };
  }

  #timesOf(before: Standing | null, after: Standing | null): Times | null {
    const doors = (["rules", "breakGlass"] as const).map((door) => gainsOf(before, after, door, this.#frames));
    const found = doors.filter((times) => times !== null);
    if (found.length === 0) return null;
    return {
      isAlways: found.some(({ isAlways }) => isAlways),
      intervals: unite(found.flatMap(({ intervals }) => intervals)),
    };
  }

  /** Places at which the very same people have the same change stand together. */
  #grouped(byPlace: ReadonlyMap<Place, readonly FoundFor[]>): AccessChange[] {
    const groups = new Map<string, { readonly all: readonly FoundFor[]; readonly places: Place[] }>();
    for (const [place, all] of byPlace) {
      const key = all.map(({ pair }) => pair.id).join();
      const group = groups.get(key) ?? { all, places: [] };
      group.places.push(place);
      groups.set(key, group);
    }
    const [old, now] = this.#sides;
    return [...groups.values()].flatMap(({ all, places }) => {
      const [first] = all;
      if (first === undefined) return [];
      const people = all.flatMap(({ pair }) => pair.people);
      const directory = people.every((person) => now.people.people.has(person)) ? now.directory : old.directory;
      const gained = whenOf(
        all.map(({ found }) => found.gained),
        this.#at,
      );
      const lost = whenOf(
        all.map(({ found }) => found.lost),
        this.#at,
      );
      return [{ ...first.found.change, people: groupPeople(directory, people), places, gained, lost }];
    });
  }
}

/** What a rule gives is cut to it, and is told as cut. */
function environmentCaps(sides: readonly [Side, Side], environment: string): string {
  return sides.map(({ rules }) => rules.maxDurations.get(environment)?.milliseconds ?? "").join();
}

function placesOf(sides: readonly [Side, Side]): readonly Place[] {
  const places = sides.flatMap(({ rules }) =>
    [...rules.targets].flatMap(([role, targets]) => [...targets.keys()].map((environment) => ({ role, environment }))),
  );
  return [...new Map(places.map((place) => [`${place.role} ${place.environment}`, place])).values()];
}

function effectOf(
  [before, after]: readonly [Standing | null, Standing | null],
  widened: boolean,
  narrowed: boolean,
): AccessChange["effect"] {
  if (before === null && widened) return "gain";
  if (after === null && narrowed) return "loss";
  if (widened) return narrowed ? "both" : "wider";
  return narrowed ? "narrower" : "same";
}

function longestOf(standing: Standing | null): string | null {
  if (standing === null) return null;
  const { acceptors, emergency } = standing;
  const lengths = [...acceptors, ...(emergency === null ? [] : [emergency])]
    .filter(({ isClamping, max, min }) => isClamping || min <= max)
    .map(({ max }) => max);
  return lengths.length === 0 ? null : formatDuration(Math.max(...lengths));
}

/** When it is for any of some people. */
function whenOf(all: readonly (Times | null)[], at: Instant): When | null {
  const found = all.filter((times) => times !== null);
  if (found.length === 0) return null;
  const from = Math.min(...found.map(({ intervals }) => intervals[0]?.from ?? Number.POSITIVE_INFINITY));
  const to = Math.max(...found.map(({ intervals }) => intervals.at(-1)?.to ?? Number.NEGATIVE_INFINITY));
  return {
    always: found.every(({ isAlways }) => isAlways),
    from: formatInstant(from),
    // What goes on when the comparison ends is not known to end.
    to: to >= at + COMPARED ? null : formatInstant(to),
    stretches: Math.max(...found.map(({ intervals }) => intervals.length)),
  };
}

const WEIGHTS: readonly AccessChange["effect"][] = ["gain", "wider", "both", "loss", "narrower", "same"];

function byWeight(one: AccessChange, other: AccessChange): number {
  return (
    WEIGHTS.indexOf(one.effect) - WEIGHTS.indexOf(other.effect) ||
    other.people.people.length - one.people.people.length ||
    compareText(String(one.people.people[0]), String(other.people.people[0])) ||
    compareText(JSON.stringify(one.places), JSON.stringify(other.places))
  );
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
