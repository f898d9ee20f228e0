// SPDX-License-Identifier: Apache-2.0
import { names } from "../../compiled-policy";
import { quote, quoteList } from "../../text";
import type { LintCheck } from "../lint-check";
import { reachOf } from "../reach";

/** Stops an offer that nobody can take. */
export const roleUnreachable: LintCheck = {
  id: "role-unreachable",
  finds: "A role that nobody can get.",
  risk: "It is left over, or people who need it will ask for a wider one. Rules that can never allow don't count, nor do people without an identity at the target.",
  severity: { warning: "always" },
  check: (subject) => {
    const { policy, rules } = subject;
    return Object.keys(policy.roles).flatMap((role) => {
      if (reachOf(subject).held.has(role)) return [];
      const naming = rules.allows.filter(({ roles }) => names(roles, role)).map(({ id }) => id);
      if (rules.breakGlass !== null && names(rules.breakGlass.roles, role)) naming.push("breakGlass");
      const why =
        naming.length === 0
          ? "no allow rule names it"
          : `${quoteList(naming, "and")} can allow it to nobody in any environment`;
      const message = `nobody can get the role ${quote(role)}: ${why}; mend that, or take the role out`;
      return [{ severity: "warning", document: "policy", path: ["roles", role], message }];
    });
  },
};
