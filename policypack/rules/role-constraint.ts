// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops somebody from asking for a role that their job does not need. */
export const roleConstraint = defineRule({
  id: "role-constraint",
  description: "A role goes only to people whose job function a rule names",
  enforcement: "mandatory",
  severity: "critical",
  reports: ["unknown-requester", "unknown-role", "not-eligible"],
});
