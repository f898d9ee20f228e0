// SPDX-License-Identifier: Apache-2.0

import { canonicalJson } from "../canonical-json";
import type { CompiledDirectory } from "../compiled-directory";
import type { CompiledWho } from "../compiled-who";
import { hasOneOf } from "../compiled-who";
import { covers, type Interval, unite } from "./intervals";

/** Whom a `who` means in one directory. */
export interface Extension {
  /** Whatever the instant. */
  readonly always: ReadonlySet<string>;
  /** While they are on call. */
  readonly onCall: ReadonlyMap<string, readonly Interval[]>;
  /** As it is written: who that is on either side is told elsewhere ({@link whoChanges}). */
  readonly key: string;
}

const known = new WeakMap<CompiledDirectory, Map<string, Extension>>();

export function extensionOf(who: CompiledWho, directory: CompiledDirectory): Extension {
  const ofDirectory = known.get(directory) ?? new Map<string, Extension>();
  known.set(directory, ofDirectory);
  const written = canonicalJson(who.written);
  const found = ofDirectory.get(written) ?? compute(who, directory, written);
  ofDirectory.set(written, found);
  return found;
}

/** Whether one means nobody, at any instant, whom the other doesn't; what is written alike counts as the same. */
export function isWithin(one: Extension, other: Extension): boolean {
  return one.key === other.key || meansNoMore(one, other);
}

/** Whether one means nobody, at any instant, whom the other doesn't. */
export function meansNoMore(one: Extension, other: Extension): boolean {
  for (const person of one.always) if (!other.always.has(person)) return false;
  for (const [person, duties] of one.onCall) {
    if (!other.always.has(person) && !covers(other.onCall.get(person) ?? [], duties)) return false;
  }
  return true;
}

function compute(who: CompiledWho, { onCall, people }: CompiledDirectory, key: string): Extension {
  const always = new Set<string>();
  for (const [person, { jobFunctions }] of people) {
    if (who.isEveryone || who.people.has(person) || hasOneOf(jobFunctions, who.jobFunctions)) always.add(person);
  }
  const duties = new Map<string, readonly Interval[]>();
  for (const schedule of who.onCall) {
    for (const [person, times] of onCall.get(schedule) ?? []) {
      if (!people.has(person) || always.has(person)) continue;
      duties.set(person, unite([...(duties.get(person) ?? []), ...times]));
    }
  }
  return { always, onCall: duties, key };
}
