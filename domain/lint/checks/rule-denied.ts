// SPDX-License-Identifier: Apache-2.0
import { quote, quoteList } from "../../text";
import type { LintCheck } from "../lint-check";
import { alwaysDeniedBy } from "../reach";
import { cellsOf, pathOf } from "../subject";

/** Stops two rules of which one can't be meant. */
export const ruleDenied: LintCheck = {
  id: "rule-denied",
  finds: "An allow rule that never allows, because deny rules match whenever it could.",
  risk: "People are told of a way that is always barred. Either the deny rule is wider than meant, or the allow rule is left over.",
  severity: { error: "always" },
  check: (subject) =>
    subject.rules.allows.flatMap((rule) => {
      const denies = cellsOf(subject, rule).map((cell) => alwaysDeniedBy(rule, cell, subject)?.id);
      const found = denies.filter((id) => id !== undefined);
      if (found.length === 0 || found.length < denies.length) return [];
      const ids = [...new Set(found)];
      const [rules, match] = ids.length === 1 ? ["rule", "matches"] : ["rules", "match"];
      const message = `rule ${quote(rule.id)} never allows: deny ${rules} ${quoteList(ids, "and")} ${match} whenever it could; narrow the deny, or take the rule out`;
      return [{ severity: "error", document: "policy", path: pathOf(rule, "id"), message }];
    }),
};
