// SPDX-License-Identifier: Apache-2.0
import type { CompiledDirectory, Person } from "./compiled-directory";
import type { Instant } from "./instant";
import type { Who } from "./policy";

/** `who`, with lists that are quick to look through. */
export interface CompiledWho {
  readonly isEveryone: boolean;
  /** Each once. */
  readonly jobFunctions: readonly string[];
  readonly people: ReadonlySet<string>;
  /** Names of schedules. */
  readonly onCall: readonly string[];
  readonly written: Who;
}

export function compileWho(who: Who): CompiledWho {
  const lists = who === "everyone" ? {} : who;
  return {
    isEveryone: who === "everyone",
    jobFunctions: [...new Set(lists.jobFunctions)],
    people: new Set(lists.people),
    onCall: lists.onCall ?? [],
    written: who,
  };
}

/** Whether `who` matches a person of the directory at an instant (design §5 "who"); nobody else, whatever the lists say. */
export function whoMatches(who: CompiledWho, directory: CompiledDirectory, person: string, at: Instant): boolean {
  const known = directory.people.get(person);
  return known !== undefined && matchesKnown(who, directory, known, person, at);
}

/** {@link whoMatches} for somebody who was looked up already. */
export function matchesKnown(
  who: CompiledWho,
  directory: CompiledDirectory,
  known: Person,
  person: string,
  at: Instant,
): boolean {
  return (
    who.isEveryone ||
    who.people.has(person) ||
    hasOneOf(known.jobFunctions, who.jobFunctions) ||
    who.onCall.some((schedule) => isOnCall(directory, schedule, person, at))
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
