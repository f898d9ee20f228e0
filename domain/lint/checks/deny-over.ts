// SPDX-License-Identifier: Apache-2.0
import { formatInstant } from "../../instant";
import { quote } from "../../text";
import type { LintCheck } from "../lint-check";
import { pathOf } from "../subject";

/** Stops a freeze from being forgotten: last year's dates protect nothing this year. */
export const denyOver: LintCheck = {
  id: "deny-over",
  finds: "A deny rule whose `during` is over.",
  risk: "It denies nothing any more, and may be taken for the next freeze.",
  severity: { note: "always" },
  check: ({ rules, from }) =>
    rules.denies.flatMap((rule) => {
      const { during } = rule;
      if (during === null || during.to > from) return [];
      const message = `deny rule ${quote(rule.id)} is over since ${formatInstant(during.to)}; write the next time, or take it out`;
      return [{ severity: "note", document: "policy", path: pathOf(rule, "during", "to"), message }];
    }),
};
