// SPDX-License-Identifier: Apache-2.0
import type { CompiledWho } from "../compiled-who";
import { grouped } from "../grouped";
import type { Side } from "./standing";

/** People whom no rule of either side tells from one another. */
export interface ProfilePair {
  readonly id: number;
  /** One of them: what goes for one goes for all. */
  readonly person: string;
  readonly people: readonly string[];
  /** Whether nothing about them is other on the other side. */
  readonly isSame: boolean;
}

/**
 * All people of both directories. Whoever a policy names or a schedule has is alone. NB. What an approver may do is a matter of the rules
 * of a place, and no part of it.
 */
export function profilePairs(old: Side, now: Side): readonly ProfilePair[] {
  const named = new Set(
    [old, now].flatMap(({ rules }) =>
      [...rules.allows, ...rules.denies, ...emergency(rules.breakGlass)].flatMap(({ who }) => [...who.people]),
    ),
  );
  const people = new Set([...old.people.people.keys(), ...now.people.people.keys()]);
  const keys = [old, now].map((side) => keysOf(side, named));
  const groups = grouped(people, (person) => keys.map((keyOf) => keyOf(person)).join("\n"));
  return [...groups].map(([key, members], id) => {
    const [one, other] = key.split("\n");
    return { id, person: members[0] ?? "", people: members, isSame: one === other };
  });
}

function emergency(breakGlass: { readonly who: CompiledWho } | null): readonly { readonly who: CompiledWho }[] {
  return breakGlass === null ? [] : [breakGlass];
}

function keysOf({ people: { onCall, people } }: Side, named: ReadonlySet<string>): (person: string) => string {
  const onDuty = new Set([...onCall.values()].flatMap((duties) => [...duties.keys()]));
  const written = new Map<ReadonlySet<string>, string>();
  return (person) => {
    const known = people.get(person);
    if (known === undefined) return "-";
    const { jobFunctions, kinds } = known;
    const functions = written.get(jobFunctions) ?? [...jobFunctions].sort().join();
    written.set(jobFunctions, functions);
    const alone = named.has(person) || onDuty.has(person) ? person : "";
    const duties = onDuty.has(person) ? JSON.stringify([...onCall].map(([name, all]) => [name, all.get(person)])) : "";
    return `${functions}|${[...kinds].sort().join()}|${alone}|${duties}`;
  };
}
