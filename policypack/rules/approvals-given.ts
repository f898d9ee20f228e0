// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops access that takes more than one pair of eyes from resting on one. */
export const approvalsGiven = defineRule({
  id: "approvals-given",
  description: "The people whom the rule names have agreed, and none has rejected",
  enforcement: "mandatory",
  severity: "critical",
  serves: ["separation-of-duties", "authorization"],
  remedy: "Get the approvals that the message names, or settle a rejection with whoever gave it.",
  reports: ["approvals-missing", "rejected"],
  examples: [{ what: "for a role that takes an approval", spec: { role: "ledger-auditor" } }],
});
