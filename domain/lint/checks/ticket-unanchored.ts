// SPDX-License-Identifier: Apache-2.0
import { quote } from "../../text";
import { isAnchored } from "../anchored";
import type { LintCheck } from "../lint-check";
import { pathOf } from "../subject";

/** Stops `not INC-1 at all` from passing for a ticket. */
export const ticketUnanchored: LintCheck = {
  id: "ticket-unanchored",
  finds: "A `ticket.matches` that doesn't begin with `^` and end with `$`, each alternative of it.",
  risk: "Regular expressions are found anywhere: whatever has a ticket somewhere in it passes. In `^INC|CHG$` each alternative has one end only.",
  severity: { warning: "always" },
  check: ({ rules }) =>
    rules.allows.flatMap((rule) => {
      const { ticket } = rule;
      if (ticket === null || isAnchored(ticket.text)) return [];
      const message = `\`ticket.matches\` of rule ${quote(rule.id)} is ${quote(ticket.text)}, which is found inside of other texts, too; write it between \`^(?:\` and \`)$\``;
      return [{ severity: "warning", document: "policy", path: pathOf(rule, "ticket", "matches"), message }];
    }),
};
