// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops a violation that no rule of its own reports: whatever decide() denies fails the preview. */
export const requestAllowed = defineRule({
  id: "request-allowed",
  description: "Whatever else the policy denies",
  enforcement: "mandatory",
  severity: "critical",
  serves: ["authorization", "least-privilege", "removal"],
  remedy: "Do what the message asks for; no other rule reports it.",
  reports: ["policy-untrusted", "journal-untrusted", "locked"],
  examples: [],
});
