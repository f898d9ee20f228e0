// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops access that nobody can explain afterwards. */
export const reasonSufficient = defineRule({
  id: "reason-sufficient",
  description: "Every access says why",
  enforcement: "mandatory",
  severity: "medium",
  serves: ["accountability"],
  remedy: "Say in `reason` what is to be done, as long as the rule wants it.",
  reports: ["reason-insufficient"],
  examples: [{ what: "with a reason that says nothing", spec: { reason: "because" } }],
});
