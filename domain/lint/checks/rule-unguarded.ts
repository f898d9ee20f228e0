// SPDX-License-Identifier: Apache-2.0
import type { CompiledAllow } from "../../compiled-policy";
import { quote } from "../../text";
import type { LintCheck, Remark } from "../lint-check";
import { worstOf } from "../severity";
import { cellsOf, pathOf } from "../subject";
import { isHardlyEverShut } from "../times";

/** Stops a role that can do much harm from being had for nothing. */
export const ruleUnguarded: LintCheck = {
  id: "rule-unguarded",
  finds:
    "An allow rule that gives a role of severity high or critical and asks for nothing: no approvals, no better reason than any, no ticket, no hours but such as are open for more than four fifths of the week.",
  risk: "Whoever takes over one account of that job function has the role, at any time, with one word as the reason.",
  severity: { error: "where a role of the rule is critical", warning: "where one is high" },
  check: (subject) =>
    subject.rules.allows.flatMap((rule): readonly Remark[] => {
      const worst = worstOf(cellsOf(subject, rule), subject);
      if (worst === null || (worst.rank !== "critical" && worst.rank !== "high") || isGuarded(rule)) return [];
      const message = `rule ${quote(rule.id)} gives ${worst.text} without approvals, a reason of some length, a ticket or hours that bound it; ask for one of them`;
      const severity = worst.rank === "critical" ? "error" : "warning";
      return [{ severity, document: "policy", path: pathOf(rule, "id"), message }];
    }),
};

function isGuarded({ approvals, reason, ticket, hours }: CompiledAllow): boolean {
  const isBound = hours !== null && !isHardlyEverShut(hours);
  return approvals !== null || ticket !== null || isBound || reason.minLength > 1 || reason.matches !== null;
}
