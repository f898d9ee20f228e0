// SPDX-License-Identifier: Apache-2.0
import { own } from "../../directory";
import type { Path } from "../../document";
import { quote, quoteList } from "../../text";
import type { LintCheck, Remark } from "../lint-check";
import { allWho, cellsOf, type Naming, type Subject } from "../subject";

/** Stops a rule about a place where the role doesn't exist. */
export const noTarget: LintCheck = {
  id: "no-target",
  finds: "A rule, or break-glass, that names a role and an environment in which the role has no target.",
  risk: "A role without a target does not exist there: every request for it is answered with `unknown-environment`, whatever the rule says.",
  severity: {
    error: "where that is so of all roles and environments of the rule",
    note: "where it is so of some that it names",
  },
  check: (subject) =>
    allWho(subject).flatMap(({ rule, name, path }): readonly Remark[] => {
      if (namesNothing(rule, subject)) return [];
      if (cellsOf(subject, rule).length === 0) {
        const message = `${name} never decides: none of its roles has a target in any of its environments; add one to the role's \`targets\`, or name others`;
        return [{ severity: "error", document: "policy", path: [...path, "roles"], message }];
      }
      return missing(rule, name, path, subject);
    }),
};

/** Of roles and environments that are named one by one; `*` means those that there are. */
function missing({ roles, environments }: Naming, name: string, path: Path, { policy }: Subject): Remark[] {
  if (roles === null || environments === null) return [];
  return [...roles].flatMap((role, index): Remark[] => {
    const targets = own(policy.roles, role)?.targets;
    if (targets === undefined) return [];
    const lacking = [...environments].filter(
      (environment) => own(policy.environments, environment) !== undefined && own(targets, environment) === undefined,
    );
    if (lacking.length === 0) return [];
    const message = `${name} names ${quote(role)} in ${quoteList(lacking, "and")}, where the role has no target; add one, or give the role a rule of its own`;
    return [{ severity: "note", document: "policy", path: [...path, "roles", index], message }];
  });
}

/** Then names that don't exist are what is wrong, and said elsewhere. */
function namesNothing({ roles, environments }: Naming, { policy }: Subject): boolean {
  const known = (list: ReadonlySet<string> | null, all: object) =>
    list === null || [...list].some((name) => Object.hasOwn(all, name));
  return !known(roles, policy.roles) || !known(environments, policy.environments);
}
