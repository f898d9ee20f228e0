// SPDX-License-Identifier: Apache-2.0
import { quote, quoteList } from "../../text";
import type { LintCheck } from "../lint-check";
import { reachOf } from "../reach";

/** Stops somebody from finding out at night that they have no login. */
export const identityMissing: LintCheck = {
  id: "identity-missing",
  finds: "A person whom a rule would allow a role, and who has no identity of the kind that its target wants.",
  risk: "The rule lets them, and the decision is `no-identity` all the same.",
  severity: { warning: "always" },
  check: (subject) =>
    [...reachOf(subject).lacking].flatMap(([person, kinds]) =>
      [...kinds].map(([kind, rules]) => {
        const list = quoteList([...rules], "and");
        const message = `${quote(person)} has no identity of kind ${quote(kind)}, which targets of roles by ${list} want; add one to \`identities\``;
        return { severity: "warning", document: "directory", path: ["people", person], message };
      }),
    ),
};
