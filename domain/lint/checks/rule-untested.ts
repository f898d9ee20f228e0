// SPDX-License-Identifier: Apache-2.0
import { BREAK_GLASS } from "../../break-glass";
import type { LintCheck, Remark } from "../lint-check";
import { allWho } from "../subject";

/** Stops a change of a rule that nobody would notice. */
export const ruleUntested: LintCheck = {
  id: "rule-untested",
  finds: "A rule, or break-glass, whose answer no policy test looks at.",
  risk: "A slip of the pen in it changes who gets access, and nothing fails. Without any policy tests this check says nothing.",
  severity: {
    warning: "where no case is allowed by an allow rule, or none denied by a deny rule",
    note: "where no case is refused by an allow rule",
  },
  check: (subject) => {
    const { tested } = subject;
    if (tested === null) return [];
    return allWho(subject).flatMap(({ rule, effect, name, path }): readonly Remark[] => {
      const id = "id" in rule ? rule.id : BREAK_GLASS;
      const seen = tested.get(id) ?? new Set();
      const about = (severity: "warning" | "note", message: string): Remark[] => [
        { severity, document: "policy", path: "id" in rule ? [...path, "id"] : path, message },
      ];
      const wanted = effect === "allow" ? "allow" : "denied";
      if (!seen.has(wanted)) {
        const saw = effect === "allow" ? `allowed by ${name}` : `denied by ${name}`;
        return about(
          "warning",
          `no policy test sees a request that is ${saw}; add a case that expects ${effect === "allow" ? `\`rule: ${id}\`` : "`denied`"}`,
        );
      }
      if (effect === "allow" && seen.size === 1) {
        return about(
          "note",
          `no policy test sees a request that ${name} refuses; add a case just beyond what it allows`,
        );
      }
      return [];
    });
  },
};
