// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops access from being prolonged without end. */
export const extensionAllowed = defineRule({
  id: "extension-allowed",
  description: "Access is prolonged only where, as often and for as long as a rule allows",
  enforcement: "mandatory",
  severity: "high",
  serves: ["least-privilege", "removal"],
  remedy: "Write a new request, or prolong a live grant of the same person, role and environment within the rule.",
  reports: ["extension-not-allowed"],
  examples: [
    {
      what: "that prolongs a grant which is not live",
      spec: { extends: `sha256:${"0".repeat(64)}` },
    },
  ],
});
