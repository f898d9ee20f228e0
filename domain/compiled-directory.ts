// SPDX-License-Identifier: Apache-2.0
import { instantOfText } from "./compiled-policy";
import { type Digest, digestOf } from "./digest";
import type { Directory } from "./directory";
import type { Interval } from "./hours";
import type { Instant } from "./instant";
import type { Who } from "./policy";

interface Duty extends Interval {
  readonly person: string;
}

/** A directory with everything parsed that decide() needs again and again. */
export interface CompiledDirectory {
  readonly digest: Digest;
  readonly people: ReadonlySet<string>;
  /** Of each person, through `includes` too. */
  readonly jobFunctions: ReadonlyMap<string, ReadonlySet<string>>;
  readonly onCall: ReadonlyMap<string, readonly Duty[]>;
}

const compiled = new WeakMap<Directory, CompiledDirectory>();

/** Compiles a valid directory, once for each object: documents never change after they were read. */
export function compileDirectory(directory: Directory): CompiledDirectory {
  const known = compiled.get(directory);
  if (known !== undefined) return known;
  const including = includingJobFunctions(directory);
  const jobFunctions = new Map<string, ReadonlySet<string>>();
  for (const [person, entry] of Object.entries(directory.people)) {
    jobFunctions.set(person, withIncluding(entry.jobFunctions ?? [], including));
  }
  const onCall = new Map<string, readonly Duty[]>();
  for (const [schedule, entries] of Object.entries(directory.onCall ?? {})) {
    const duties = entries.map(({ person, from, to }) => ({
      person,
      from: instantOfText(from),
      to: instantOfText(to),
    }));
    onCall.set(schedule, duties);
  }
  const result = { digest: digestOf(directory), people: new Set(jobFunctions.keys()), jobFunctions, onCall };
  compiled.set(directory, result);
  return result;
}

/** Whether `who` matches a person of the directory at an instant (design §5 "who"); nobody else, whatever the lists say. */
export function whoMatches(who: Who, directory: CompiledDirectory, person: string, at: Instant): boolean {
  if (!directory.people.has(person)) return false;
  if (who === "everyone") return true;
  const own = directory.jobFunctions.get(person);
  return (
    (who.jobFunctions ?? []).some((name) => own?.has(name)) ||
    (who.people ?? []).includes(person) ||
    (who.onCall ?? []).some((schedule) =>
      (directory.onCall.get(schedule) ?? []).some((duty) => duty.person === person && duty.from <= at && at < duty.to),
    )
  );
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
