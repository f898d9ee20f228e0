// SPDX-License-Identifier: Apache-2.0
import { canonicalJson } from "../canonical-json";
import { type CompiledDirectory, impliedBy } from "../compiled-directory";
import { type CompiledWho, hasOneOf } from "../compiled-who";
import type { Instant } from "../instant";
import type { Subject } from "./subject";

const known = new WeakMap<CompiledDirectory, Map<string, ReadonlySet<string>>>();

/** The people whom `who` matches at some instant from `from` on; the same set for the same words. */
export function peopleOf(who: CompiledWho, { people, from }: Pick<Subject, "people" | "from">): ReadonlySet<string> {
  const ofDirectory = known.get(people) ?? new Map<string, ReadonlySet<string>>();
  const key = `${from} ${canonicalJson(who.written)}`;
  const found = ofDirectory.get(key) ?? findPeople(who, people, from);
  known.set(people, ofDirectory.set(key, found));
  return found;
}

function findPeople(who: CompiledWho, { onCall, people }: CompiledDirectory, from: Instant): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [person, { jobFunctions }] of people) {
    if (who.isEveryone || who.people.has(person) || hasOneOf(jobFunctions, who.jobFunctions)) found.add(person);
  }
  for (const [person, duties] of who.onCall.flatMap((schedule) => [...(onCall.get(schedule) ?? [])])) {
    if (people.has(person) && duties.some(({ to }) => to > from)) found.add(person);
  }
  return found;
}

/** The people whom `who` matches at some instant, past ones too. */
export function peopleEver(who: CompiledWho, { people }: Pick<Subject, "people">): ReadonlySet<string> {
  return peopleOf(who, { people, from: Number.NEGATIVE_INFINITY });
}

/**
 * Whether `wide` matches whomever `narrow` does, at every instant, and still does when people change their job functions. False where
 * that only happens to be so, because two job functions have the same people today.
 */
export function covers(wide: CompiledWho, narrow: CompiledWho, { directory, people }: Subject): boolean {
  if (wide.isEveryone) return true;
  if (narrow.isEveryone) return false;
  const isIn = (person: string): boolean => {
    const known = people.people.get(person);
    return known === undefined || wide.people.has(person) || hasOneOf(known.jobFunctions, wide.jobFunctions);
  };
  return (
    narrow.jobFunctions.every((name) => hasOneOf(impliedBy(directory, [name]), wide.jobFunctions)) &&
    [...narrow.people].every(isIn) &&
    narrow.onCall.every((schedule) => wide.onCall.includes(schedule))
  );
}
