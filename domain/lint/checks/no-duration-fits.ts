// SPDX-License-Identifier: Apache-2.0
import { renderDuration } from "../../duration";
import { quote, quoteList } from "../../text";
import { lengthsOf, takesAny } from "../lengths";
import type { LintCheck, Remark } from "../lint-check";
import { cellsOf, environmentsOf, pathOf } from "../subject";

/** Stops a rule that finds every duration too short or too long. */
export const noDurationFits: LintCheck = {
  id: "no-duration-fits",
  finds: "An allow rule whose shortest duration is longer than its longest, so that none fits.",
  risk: "The rule never allows. Often an environment's `maxDuration` was lowered below the rule's `min`, which is PT1M where it isn't said.",
  severity: { error: "in all environments of the rule", warning: "in some of them" },
  check: (subject) =>
    subject.rules.allows.flatMap((rule): readonly Remark[] => {
      const environments = environmentsOf(cellsOf(subject, rule));
      const unfit = environments
        .map((environment) => ({ environment, lengths: lengthsOf(rule, environment, subject) }))
        .filter(({ lengths }) => !takesAny(lengths));
      const [first] = unfit;
      if (first === undefined) return [];
      const { min, max, isCapped } = first.lengths;
      const cap = isCapped ? ", the environment's `maxDuration`" : "";
      const message = `rule ${quote(rule.id)} takes no duration in ${quoteList(
        unfit.map(({ environment }) => environment),
        "and",
      )}: the shortest is ${renderDuration(min)}, the longest ${renderDuration(max.milliseconds)}${cap}; lower \`duration.min\`, or allow longer ones`;
      const severity = unfit.length === environments.length ? "error" : "warning";
      return [{ severity, document: "policy", path: pathOf(rule, "duration"), message }];
    }),
};
