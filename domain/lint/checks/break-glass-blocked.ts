// SPDX-License-Identifier: Apache-2.0
import { names } from "../../compiled-policy";
import { quote } from "../../text";
import type { LintCheck } from "../lint-check";
import { cellsOf, pathOf } from "../subject";
import { peopleOf } from "../who";

/** Stops a freeze from locking out those who put out the fire. */
export const breakGlassBlocked: LintCheck = {
  id: "break-glass-blocked",
  finds:
    "A deny rule that doesn't say whether break-glass passes it, about a role, an environment and a person that break-glass names.",
  risk: "Without `breakGlass` it stops emergencies, too, and nobody finds out before there is one.",
  severity: { warning: "always" },
  check: (subject) => {
    const { breakGlass } = subject.rules;
    if (breakGlass === null) return [];
    const cells = cellsOf(subject, breakGlass);
    const holders = peopleOf(breakGlass.who, subject);
    return subject.rules.denies.flatMap((rule) => {
      const written = subject.policy.rules[rule.order];
      if (written?.effect !== "deny" || written.breakGlass !== undefined) return [];
      const cell = cells.find(
        ({ role, environment }) => names(rule.roles, role) && names(rule.environments, environment),
      );
      const isOneDenied = [...peopleOf(rule.who, subject)].some((person) => holders.has(person));
      if (cell === undefined || !isOneDenied || (rule.during !== null && rule.during.to <= subject.from)) return [];
      const message = `deny rule ${quote(rule.id)} stops break-glass, which is for ${quote(cell.role)} in ${quote(cell.environment)}, too; write \`breakGlass: true\` to let it pass, or \`false\` if that is meant`;
      return [{ severity: "warning", document: "policy", path: pathOf(rule, "id"), message }];
    });
  },
};
