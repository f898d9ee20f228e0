// SPDX-License-Identifier: Apache-2.0
import { instantOfText } from "./compiled-policy";
import { type Digest, digestOf } from "./digest";
import type { Directory } from "./directory";
import type { Interval } from "./hours";

/** All that rules ask of a person but the name: people with the same job functions share one object. */
export interface Profile {
  /** Through `includes` too. */
  readonly jobFunctions: ReadonlySet<string>;
}

/** A directory with everything parsed that decide() needs again and again. */
export interface CompiledDirectory {
  readonly digest: Digest;
  /** Of everybody in the directory. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** By schedule, then by person. */
  readonly onCall: ReadonlyMap<string, ReadonlyMap<string, readonly Interval[]>>;
}

const compiled = new WeakMap<Directory, CompiledDirectory>();

/** Compiles a valid directory, once for each object: documents never change after they were read. */
export function compileDirectory(directory: Directory): CompiledDirectory {
  const known = compiled.get(directory);
  if (known !== undefined) return known;
  const result = { digest: digestOf(directory), profiles: profilesOf(directory), onCall: onCallOf(directory) };
  compiled.set(directory, result);
  return result;
}

function profilesOf(directory: Directory): Map<string, Profile> {
  const including = includingJobFunctions(directory);
  const byWritten = new Map<string, Profile>();
  const byAll = new Map<string, Profile>();
  const profiles = new Map<string, Profile>();
  for (const [person, { jobFunctions = [] }] of Object.entries(directory.people)) {
    const written = jobFunctions.join();
    const known = byWritten.get(written);
    const profile = known ?? sharedProfile(byAll, withIncluding(jobFunctions, including));
    byWritten.set(written, profile);
    profiles.set(person, profile);
  }
  return profiles;
}

function sharedProfile(known: Map<string, Profile>, jobFunctions: ReadonlySet<string>): Profile {
  const key = [...jobFunctions].sort().join();
  const profile = known.get(key) ?? { jobFunctions };
  known.set(key, profile);
  return profile;
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
