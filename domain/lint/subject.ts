// SPDX-License-Identifier: Apache-2.0
import { BREAK_GLASS } from "../break-glass";
import { type CompiledDirectory, compileDirectory } from "../compiled-directory";
import {
  type CompiledAllow,
  type CompiledBreakGlass,
  type CompiledDeny,
  type CompiledPolicy,
  compilePolicy,
  names,
} from "../compiled-policy";
import type { ViolationId } from "../decision";
import { type Directory, own } from "../directory";
import type { Path } from "../document";
import type { Instant } from "../instant";
import type { Policy } from "../policy";
import { quote } from "../text";

/** By id of a rule, or `breakGlass`: what policy tests have seen it make of requests. */
export type TestedRules = ReadonlyMap<string, ReadonlySet<"allow" | ViolationId>>;

/** What checks look at. */
export interface Subject {
  readonly policy: Policy;
  readonly directory: Directory;
  readonly rules: CompiledPolicy;
  readonly people: CompiledDirectory;
  /** What is before this instant is past. */
  readonly from: Instant;
  /** Null: no policy tests were looked at. */
  readonly tested: TestedRules | null;
}

export function subjectOf(policy: Policy, directory: Directory, from: Instant, tested: TestedRules | null): Subject {
  return { policy, directory, rules: compilePolicy(policy), people: compileDirectory(directory), from, tested };
}

/** A role where it exists. */
export interface Cell {
  readonly role: string;
  readonly environment: string;
  /** Kind of the target. */
  readonly kind: string;
}

/** Whatever names roles and environments: a rule, or break-glass. */
export type Naming = Pick<CompiledAllow, "roles" | "environments">;

/** The roles that it names, where they have a target in an environment that it names. */
export function cellsOf({ policy }: Subject, { roles, environments }: Naming): readonly Cell[] {
  return Object.entries(policy.roles).flatMap(([role, { targets }]) => {
    if (!names(roles, role)) return [];
    return Object.entries(targets).flatMap(([environment, { kind }]) =>
      names(environments, environment) && own(policy.environments, environment) !== undefined
        ? [{ role, environment, kind }]
        : [],
    );
  });
}

export function environmentsOf(cells: readonly Cell[]): readonly string[] {
  return [...new Set(cells.map(({ environment }) => environment))];
}

/** Where the rule stands in the policy. */
export function pathOf({ order }: CompiledAllow | CompiledDeny, ...below: Path): Path {
  return ["rules", order, ...below];
}

/** All that says who may have what: rules and break-glass, how messages call them, and where they stand. */
export function allWho({ rules }: Subject): readonly {
  readonly rule: CompiledAllow | CompiledDeny | CompiledBreakGlass;
  readonly effect: "allow" | "deny";
  readonly name: string;
  readonly path: Path;
}[] {
  const { allows, denies, breakGlass } = rules;
  return [
    ...allows.map((rule) => ({ rule, effect: "allow" as const, name: `rule ${quote(rule.id)}`, path: pathOf(rule) })),
    ...denies.map((rule) => ({
      rule,
      effect: "deny" as const,
      name: `deny rule ${quote(rule.id)}`,
      path: pathOf(rule),
    })),
    ...(breakGlass === null
      ? []
      : [{ rule: breakGlass, effect: "allow" as const, name: quote(BREAK_GLASS), path: [BREAK_GLASS] }]),
  ];
}
