// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops somebody from asking for a role that their job does not need. */
export const roleConstraint = defineRule({
  id: "role-constraint",
  description: "A role goes only to people whose job function a rule names",
  enforcement: "mandatory",
  severity: "critical",
  serves: ["authorization", "least-privilege"],
  remedy: "Ask for a role that a rule gives to the person's job function, or have policy or directory changed.",
  reports: ["unknown-requester", "unknown-role", "not-eligible"],
  examples: [
    { what: "for somebody who is not in the directory", spec: { requester: "eve@example.com" } },
    { what: "for a role that the policy doesn't offer", spec: { role: "order-admin" } },
    { what: "for somebody whose job function no rule names", spec: { requester: "sam@example.com" } },
  ],
});
