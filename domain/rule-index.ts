// SPDX-License-Identifier: Apache-2.0
import type { CompiledDirectory, Person } from "./compiled-directory";
import { type CompiledAllow, type CompiledDeny, type CompiledPolicy, names } from "./compiled-policy";
import { matchesKnown } from "./compiled-who";
import type { Instant } from "./instant";
import type { Target } from "./policy";

/** What a policy says of one role in one environment. */
export interface Cell {
  /** Null: the role isn't there. */
  readonly target: Target | null;
  /** The rules that name both. */
  readonly allows: RuleSet<CompiledAllow>;
  readonly denies: RuleSet<CompiledDeny>;
}

const byRole = new WeakMap<CompiledPolicy, Map<string, RuleSet<CompiledAllow>>>();

/** The allow rules of a policy that name a role, wherever; put together once. */
export function allowsOfRole(policy: CompiledPolicy, role: string): RuleSet<CompiledAllow> {
  const found = byRole.get(policy)?.get(role);
  if (found !== undefined) return found;
  const rules = new RuleSet(policy.allows.filter((rule) => names(rule.roles, role)));
  const known = byRole.get(policy) ?? new Map<string, RuleSet<CompiledAllow>>();
  byRole.set(policy, known.set(role, rules));
  return rules;
}

const cells = new WeakMap<CompiledPolicy, Map<string, Map<string, Cell>>>();

/** Put together once; of a role that isn't in the environment there are no rules. */
export function cellOf(policy: CompiledPolicy, role: string, environment: string): Cell {
  const found = cells.get(policy)?.get(role)?.get(environment);
  if (found !== undefined) return found;
  const target = policy.targets.get(role)?.get(environment);
  // Names that nobody knows get no place in the index.
  if (target === undefined) return NO_RULES;
  const isHere = (rule: CompiledAllow | CompiledDeny) =>
    names(rule.roles, role) && names(rule.environments, environment);
  const cell = {
    target,
    allows: new RuleSet(policy.allows.filter(isHere)),
    denies: policy.denies.some(isHere) ? new RuleSet(policy.denies.filter(isHere)) : NO_DENIES,
  };
  const known = cells.get(policy) ?? new Map<string, Map<string, Cell>>();
  const there = known.get(role) ?? new Map<string, Cell>();
  cells.set(policy, known.set(role, there.set(environment, cell)));
  return cell;
}

const NONE: readonly never[] = [];

/** So few rules are asked one by one faster than they are looked up. */
const FEW = 32;

/** Rules in document order, and which of them match a person: among many found by job function and name, not by asking each. */
export class RuleSet<Rule extends CompiledAllow | CompiledDeny> {
  readonly all: readonly Rule[];
  /** Of each rule's `who`, in one place: most rules are for others, and needn't be looked at. */
  readonly #bits: readonly number[];
  /** Null: few enough to ask each. */
  readonly #index: RuleIndex<Rule> | null;

  constructor(all: readonly Rule[]) {
    this.all = all;
    this.#bits = all.map(({ who }) => who.bits);
    this.#index = all.length <= FEW ? null : new RuleIndex(all);
  }

  /** The rules whose `who` matches a person of the directory at an instant, in document order; nobody has none. */
  matching(directory: CompiledDirectory, person: Person | null, at: Instant): readonly Rule[] {
    if (person === null) return NONE;
    if (this.#index !== null) {
      return this.#index.candidates(person).filter(({ who }) => matchesKnown(who, directory, person, at));
    }
    // NB. By hand: mostly none or one matches, and the list of a filter has room for more.
    let found: Rule[] | null = null;
    for (let n = 0; n < this.#bits.length; n++) {
      if (((this.#bits[n] as number) & person.bits) === 0) continue;
      const rule = this.all[n] as Rule;
      if (!matchesKnown(rule.who, directory, person, at)) continue;
      if (found === null) found = [rule];
      else found.push(rule);
    }
    return found ?? NONE;
  }
}

/** Where in a long list of rules a person may stand. */
class RuleIndex<Rule extends CompiledAllow | CompiledDeny> {
  readonly #byJobFunction = new Map<string, Rule[]>();
  readonly #byPerson = new Map<string, Rule[]>();
  /** For everyone, or for whoever is on call: who that is depends on the instant. */
  readonly #anybody: readonly Rule[];

  constructor(all: readonly Rule[]) {
    this.#anybody = all.filter(({ who }) => who.isEveryone || who.onCall.length > 0);
    for (const rule of all) {
      for (const name of rule.who.jobFunctions) append(this.#byJobFunction, name, rule);
      for (const name of rule.who.people) append(this.#byPerson, name, rule);
    }
  }

  candidates({ jobFunctions, name: person }: Person): readonly Rule[] {
    const found = new Set([...this.#anybody, ...(this.#byPerson.get(person) ?? [])]);
    for (const name of jobFunctions) {
      for (const rule of this.#byJobFunction.get(name) ?? []) found.add(rule);
    }
    return [...found].sort((one, other) => one.order - other.order);
  }
}

function append<Rule>(lists: Map<string, Rule[]>, name: string, rule: Rule): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [rule]);
  else list.push(rule);
}

const NO_ALLOWS = new RuleSet<CompiledAllow>([]);
const NO_DENIES = new RuleSet<CompiledDeny>([]);
const NO_RULES: Cell = { target: null, allows: NO_ALLOWS, denies: NO_DENIES };
