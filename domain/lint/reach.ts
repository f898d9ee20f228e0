// SPDX-License-Identifier: Apache-2.0
import { fillersOf } from "../approvals";
import {
  type CompiledAllow,
  type CompiledApprovals,
  type CompiledDeny,
  type CompiledLeaf,
  leavesOf,
  names,
} from "../compiled-policy";
import { lengthsOf, takesAny } from "./lengths";
import { type Cell, cellsOf, type Subject } from "./subject";
import { isAlwaysOpen, isOpenWhenever } from "./times";
import { covers, peopleEver, peopleOf } from "./who";

/** The first deny rule that matches whenever the rule could allow the role in the environment; undefined where none surely does. */
export function alwaysDeniedBy(rule: CompiledAllow, cell: Cell, subject: Subject): CompiledDeny | undefined {
  return subject.rules.denies.find(
    (deny) =>
      names(deny.roles, cell.role) &&
      names(deny.environments, cell.environment) &&
      deny.during === null &&
      deniesWhenever(deny, rule) &&
      covers(deny.who, rule.who, subject),
  );
}

/** NB. The hours of an extension are those of now, and a deny rule's those of its start. */
function deniesWhenever({ hours }: CompiledDeny, rule: CompiledAllow): boolean {
  if (hours === null || isAlwaysOpen(hours)) return true;
  return rule.extensions === null && isOpenWhenever(hours, rule.hours);
}

/** People who could give all approvals of a demand, at any instant, whoever asks; null where nobody could. */
export function approversOf(
  demand: CompiledApprovals,
  subject: Subject,
  isGood: (person: string) => boolean = () => true,
): readonly string[] | null {
  const known = new Map<CompiledLeaf, readonly string[]>(
    leavesOf(demand).map((leaf) => [leaf, [...peopleEver(leaf.from, subject)].filter(isGood)]),
  );
  return fillersOf(demand, (leaf) => known.get(leaf) ?? [], subject.people.people.size);
}

/** Of these people those whose requests nobody else could approve. */
export function unapprovable(
  demand: CompiledApprovals,
  requesters: ReadonlySet<string>,
  subject: Subject,
): ReadonlySet<string> {
  const approvers = approversOf(demand, subject);
  if (approvers === null) return requesters;
  // Whom that choice of approvers does without may ask.
  const stuck = approvers.filter(
    (person) => requesters.has(person) && approversOf(demand, subject, (other) => other !== person) === null,
  );
  return new Set(stuck);
}

/** Who could be granted what, from the subject's instant on. A person without the identity that a target wants can't. */
export interface Reach {
  /** By role, then by environment: people. */
  readonly held: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;
  /** People and the kinds of identities that are all they lack, with the rules that would let them. */
  readonly lacking: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;
}

const known = new WeakMap<Subject, Reach>();

/** INVARIANT (sound): whoever is allowed a role in an environment is in `held`. */
export function reachOf(subject: Subject): Reach {
  const found = known.get(subject) ?? explore(subject);
  known.set(subject, found);
  return found;
}

function explore(subject: Subject): Reach {
  const { rules } = subject;
  const divide = divideBy(subject);
  const held = new Map<string, Map<string, Set<string>>>();
  const lacking = new Map<string, Map<string, Set<string>>>();
  const added = new Map<Set<string>, Set<ReadonlySet<string>>>();
  const add = (people: ReadonlySet<string>, { role, environment, kind }: Cell, rule: string): void => {
    const { able, unable } = divide(people, kind);
    for (const person of unable) deep(lacking, person, kind).add(rule);
    if (able.length === 0) return;
    const holders = deep(held, role, environment);
    const before = added.get(holders) ?? new Set();
    if (!before.has(people)) for (const person of able) holders.add(person);
    added.set(holders, before.add(people));
  };
  for (const rule of rules.allows) {
    const people = ableTo(rule, subject);
    for (const cell of people.size === 0 ? [] : cellsOf(subject, rule)) {
      if (!takesAny(lengthsOf(rule, cell.environment, subject))) continue;
      if (alwaysDeniedBy(rule, cell, subject) === undefined) add(people, cell, rule.id);
    }
  }
  const { breakGlass } = rules;
  if (breakGlass !== null) {
    for (const cell of cellsOf(subject, breakGlass)) add(peopleOf(breakGlass.who, subject), cell, "breakGlass");
  }
  return { held, lacking };
}

function ableTo(rule: CompiledAllow, subject: Subject): ReadonlySet<string> {
  const people = peopleOf(rule.who, subject);
  if (rule.approvals === null) return people;
  const stuck = unapprovable(rule.approvals, people, subject);
  return stuck.size === 0 ? people : new Set([...people].filter((person) => !stuck.has(person)));
}

interface Divided {
  readonly able: readonly string[];
  readonly unable: readonly string[];
}

/** Who of some people has an identity of a kind, and who hasn't; found out once for each set of them. */
function divideBy({ people: { people } }: Subject): (some: ReadonlySet<string>, kind: string) => Divided {
  const known = new Map<ReadonlySet<string>, Map<string, Divided>>();
  return (some, kind) => {
    const kinds = known.get(some) ?? new Map<string, Divided>();
    const found = kinds.get(kind) ?? divide(some, kind);
    known.set(some, kinds.set(kind, found));
    return found;
  };

  function divide(some: ReadonlySet<string>, kind: string): Divided {
    const isAble = (person: string): boolean => people.get(person)?.kinds.has(kind) === true;
    const all = [...some];
    return { able: all.filter(isAble), unable: all.filter((person) => !isAble(person)) };
  }
}

function deep(map: Map<string, Map<string, Set<string>>>, one: string, other: string): Set<string> {
  const inner = map.get(one) ?? new Map<string, Set<string>>();
  const set = inner.get(other) ?? new Set<string>();
  map.set(one, inner.set(other, set));
  return set;
}
