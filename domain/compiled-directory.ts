// SPDX-License-Identifier: Apache-2.0
import { instantOfText } from "./compiled-policy";
import { type Digest, digestOf } from "./digest";
import type { Directory } from "./directory";
import type { Interval } from "./hours";
import { bitsOf } from "./name-bits";
import { sharing } from "./sharing";

/** Somebody in the directory. */
export interface Person {
  readonly name: string;
  /** Through `includes` too. People who were given the same ones share one set. */
  readonly jobFunctions: ReadonlySet<string>;
  /** The kinds of targets at which there is a login. People who have them at the same ones share one set. */
  readonly kinds: ReadonlySet<string>;
  /** Of the name and the job functions, see {@link bitsOf}. */
  readonly bits: number;
}

/** A directory with everything parsed that decide() needs again and again. */
export interface CompiledDirectory {
  readonly digest: Digest;
  readonly people: ReadonlyMap<string, Person>;
  /** By schedule, then by person. */
  readonly onCall: ReadonlyMap<string, ReadonlyMap<string, readonly Interval[]>>;
}

const compiled = new WeakMap<Directory, CompiledDirectory>();

/** Compiles a valid directory, once for each object: documents never change after they were read. */
export function compileDirectory(directory: Directory): CompiledDirectory {
  const known = compiled.get(directory);
  if (known !== undefined) return known;
  const result = { digest: digestOf(directory), people: peopleOf(directory), onCall: onCallOf(directory) };
  compiled.set(directory, result);
  return result;
}

function peopleOf(directory: Directory): Map<string, Person> {
  const including = includingJobFunctions(directory);
  const jobFunctionsOf = sharing((given: readonly string[]) => withIncluding(given, including));
  const kindsOf = sharing((given: readonly string[]) => new Set(given));
  const people = new Map<string, Person>();
  for (const [name, { jobFunctions: given = [], identities = {} }] of Object.entries(directory.people)) {
    const jobFunctions = jobFunctionsOf(given);
    const bits = bitsOf([name, ...jobFunctions]);
    people.set(name, { name, jobFunctions, kinds: kindsOf(Object.keys(identities)), bits });
  }
  return people;
}

function onCallOf(directory: Directory): Map<string, Map<string, Interval[]>> {
  const schedules = new Map<string, Map<string, Interval[]>>();
  for (const [schedule, entries] of Object.entries(directory.onCall ?? {})) {
    const duties = new Map<string, Interval[]>();
    for (const { person, from, to } of entries) {
      const duty = { from: instantOfText(from), to: instantOfText(to) };
      duties.set(person, [...(duties.get(person) ?? []), duty]);
    }
    schedules.set(schedule, duties);
  }
  return schedules;
}

/** The job functions that whoever has these has: themselves, and what includes them. */
export function impliedBy(directory: Directory, jobFunctions: readonly string[]): ReadonlySet<string> {
  return withIncluding(jobFunctions, includingJobFunctions(directory));
}

/** For each job function those that include it directly: whoever has the first has these too. */
function includingJobFunctions(directory: Directory): Map<string, string[]> {
  const including = new Map<string, string[]>();
  for (const [name, { includes }] of Object.entries(directory.jobFunctions ?? {})) {
    for (const included of includes ?? []) including.set(included, [...(including.get(included) ?? []), name]);
  }
  return including;
}

function withIncluding(
  jobFunctions: readonly string[],
  including: ReadonlyMap<string, readonly string[]>,
): Set<string> {
  const all = new Set(jobFunctions);
  // A set that grows while it is walked visits what was added.
  for (const name of all) for (const further of including.get(name) ?? []) all.add(further);
  return all;
}
