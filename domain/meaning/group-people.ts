// SPDX-License-Identifier: Apache-2.0
import { compileDirectory } from "../compiled-directory";
import type { Directory } from "../directory";

/** People in few words: everybody in some job functions, and others by name. */
export interface PeopleGroup {
  /** All whom the group has, in alphabetical order. */
  readonly people: readonly string[];
  /** Whether these are all of the directory. */
  readonly isEveryone: boolean;
  /** Job functions all of whose people are in the group, as few as were found. */
  readonly jobFunctions: readonly string[];
  /** Those who have none of these job functions. */
  readonly others: readonly string[];
}

const known = new WeakMap<Directory, ReadonlyMap<string, ReadonlySet<string>>>();

/** Describes people of a directory by the job functions that cover them, the largest first; of equals the first in the directory. */
export function groupPeople(directory: Directory, people: Iterable<string>): PeopleGroup {
  const all = new Set(people);
  const sorted = [...all].sort();
  const isEveryone = all.size === compileDirectory(directory).people.size && all.size > 0;
  if (isEveryone) return { people: sorted, isEveryone, jobFunctions: [], others: [] };
  const whole = [...membersOf(directory)].filter(([, members]) => members.size > 1 && isWithin(members, all));
  const left = new Set(all);
  const jobFunctions: string[] = [];
  for (const [name, members] of whole.sort(([, one], [, other]) => other.size - one.size)) {
    if (![...members].some((person) => left.has(person))) continue;
    jobFunctions.push(name);
    for (const person of members) left.delete(person);
  }
  return { people: sorted, isEveryone, jobFunctions: jobFunctions.sort(), others: [...left].sort() };
}

/** The people of each job function, through `includes` too. */
function membersOf(directory: Directory): ReadonlyMap<string, ReadonlySet<string>> {
  const found = known.get(directory);
  if (found !== undefined) return found;
  const members = new Map<string, Set<string>>();
  for (const [person, { jobFunctions }] of compileDirectory(directory).people) {
    for (const name of jobFunctions) members.set(name, (members.get(name) ?? new Set()).add(person));
  }
  known.set(directory, members);
  return members;
}

function isWithin(some: ReadonlySet<string>, all: ReadonlySet<string>): boolean {
  if (some.size > all.size) return false;
  for (const one of some) if (!all.has(one)) return false;
  return true;
}
