// SPDX-License-Identifier: Apache-2.0
import type { CompiledDirectory, Person } from "./compiled-directory";
import type { Instant } from "./instant";
import { bitsOf } from "./name-bits";
import type { Who } from "./policy";

/** `who`, with lists that are quick to look through. */
export interface CompiledWho {
  readonly isEveryone: boolean;
  /** Each once. */
  readonly jobFunctions: readonly string[];
  readonly people: ReadonlySet<string>;
  /** Names of schedules. */
  readonly onCall: readonly string[];
  /** Of job functions and people, see {@link bitsOf}: whoever shares none isn't meant. All, where it isn't names that decide. */
  readonly bits: number;
  readonly written: Who;
}

export function compileWho(who: Who): CompiledWho {
  const isEveryone = who === "everyone";
  const { jobFunctions = [], people = [], onCall = [] } = isEveryone ? {} : who;
  return {
    isEveryone,
    jobFunctions: [...new Set(jobFunctions)],
    people: new Set(people),
    onCall,
    bits: isEveryone || onCall.length > 0 ? ALL_BITS : bitsOf([...jobFunctions, ...people]),
    written: who,
  };
}

const ALL_BITS = -1;

/** Whether `who` matches a person of the directory at an instant (design §5 "who"); nobody else, whatever the lists say. */
export function whoMatches(who: CompiledWho, directory: CompiledDirectory, person: string, at: Instant): boolean {
  const known = directory.people.get(person);
  return known !== undefined && matchesKnown(who, directory, known, at);
}

/** {@link whoMatches} for somebody who was looked up already. */
export function matchesKnown(who: CompiledWho, directory: CompiledDirectory, known: Person, at: Instant): boolean {
  if ((who.bits & known.bits) === 0) return false;
  return (
    who.isEveryone ||
    hasOneOf(known.jobFunctions, who.jobFunctions) ||
    who.people.has(known.name) ||
    who.onCall.some((schedule) => isOnCall(directory, schedule, known.name, at))
  );
}

/** Whether somebody who has these has one that is wanted. */
export function hasOneOf(own: ReadonlySet<string>, wanted: readonly string[]): boolean {
  for (let at = 0; at < wanted.length; at++) if (own.has(wanted[at] as string)) return true;
  return false;
}

export function isOnCall(directory: CompiledDirectory, schedule: string, person: string, at: Instant): boolean {
  const duties = directory.onCall.get(schedule)?.get(person);
  return duties?.some((duty) => duty.from <= at && at < duty.to) === true;
}
