// SPDX-License-Identifier: Apache-2.0
import type { PeopleGroup } from "@elevation/domain";

/** So many names can be read; more are counted. */
const MOST_NAMES = 6;

/** As in `everyone in dba, sre and 2 others: ann@example.com, ben@example.com (14 people)`. */
export function describePeople(group: PeopleGroup, name: (text: string) => string = (text) => text): string {
  const { isEveryone, jobFunctions, others, people } = group;
  const count = people.length === 1 ? "1 person" : `${people.length} people`;
  if (isEveryone) return `everyone (${count})`;
  if (jobFunctions.length === 0) {
    return others.length <= MOST_NAMES ? others.map(name).join(", ") : `${namesOf(others, name)} (${count})`;
  }
  const whole = `everyone in ${jobFunctions.map(name).join(", ")}`;
  return others.length === 0 ? `${whole} (${count})` : `${whole}, and ${namesOf(others, name)} (${count})`;
}

function namesOf(people: readonly string[], name: (text: string) => string): string {
  const shown = people.slice(0, MOST_NAMES).map(name).join(", ");
  return people.length <= MOST_NAMES ? shown : `${shown} and ${people.length - MOST_NAMES} more`;
}
