// SPDX-License-Identifier: Apache-2.0
import { renderDuration } from "../../duration";
import { quote, quoteList } from "../../text";
import { isTooLong, isTooShort, lengthsOf, takesAny } from "../lengths";
import type { LintCheck } from "../lint-check";
import { cellsOf, environmentsOf, pathOf } from "../subject";

/** Stops a rule from refusing what it proposes itself. */
export const defaultRefused: LintCheck = {
  id: "default-refused",
  finds: "An allow rule that refuses its own `duration.default`.",
  risk: "A request without a duration is always refused by the rule, for a duration that nobody asked for.",
  severity: { warning: "always" },
  check: (subject) =>
    subject.rules.allows.flatMap((rule) => {
      const { standard } = rule;
      if (standard === null) return [];
      const refused = environmentsOf(cellsOf(subject, rule))
        .map((environment) => ({ environment, lengths: lengthsOf(rule, environment, subject) }))
        .filter(
          ({ lengths }) =>
            takesAny(lengths) &&
            (isTooShort(lengths, standard.milliseconds) || isTooLong(lengths, standard.milliseconds)),
        );
      const [first] = refused;
      if (first === undefined) return [];
      const { min, max } = first.lengths;
      const limit = isTooShort(first.lengths, standard.milliseconds)
        ? `the shortest is ${renderDuration(min)}`
        : `the longest is ${renderDuration(max.milliseconds)}`;
      const message = `rule ${quote(rule.id)} refuses its own default of ${renderDuration(standard.milliseconds)} in ${quoteList(
        refused.map(({ environment }) => environment),
        "and",
      )}, where ${limit}; set \`duration.default\` to one that it takes`;
      return [{ severity: "warning", document: "policy", path: pathOf(rule, "duration", "default"), message }];
    }),
};
