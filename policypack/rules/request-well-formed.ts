// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops what can't be judged from passing as what is allowed: malformed inputs, documents with errors, anchors that nothing enforces. */
export const requestWellFormed = defineRule({
  id: "request-well-formed",
  description: "What can't be judged is refused",
  enforcement: "mandatory",
  severity: "critical",
  reports: [],
  also: ({ faults }) => faults,
});
