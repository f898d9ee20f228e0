// SPDX-License-Identifier: Apache-2.0
import {
  type Directory,
  formatInstant,
  groupPeople,
  type Instant,
  likePeople,
  offersOf,
  type PeopleGroup,
  type Policy,
} from "@elevation/domain";
import type { JournalView } from "@elevation/journal";
import { type OfferReport, offerReport } from "./explain-person";

export interface RoleQuestion {
  readonly policy: Policy;
  readonly directory: Directory;
  readonly role: string;
  readonly at: Instant;
  /** Null: what was granted before is not known. */
  readonly past: JournalView | null;
  /** Null: all. */
  readonly environment: string | null;
}

/** What `elevate explain --role ROLE --json` prints (design §8): fields are added, never changed. */
export interface RoleReport {
  readonly role: string;
  readonly at: string;
  readonly journal: boolean;
  /** In which the role exists. */
  readonly environments: readonly EnvironmentReport[];
}

export interface EnvironmentReport {
  readonly environment: string;
  /** People whom a rule matches, those with the same offers together; those who could get most first. */
  readonly groups: readonly GroupReport[];
  /** How many people no rule gives it to. */
  readonly without: number;
}

export interface GroupReport extends PeopleGroup {
  readonly possible: boolean;
  readonly offers: readonly OfferReport[];
}

export function explainRole({ at, directory, environment, past, policy, role }: RoleQuestion): RoleReport {
  const environments = Object.keys(policy.roles[role]?.targets ?? {}).filter(
    (name) => environment === null || name === environment,
  );
  return {
    role,
    at: formatInstant(at),
    journal: past !== null,
    environments: environments.map((name) => environmentReport(name)),
  };

  function environmentReport(where: string): EnvironmentReport {
    const groups = new Map<string, { offers: readonly OfferReport[]; people: string[] }>();
    let without = 0;
    const place = { role, environment: where, at, live: past?.live ?? [], history: past?.history ?? [] };
    for (const people of likePeople(policy, directory, place)) {
      const [person = ""] = people;
      const offers = offersOf(policy, directory, { ...place, person });
      if (offers.length === 0) without += people.length;
      else addTo(groups, offers.map(offerReport), people);
    }
    const reports = [...groups.values()].map(({ offers, people }) => ({
      ...groupPeople(directory, people),
      possible: offers.some(({ possible }) => possible),
      offers,
    }));
    return { environment: where, groups: reports.sort(byMost), without };
  }
}

/** NB. What stands against it is told without the person's name, so that people may stand together. */
function addTo(
  groups: Map<string, { offers: readonly OfferReport[]; people: string[] }>,
  offers: readonly OfferReport[],
  people: readonly string[],
): void {
  const key = JSON.stringify(
    offers.map(({ expiresAt, obstacles, possibleFrom, rule, takenBy }) => [
      rule,
      expiresAt,
      possibleFrom,
      takenBy,
      obstacles.map(({ id, rule: by }) => [id, by]),
    ]),
  );
  const group = groups.get(key) ?? { offers, people: [] };
  for (const person of people) group.people.push(person);
  groups.set(key, group);
}

function byMost(one: GroupReport, other: GroupReport): number {
  return (
    Number(other.possible) - Number(one.possible) ||
    other.people.length - one.people.length ||
    String(one.people[0]).localeCompare(String(other.people[0]), "en")
  );
}
