// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops access that no incident or change stands behind. */
export const ticketValid = defineRule({
  id: "ticket-valid",
  description: "Access is tied to a ticket where the rule wants one",
  enforcement: "mandatory",
  severity: "medium",
  serves: ["accountability"],
  remedy: "Name the incident or change in `ticket`, written as the rule wants it.",
  reports: ["ticket-required", "ticket-invalid"],
  examples: [
    { what: "without a ticket", spec: { ticket: null } },
    { what: "with something else for a ticket", spec: { ticket: "ask Bob" } },
  ],
});
