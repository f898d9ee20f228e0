// SPDX-License-Identifier: Apache-2.0
import type { Path } from "../../document";
import { quote } from "../../text";
import type { LintCheck, Remark } from "../lint-check";
import { BY_ROLE, worstOf } from "../severity";
import { cellsOf, pathOf } from "../subject";

/** Stops a rule from reaching people and roles that were added after it was written. */
export const ruleTooBroad: LintCheck = {
  id: "rule-too-broad",
  finds: 'An allow rule with `everyone` or "*".',
  risk: "Whoever joins the directory, and every role and environment added later, falls under the rule without anybody having looked at it again.",
  severity: {
    error: "where a role of the rule is of severity high or critical",
    warning: "where it is medium, or none is said",
    note: "where all are low",
  },
  check: (subject) =>
    subject.rules.allows.flatMap((rule): readonly Remark[] => {
      const worst = worstOf(cellsOf(subject, rule), subject);
      if (worst === null) return [];
      const about = (path: Path, what: string): Remark => ({
        severity: BY_ROLE[worst.rank],
        document: "policy",
        path,
        message: `rule ${quote(rule.id)} ${what}`,
      });
      const { who, onBehalf, roles, environments } = rule;
      return [
        ...(who.isEveryone
          ? [
              about(
                pathOf(rule, "who"),
                `gives ${worst.text} to everyone in the directory; name job functions in \`who\``,
              ),
            ]
          : []),
        ...(onBehalf?.isEveryone === true
          ? [
              about(
                pathOf(rule, "onBehalf"),
                `lets everyone ask for ${worst.text} for somebody else; name job functions in \`onBehalf\``,
              ),
            ]
          : []),
        ...(roles === null
          ? [about(pathOf(rule, "roles"), `gives every role, ${worst.text} among them; name the roles`)]
          : []),
        ...(environments === null
          ? [about(pathOf(rule, "environments"), `gives ${worst.text} in every environment; name the environments`)]
          : []),
      ];
    }),
};
