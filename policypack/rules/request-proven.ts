// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops somebody from asking in the name of another. */
export const requestProven = defineRule({
  id: "request-proven",
  description: "Whoever asks is proven to be the requester, or to act for them",
  enforcement: "mandatory",
  severity: "critical",
  serves: ["authorization", "accountability"],
  remedy: "Ask yourself, with the proof that the policy wants, or as somebody whom the rule lets ask for others.",
  reports: ["request-unproven"],
  examples: [],
});
