// SPDX-License-Identifier: Apache-2.0
import type { CompiledDirectory, Profile } from "./compiled-directory";
import { type CompiledAllow, type CompiledDeny, type CompiledPolicy, names } from "./compiled-policy";
import { hasOneOf, isOnCall } from "./compiled-who";
import type { Instant } from "./instant";

/** The rules that name one role and one environment. */
export interface Cell {
  readonly allows: RuleSet<CompiledAllow>;
  readonly denies: RuleSet<CompiledDeny>;
}

const cells = new WeakMap<CompiledPolicy, Map<string, Map<string, Cell>>>();

/** The rules of a policy that name a role and an environment, which the policy has; put together once. */
export function cellOf(policy: CompiledPolicy, role: string, environment: string): Cell {
  const found = cells.get(policy)?.get(role)?.get(environment);
  if (found !== undefined) return found;
  const isHere = (rule: CompiledAllow | CompiledDeny) =>
    names(rule.roles, role) && names(rule.environments, environment);
  const cell = {
    allows: new RuleSet(policy.allows.filter(isHere)),
    denies: new RuleSet(policy.denies.filter(isHere)),
  };
  const byRole = cells.get(policy) ?? new Map<string, Map<string, Cell>>();
  const byEnvironment = byRole.get(role) ?? new Map<string, Cell>();
  cells.set(policy, byRole.set(role, byEnvironment.set(environment, cell)));
  return cell;
}

/** Rules in document order, and which of them match a person: found by job functions and name, not by asking each. */
export class RuleSet<Rule extends CompiledAllow | CompiledDeny> {
  readonly all: readonly Rule[];
  readonly #byProfile = new WeakMap<Profile, readonly Rule[]>();
  readonly #byPerson = new Map<string, Rule[]>();
  readonly #onCall: readonly Rule[];

  constructor(all: readonly Rule[]) {
    this.all = all;
    this.#onCall = all.filter(({ who }) => who.onCall.length > 0);
    for (const rule of all) {
      for (const person of rule.who.people) {
        const known = this.#byPerson.get(person);
        if (known === undefined) this.#byPerson.set(person, [rule]);
        else known.push(rule);
      }
    }
  }

  /** The rules whose `who` matches a person of the directory at an instant, in document order. */
  matching(directory: CompiledDirectory, person: string, at: Instant): readonly Rule[] {
    const profile = directory.profiles.get(person);
    if (profile === undefined) return [];
    const byJob = this.#ofProfile(profile);
    const byName = this.#byPerson.get(person) ?? [];
    const onCall = this.#onCall.filter(({ who }) => who.onCall.some((name) => isOnCall(directory, name, person, at)));
    if (byName.length === 0 && onCall.length === 0) return byJob;
    return [...new Set([...byJob, ...byName, ...onCall])].sort((one, other) => one.order - other.order);
  }

  #ofProfile(profile: Profile): readonly Rule[] {
    const known = this.#byProfile.get(profile);
    if (known !== undefined) return known;
    const found = this.all.filter(({ who }) => who.isEveryone || hasOneOf(profile.jobFunctions, who.jobFunctions));
    this.#byProfile.set(profile, found);
    return found;
  }
}
