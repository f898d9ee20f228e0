// SPDX-License-Identifier: Apache-2.0
import { compileDirectory } from "../compiled-directory";
import type { Directory } from "../directory";
import type { Instant } from "../instant";

/** The job functions of a person, through `includes` too, in alphabetical order. */
export function jobFunctionsOf(directory: Directory, person: string): readonly string[] {
  return [...(compileDirectory(directory).people.get(person)?.jobFunctions ?? [])].sort();
}

/** The schedules in which a person is on call at an instant, and until when. */
export function dutiesAt(directory: Directory, person: string, at: Instant) {
  return [...compileDirectory(directory).onCall].flatMap(([schedule, duties]) => {
    const now = (duties.get(person) ?? []).filter(({ from, to }) => from <= at && at < to);
    return now.length === 0 ? [] : [{ schedule, until: Math.max(...now.map(({ to }) => to)) }];
  });
}
