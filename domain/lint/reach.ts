// SPDX-License-Identifier: Apache-2.0
import { type CompiledAllow, type CompiledDeny, names } from "../compiled-policy";
import { type CompiledWho, compileWho } from "../compiled-who";
import type { Instant } from "../instant";
import { unapprovable } from "./approvers";
import { lengthsOf, takesAny } from "./lengths";
import { type Cell, cellsOf, type Subject } from "./subject";
import { areOpenWhenever, FORESEEN } from "./weeks";
import { covers, peopleOf } from "./who";

/** Deny rules of which one matches whenever the rule could allow the role in the environment; empty where none surely do. */
export function alwaysDeniedBy(rule: CompiledAllow, cell: Cell, subject: Subject): readonly CompiledDeny[] {
  const { from, rules } = subject;
  const here = rules.denies.filter(
    (deny) => names(deny.roles, cell.role) && names(deny.environments, cell.environment) && isForGood(deny, from),
  );
  const alone = here.find((deny) => covers(deny.who, rule.who, subject) && denyWhenever([deny], rule, from));
  if (alone !== undefined) return [alone];
  const found = new Set<CompiledDeny>();
  for (const part of here.length > 1 ? partsOf(rule.who) : []) {
    const denying = here.filter((deny) => covers(deny.who, part, subject));
    if (!denyWhenever(denying, rule, from)) return [];
    for (const deny of denying) found.add(deny);
  }
  return fewest([...found], (some) =>
    partsOf(rule.who).every((part) =>
      denyWhenever(
        some.filter((deny) => covers(deny.who, part, subject)),
        rule,
        from,
      ),
    ),
  );
}

function isForGood({ during }: CompiledDeny, from: Instant): boolean {
  return during === null || (during.from <= from && during.to >= from + FORESEEN);
}

/** NB. The hours of an extension are those of now, and a deny rule's those of its start, which only holding ones must contain, too. */
function denyWhenever(denies: readonly CompiledDeny[], { extensions, hours }: CompiledAllow, from: Instant): boolean {
  const bounding = extensions === null || hours?.isHold === true ? hours : null;
  const closing = denies.flatMap((deny) => deny.hours ?? []);
  return closing.length < denies.length || (closing.length > 0 && areOpenWhenever(closing, bounding, from));
}

/** Each of whom `who` names, alone; everyone is one. */
function partsOf({ isEveryone, jobFunctions, onCall, people, written }: CompiledWho): readonly CompiledWho[] {
  if (isEveryone) return [compileWho(written)];
  return [
    ...jobFunctions.map((name) => compileWho({ jobFunctions: [name] })),
    ...[...people].map((name) => compileWho({ people: [name] })),
    ...onCall.map((name) => compileWho({ onCall: [name] })),
  ];
}

/** Looking for those that aren't needed takes a look for each. */
const MOST_TRIED = 20;

/** Of some rules that do together those that are needed for it. */
function fewest(
  all: readonly CompiledDeny[],
  suffice: (some: readonly CompiledDeny[]) => boolean,
): readonly CompiledDeny[] {
  let left = all;
  for (const one of all.length > MOST_TRIED ? [] : [...all].reverse()) {
    const others = left.filter((other) => other !== one);
    if (suffice(others)) left = others;
  }
  return [...left].sort((one, other) => one.order - other.order);
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
      if (alwaysDeniedBy(rule, cell, subject).length === 0) add(people, cell, rule.id);
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
