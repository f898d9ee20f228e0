// SPDX-License-Identifier: Apache-2.0
import { BREAK_GLASS } from "./break-glass";
import type { Decision, ViolationId } from "./decision";
import type { AllowRule, BreakGlass, Policy } from "./policy";

/** What a rule can make of a request: it allows it, or reports a violation. */
export type RuleOutcome = "allow" | ViolationId;

/** Which of the outcomes of a rule decisions have shown. */
export interface RuleCoverage {
  /** Id of the rule, or `breakGlass`. */
  readonly rule: string;
  readonly effect: "allow" | "deny";
  readonly seen: readonly RuleOutcome[];
  readonly unseen: readonly RuleOutcome[];
}

/**
 * What decisions have shown of each rule of the policy that they were made by, in document order, `breakGlass` last. Outcomes are
 * those that the rule's own fields bring about: a rule without `hours` is never `outside-hours`.
 */
export function ruleCoverage(policy: Policy, decisions: readonly Decision[]): readonly RuleCoverage[] {
  const shown = new Set(decisions.flatMap(outcomesIn));
  const { breakGlass, rules } = policy;
  const cover = (rule: string, effect: RuleCoverage["effect"], outcomes: readonly RuleOutcome[]): RuleCoverage => ({
    rule,
    effect,
    seen: outcomes.filter((outcome) => shown.has(keyOf(rule, outcome))),
    unseen: outcomes.filter((outcome) => !shown.has(keyOf(rule, outcome))),
  });
  return [
    ...rules.map((rule) => cover(rule.id, rule.effect, rule.effect === "deny" ? ["denied"] : outcomesOf(rule))),
    ...(breakGlass === undefined ? [] : [cover(BREAK_GLASS, "allow", outcomesOfBreakGlass(breakGlass))]),
  ];
}

function outcomesIn({ outcome, rule, violations }: Decision): string[] {
  const reported = violations.map(({ id, rule }) => keyOf(rule, id));
  return outcome === "allow" ? [keyOf(rule, "allow")] : reported;
}

// A name has no blanks.
function keyOf(rule: string | null, outcome: RuleOutcome): string {
  return `${rule} ${outcome}`;
}

function outcomesOf(rule: AllowRule): RuleOutcome[] {
  const { approvals, cooldown, duration, extensions, hours, reason, ticket } = rule;
  return [
    "allow",
    ...(duration.min === undefined ? [] : (["duration-too-short"] as const)),
    ...(duration.clamp === true ? [] : (["duration-too-long"] as const)),
    ...(hours === undefined ? [] : (["outside-hours"] as const)),
    ...(reason === undefined ? [] : (["reason-insufficient"] as const)),
    ...(ticket === undefined ? [] : (["ticket-required", "ticket-invalid"] as const)),
    ...(approvals === undefined ? [] : (["approvals-missing"] as const)),
    ...(cooldown === undefined ? [] : (["cooling-down"] as const)),
    ...(extensions === undefined ? [] : (["extension-not-allowed"] as const)),
  ];
}

function outcomesOfBreakGlass({ reason }: BreakGlass): RuleOutcome[] {
  return [
    "allow",
    "break-glass-not-allowed",
    "duration-too-long",
    ...(reason === undefined ? [] : (["reason-insufficient"] as const)),
    "break-glass-review-overdue",
  ];
}
