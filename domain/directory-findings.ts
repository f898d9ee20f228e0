// SPDX-License-Identifier: Apache-2.0
import { placeOf } from "./form-findings";
import type { Finding } from "./parsed";
import { fromBeforeTo, postgresNameFindings, unresolved } from "./policy-findings";
import { field, fields, items, keys, type Spot, texts } from "./spot";
import { didYouMean, quote, quoteList } from "./text";

/** What is wrong with a directory besides its form: names that resolve to nothing, cycles, shared logins. */
export function directoryFindings(directory: Spot): Finding[] {
  const people = fields(field(directory, "people"));
  const jobFunctions = field(directory, "jobFunctions");
  const known = keys(jobFunctions);
  const emails = people.map(({ key }) => key);
  const entries = fields(field(directory, "onCall")).flatMap(({ spot }) => items(spot));
  return [
    ...people.flatMap(({ spot }) => unresolved(field(spot, "jobFunctions"), known, "job function")),
    ...people.flatMap(({ spot }) => longLogins(field(spot, "identities"))),
    ...fields(jobFunctions).flatMap(({ spot }) => unresolved(field(spot, "includes"), known, "job function")),
    ...cycles(jobFunctions),
    ...sharedLogins(people),
    ...entries.flatMap((entry) => [...unknownPerson(field(entry, "person"), emails), ...fromBeforeTo(entry)]),
  ];
}

function unknownPerson(person: Spot, known: readonly string[]): Finding[] {
  if (typeof person.value !== "string" || known.includes(person.value)) return [];
  const message = `${placeOf(person.path)} names the person ${quote(person.value)}, who does not exist; ${didYouMean(person.value, known)}`;
  return [{ path: person.path, at: "value", message }];
}

function longLogins(identities: Spot): Finding[] {
  const login = field(identities, "postgres");
  return typeof login.value === "string" ? postgresNameFindings(login) : [];
}

function sharedLogins(people: readonly { key: string; spot: Spot }[]): Finding[] {
  const owners = new Map<string, string>();
  return people.flatMap(({ key: person, spot }) =>
    fields(field(spot, "identities")).flatMap(({ key: kind, spot: login }): Finding[] => {
      const id = JSON.stringify([kind, login.value]);
      const owner = owners.get(id);
      if (typeof login.value !== "string" || owner === undefined) {
        owners.set(id, person);
        return [];
      }
      const message = `${placeOf(login.path)} is ${quote(login.value)}, the login of ${quote(owner)} too; one login belongs to one person`;
      return [{ path: login.path, at: "value", message }];
    }),
  );
}

/** One finding for each cycle of `includes`, at the entry that closes it. */
function cycles(jobFunctions: Spot): Finding[] {
  const findings: Finding[] = [];
  const done = new Set<string>();
  // NB. No recursion: a chain may be as long as the file.
  const round: { readonly name: string; readonly left: { readonly text: string; readonly spot: Spot }[] }[] = [];
  const enter = (name: string): void => {
    if (!done.has(name)) round.push({ name, left: [...texts(field(field(jobFunctions, name), "includes"))].reverse() });
    done.add(name);
  };
  const places = new Map<string, number>();
  for (const root of keys(jobFunctions)) {
    enter(root);
    for (let last = round.at(-1); last !== undefined; last = round.at(-1)) {
      places.set(last.name, round.length - 1);
      const next = last.left.pop();
      if (next === undefined) {
        round.pop();
        places.delete(last.name);
        continue;
      }
      const { text, spot } = next;
      const start = places.get(text);
      if (start === undefined) {
        enter(text);
        continue;
      }
      const members = quoteList(
        round.slice(start).map(({ name }) => name),
        "and",
      );
      const message = `${placeOf(spot.path)} closes a cycle of ${members}; a job function never includes itself, leave it out`;
      findings.push({ path: spot.path, at: "value", message });
    }
  }
  return findings;
}
