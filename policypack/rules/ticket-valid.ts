// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops access that no incident or change stands behind. */
export const ticketValid = defineRule({
  id: "ticket-valid",
  description: "Access is tied to a ticket where the rule wants one",
  enforcement: "mandatory",
  severity: "medium",
  reports: ["ticket-required", "ticket-invalid"],
});
