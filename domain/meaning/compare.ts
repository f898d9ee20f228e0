// SPDX-License-Identifier: Apache-2.0
import type { Directory } from "../directory";
import { formatDuration } from "../duration";
import { formatInstant, type Instant } from "../instant";
import type { Policy } from "../policy";
import { gainsOf, type Times } from "./gains";
import { groupPeople, type PeopleGroup } from "./group-people";
import { unite } from "./intervals";
import { type ProfilePair, profilePairs } from "./profiles";
import { type RuleChange, ruleChanges } from "./rule-changes";
import { type SettingChange, settingChanges } from "./setting-changes";
import { type Side, type Standing, sideOf, standingOf } from "./standing";

/** What a change of policy or directory means, as `elevate diff --json` prints it (design §8): fields are added, never changed. */
export interface MeaningChange {
  /** The comparison is of all instants from then on. */
  readonly at: string;
  /** Whether anybody gets anything that they didn't: a role, more time, or the same for less. */
  readonly widened: boolean;
  readonly narrowed: boolean;
  readonly settings: readonly SettingChange[];
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
  /** When something is allowed that wasn't, or for longer; null: never. */
  readonly gained: When | null;
  readonly lost: When | null;
}

export interface Place {
  readonly role: string;
  readonly environment: string;
}

export interface When {
  readonly always: boolean;
  readonly from: string;
  /** Null: without end. */
  readonly to: string | null;
  /** How many stretches of time it is between them. */
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
  const all = [...settings, ...access];
  return {
    at: formatInstant(at),
    widened: all.some(({ widened }) => widened),
    narrowed: all.some(({ narrowed }) => narrowed),
    settings,
    access,
    people: { joined: missing(old.directory, now.directory), left: missing(now.directory, old.directory) },
  };
}

function missing(there: Directory, here: Directory): readonly string[] {
  return Object.keys(here.people).filter((person) => !Object.hasOwn(there.people, person));
}

type Found = Omit<AccessChange, "people" | "places">;

class Comparer {
  readonly #sides: readonly [Side, Side];
  readonly #at: Instant;
  /** By the keys of both standings. */
  readonly #known = new Map<string, Map<string, { readonly found: Found; readonly key: string } | null>>();

  constructor(sides: readonly [Side, Side], at: Instant) {
    this.#sides = sides;
    this.#at = at;
  }

  compare(): readonly AccessChange[] {
    const pairs = profilePairs(...this.#sides);
    const changes = new Map<string, { readonly found: Found; readonly pairs: Map<string, ProfilePair[]> }>();
    for (const place of placesOf(this.#sides)) {
      for (const pair of pairs) {
        const compared = this.#compareIn(place, pair);
        if (compared === null) continue;
        const change = changes.get(compared.key) ?? { found: compared.found, pairs: new Map<string, ProfilePair[]>() };
        const name = JSON.stringify([place.role, place.environment]);
        change.pairs.set(name, [...(change.pairs.get(name) ?? []), pair]);
        changes.set(compared.key, change);
      }
    }
    return [...changes.values()].flatMap(({ found, pairs: byPlace }) => this.#grouped(found, byPlace)).sort(byWeight);
  }

  #compareIn({ environment, role }: Place, { person }: ProfilePair) {
    const [old, now] = this.#sides;
    const standings = [standingOf(old, person, role, environment), standingOf(now, person, role, environment)] as const;
    const [before, after] = [standings[0]?.key ?? "", standings[1]?.key ?? ""];
    if (before === after) return null;
    const known = this.#known.get(before) ?? new Map<string, { readonly found: Found; readonly key: string } | null>();
    this.#known.set(before, known);
    const found = known.get(after) ?? this.#find(standings, environment);
    known.set(after, found);
    return found;
  }

  #find(standings: readonly [Standing | null, Standing | null], environment: string) {
    const [before, after] = standings;
    const gained = this.#timesOf(before, after);
    const lost = this.#timesOf(after, before);
    const changes = ruleChanges({ sides: this.#sides, standings, environment });
    const found: Found = {
      effect: effectOf(standings, gained !== null, lost !== null),
      widened: gained !== null,
      narrowed: lost !== null,
      longest: { from: longestOf(before), to: longestOf(after) },
      changes,
      gained: whenOf(gained),
      lost: whenOf(lost),
    };
    if (found.effect === "same" && changes.length === 0) return null;
    return { found, key: JSON.stringify(found) };
  }

  #timesOf(before: Standing | null, after: Standing | null): Times | null {
    const doors = (["rules", "breakGlass"] as const).map((door) => gainsOf(before, after, door, this.#at));
    const found = doors.filter((times) => times !== null);
    if (found.length === 0) return null;
    return {
      isAlways: found.some(({ isAlways }) => isAlways),
      intervals: unite(found.flatMap(({ intervals }) => intervals)),
    };
  }

  /** Places at which the very same people have the same change stand together. */
  #grouped(found: Found, byPlace: ReadonlyMap<string, readonly ProfilePair[]>): AccessChange[] {
    const groups = new Map<string, { readonly pairs: readonly ProfilePair[]; readonly places: Place[] }>();
    for (const [name, pairs] of byPlace) {
      const key = pairs.map(({ id }) => id).join();
      const [role, environment] = JSON.parse(name) as [string, string];
      const group = groups.get(key) ?? { pairs, places: [] };
      group.places.push({ role, environment });
      groups.set(key, group);
    }
    const [old, now] = this.#sides;
    return [...groups.values()].map(({ pairs, places }) => {
      const people = pairs.flatMap((pair) => pair.people);
      const directory = people.every((person) => now.people.people.has(person)) ? now.directory : old.directory;
      return { ...found, people: groupPeople(directory, people), places };
    });
  }
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

function whenOf(times: Times | null): When | null {
  const [first] = times?.intervals ?? [];
  const last = times?.intervals.at(-1);
  if (times === null || first === undefined || last === undefined) return null;
  return {
    always: times.isAlways,
    from: formatInstant(first.from),
    to: last.to === Number.POSITIVE_INFINITY ? null : formatInstant(last.to),
    stretches: times.intervals.length,
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
