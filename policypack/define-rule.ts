// SPDX-License-Identifier: Apache-2.0
import { GRANT_TYPE, type ViolationId } from "@elevation/domain";
import type {
  Policy,
  PolicyComplianceFramework,
  ResourceValidation,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidation,
  StackValidationPolicy,
} from "@pulumi/policy";
import { type Control, controlsOf, type Purpose } from "./controls";
import type { Coverage } from "./coverage";
import type { Example } from "./example";
import { NO_SETTINGS, type Settings } from "./settings";
import type { Verdict, Verdicts } from "./verdict";

/** What a rule is. The first line of its documentation says which attack or mistake it stops. */
export interface RuleFacts {
  /** Rule id, file name and policy name. */
  readonly id: string;
  /** One sentence: what holds where the rule is silent. */
  readonly description: string;
  readonly enforcement: "mandatory" | "advisory";
  readonly severity: "low" | "medium" | "high" | "critical";
  /** What it is good for, and so which controls of frameworks it serves; empty where it only keeps the work going. */
  readonly serves: readonly Purpose[];
  /** How to mend what it reports; one sentence. The CLI doesn't print it, so each message has its own fix as well. */
  readonly remedy: string;
  /** Ids of the decision that this rule reports; each id has exactly one rule. */
  readonly reports: readonly ViolationId[];
  /** Grants about which it speaks: one for each id that this version can report, and for all else that it says. */
  readonly examples: readonly Example[];
  /** What the pack's configuration may set; absent: its level alone. */
  readonly settings?: Settings;
}

/** What rules ask. */
export interface Pack {
  readonly verdicts: Verdicts;
  readonly coverage: Coverage;
}

/** What the engine calls: a rule looks at each resource, or at the whole stack. */
export type Checks =
  | (Pick<ResourceValidationPolicy, "remediateResource"> & { readonly validateResource: ResourceValidation })
  | Pick<StackValidationPolicy, "validateStack">;

export interface Rule extends RuleFacts {
  readonly checks: (pack: Pack) => Checks;
}

/** A rule that is thin over decide(): it says which part of the verdict is its own. */
export interface VerdictRule extends RuleFacts {
  /** What the rule reports beyond the decision's violations. */
  readonly also?: (verdict: Verdict, args: ResourceValidationArgs) => readonly string[];
}

/** Turns such a description into a rule. Whole messages, each with its fix: the engine prints nothing else. */
export function defineRule({ also, ...facts }: VerdictRule): Rule {
  const messages = (verdict: Verdict, args: ResourceValidationArgs): readonly string[] => {
    const own = verdict.decision?.violations.filter(({ id }) => facts.reports.includes(id)) ?? [];
    return [...own.map(({ message }) => message), ...(also?.(verdict, args) ?? [])];
  };
  const checks = ({ verdicts }: Pack): Checks => ({
    validateResource: async (args, report) => {
      // Not `validateResourceOfType`: it can match nothing for dynamic types, and says nothing then.
      if (args.type !== GRANT_TYPE) return;
      const verdict = await verdicts.of(facts.id, args.urn, args.props);
      for (const message of messages(verdict, args)) report(message);
    },
  });
  return { ...facts, checks };
}

/**
 * The CrossGuard policy of a rule, with all that can be said of it; the pack's coverage knows what it looked at. Wrong
 * configuration fails the run with the first resource, of whatever type: each stack has one, itself.
 */
export function policyOf(rule: Rule, pack: Pack): ResourceValidationPolicy | StackValidationPolicy {
  const checks = rule.checks(pack);
  const settings = rule.settings ?? NO_SETTINGS;
  if ("validateStack" in checks) {
    const checked: StackValidation = (args, report) => {
      settings.read(rule.id, args.getConfig());
      return checks.validateStack(args, report);
    };
    return { ...about(rule), validateStack: checked, enforcementLevel: rule.enforcement };
  }
  const { validateResource, remediateResource } = checks;
  pack.coverage.expect(rule.id);
  const watched: ResourceValidation = async (args, report) => {
    settings.read(rule.id, args.getConfig());
    if (pack.coverage.isSpared(args.urn)) return;
    await validateResource(args, report);
    // Last: a rule that meets a value which isn't known yet has not looked.
    pack.coverage.note(rule.id, args.urn);
  };
  const policy = { ...about(rule), validateResource: watched, enforcementLevel: rule.enforcement };
  // The engine asks for remediations of rules with this level only; their violations are mandatory ones.
  return remediateResource === undefined ? policy : { ...policy, remediateResource, enforcementLevel: "remediate" };
}

/** A rule's name for people: `time-boundary` is "Time boundary". */
export function titleOf({ id }: Pick<RuleFacts, "id">): string {
  return `${id.charAt(0).toUpperCase()}${id.slice(1).replaceAll("-", " ")}`;
}

/** The SDK has room for one framework: that is the first control, and tags name them all. */
function about(rule: Rule): Omit<Policy, "enforcementLevel"> {
  const controls = controlsOf(rule.serves);
  const [first] = controls;
  return {
    name: rule.id,
    displayName: titleOf(rule),
    description: rule.description,
    severity: rule.severity,
    remediationSteps: rule.remedy,
    tags: ["elevation", ...rule.serves, ...controls.map(({ tag }) => tag)],
    ...(rule.settings === undefined ? {} : { configSchema: rule.settings.schema }),
    ...(first === undefined ? {} : { framework: frameworkOf(first) }),
  };
}

function frameworkOf({ tag: _tag, ...framework }: Control): PolicyComplianceFramework {
  return framework;
}
