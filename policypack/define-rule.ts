// SPDX-License-Identifier: Apache-2.0
import { GRANT_TYPE, type ViolationId } from "@elevation/domain";
import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import type { Verdict, Verdicts } from "./verdict";

/** One rule of the pack: thin over decide(), it says which part of the verdict is its own. */
export interface Rule {
  /** Rule id, file name and policy name. */
  readonly id: string;
  /** One sentence: the attack or the mistake that it stops. */
  readonly description: string;
  readonly enforcement: "mandatory" | "advisory";
  readonly severity: "low" | "medium" | "high" | "critical";
  /** Ids of the decision that this rule reports; each id has exactly one rule. */
  readonly reports: readonly ViolationId[];
  /** What the rule reports beyond the decision's violations. */
  readonly also?: (verdict: Verdict, args: ResourceValidationArgs) => readonly string[];
  readonly policy: (verdicts: Verdicts) => ResourceValidationPolicy;
}

/** Turns a rule's description into a CrossGuard policy. Whole messages, each with its fix: the engine prints nothing else. */
export function defineRule(rule: Omit<Rule, "policy">): Rule {
  const policy = (verdicts: Verdicts): ResourceValidationPolicy => ({
    name: rule.id,
    description: rule.description,
    enforcementLevel: rule.enforcement,
    severity: rule.severity,
    validateResource: async (args, report) => {
      // Not `validateResourceOfType`: it can match nothing for dynamic types, and says nothing then.
      if (args.type !== GRANT_TYPE) return;
      const verdict = await verdicts.of(rule.id, args.urn, args.props);
      for (const message of messages(rule, verdict, args)) report(message);
    },
  });
  return { ...rule, policy };
}

function messages(rule: Omit<Rule, "policy">, verdict: Verdict, args: ResourceValidationArgs): readonly string[] {
  const own = verdict.decision?.violations.filter(({ id }) => rule.reports.includes(id)) ?? [];
  return [...own.map(({ message }) => message), ...(rule.also?.(verdict, args) ?? [])];
}
