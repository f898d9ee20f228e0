// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops what can't be judged from passing as what is allowed: malformed inputs, documents with errors, anchors that nothing enforces. */
export const requestWellFormed = defineRule({
  id: "request-well-formed",
  description: "What can't be judged is refused",
  enforcement: "mandatory",
  severity: "critical",
  serves: ["authorization"],
  remedy: "Mend what the message names: the request, the pack's documents, or the job's environment.",
  reports: [],
  examples: [{ what: "with a role that is no text", spec: { role: 7 } }],
  also: ({ faults }) => faults,
});
