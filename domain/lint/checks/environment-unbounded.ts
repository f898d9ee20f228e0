// SPDX-License-Identifier: Apache-2.0
import { own } from "../../directory";
import { quote, quoteList } from "../../text";
import type { LintCheck } from "../lint-check";

/** Stops one rule with a slip of the pen from giving a critical role for a year. */
export const environmentUnbounded: LintCheck = {
  id: "environment-unbounded",
  finds: "An environment with critical roles and without `maxDuration`.",
  risk: "`maxDuration` is the one limit that no rule passes: without it, each rule alone decides how long.",
  severity: { warning: "always" },
  check: ({ policy }) =>
    Object.entries(policy.environments).flatMap(([environment, { maxDuration }]) => {
      const critical = Object.entries(policy.roles)
        .filter(([, { severity, targets }]) => severity === "critical" && own(targets, environment) !== undefined)
        .map(([role]) => role);
      if (maxDuration !== undefined || critical.length === 0) return [];
      const message = `the environment ${quote(environment)} has critical roles (${quoteList(critical, "and")}) and no \`maxDuration\`; give it one`;
      return [{ severity: "warning", document: "policy", path: ["environments", environment], message }];
    }),
};
