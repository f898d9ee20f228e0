// SPDX-License-Identifier: Apache-2.0
import { type CompiledDirectory, compileDirectory } from "../compiled-directory";
import { compilePolicy, names } from "../compiled-policy";
import { type CompiledWho, whoMatches } from "../compiled-who";
import type { Directory } from "../directory";
import type { Instant } from "../instant";
import type { Policy } from "../policy";
import { cellOf } from "../rule-index";
import { nameWho } from "./demands";

/** A rule that gives the role in the environment, and not to this person at that instant. */
export interface ClosedRule {
  /** Id of the rule, or `breakGlass`. */
  readonly rule: string;
  /** Whom it is for, as in `dba or on call in orders`. */
  readonly who: string;
  /** When the person is next on call in a schedule that it names; null: not in sight. */
  readonly onCallFrom: Instant | null;
}

/** The rules that name role and environment and whose `who` doesn't match a person of the directory, in document order. */
export function closedRules(
  policy: Policy,
  directory: Directory,
  { at, environment, person, role }: { person: string; role: string; environment: string; at: Instant },
): readonly ClosedRule[] {
  const [rules, people] = [compilePolicy(policy), compileDirectory(directory)];
  if (rules.targets.get(role)?.has(environment) !== true) return [];
  const { breakGlass } = rules;
  const isEmergency =
    breakGlass !== null && names(breakGlass.roles, role) && names(breakGlass.environments, environment);
  const named = [
    ...cellOf(rules, role, environment).allows.all,
    ...(isEmergency ? [{ id: "breakGlass", who: breakGlass.who }] : []),
  ];
  return named
    .filter(({ who }) => !whoMatches(who, people, person, at))
    .map(({ id, who }) => ({ rule: id, who: nameWho(who), onCallFrom: nextDuty(who, people, person, at) }));
}

/** Environments in which an allow rule gives a person the role at an instant. */
export function environmentsOf(
  policy: Policy,
  directory: Directory,
  { at, person, role }: { person: string; role: string; at: Instant },
): readonly string[] {
  const [rules, people] = [compilePolicy(policy), compileDirectory(directory)];
  const environments = [...(rules.targets.get(role)?.keys() ?? [])];
  const known = people.people.get(person) ?? null;
  return environments.filter(
    (environment) => cellOf(rules, role, environment).allows.matching(people, known, at).length > 0,
  );
}

function nextDuty({ onCall }: CompiledWho, people: CompiledDirectory, person: string, at: Instant): Instant | null {
  const coming = onCall
    .flatMap((schedule) => people.onCall.get(schedule)?.get(person) ?? [])
    .filter(({ from, to }) => from > at && from < to)
    .map(({ from }) => from);
  return coming.length === 0 ? null : Math.min(...coming);
}
