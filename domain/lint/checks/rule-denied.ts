// SPDX-License-Identifier: Apache-2.0
import { quote, quoteList } from "../../text";
import type { LintCheck } from "../lint-check";
import { alwaysDeniedBy } from "../reach";
import { cellsOf, pathOf } from "../subject";

/** Stops two rules of which one can't be meant. */
export const ruleDenied: LintCheck = {
  id: "rule-denied",
  finds:
    "An allow rule that never allows, because deny rules match whenever it could: one of them for everybody and at all of its hours, or several together.",
  risk: "People are told of a way that is always barred. Either the deny rule is wider than meant, or the allow rule is left over. Hours are compared exactly in one zone; in several, as far as their clocks never leave a doubt. A `during` of 50 years or more that has begun counts as always.",
  severity: { error: "always" },
  check: (subject) =>
    subject.rules.allows.flatMap((rule) => {
      const denies = cellsOf(subject, rule).map((cell) => alwaysDeniedBy(rule, cell, subject));
      if (denies.length === 0 || denies.some((some) => some.length === 0)) return [];
      const ids = [...new Set(denies.flat())].map(({ id }) => id);
      const [rules, match] = ids.length === 1 ? ["rule", "matches"] : ["rules", "match"];
      const message = `rule ${quote(rule.id)} never allows: deny ${rules} ${quoteList(ids, "and")} ${match} whenever it could; narrow the deny, or take the rule out`;
      return [{ severity: "error", document: "policy", path: pathOf(rule, "id"), message }];
    }),
};
