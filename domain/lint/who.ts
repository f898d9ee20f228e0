// SPDX-License-Identifier: Apache-2.0
import { impliedBy } from "../compiled-directory";
import { type CompiledWho, hasOneOf } from "../compiled-who";
import type { Subject } from "./subject";

/** The people whom `who` matches at some instant from `from` on. */
export function peopleOf(who: CompiledWho, { people, from }: Pick<Subject, "people" | "from">): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [person, { jobFunctions }] of people.people) {
    const isAlways = who.isEveryone || who.people.has(person) || hasOneOf(jobFunctions, who.jobFunctions);
    if (isAlways || who.onCall.some((schedule) => isOnCallFrom(schedule, person))) found.add(person);
  }
  return found;

  function isOnCallFrom(schedule: string, person: string): boolean {
    return (
      people.onCall
        .get(schedule)
        ?.get(person)
        ?.some(({ to }) => to > from) === true
    );
  }
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
