// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops an allowed request that nothing can carry out: its `up` would fail, and with it what the same `up` does for others. */
export const targetServed = defineRule({
  id: "target-served",
  description: "This version can grant at the target's kind",
  enforcement: "mandatory",
  severity: "medium",
  serves: [],
  remedy: "Ask for a role whose target this version serves, or use a version that serves it.",
  reports: [],
  examples: [{ what: "for a role at a target of another kind", spec: { role: "bucket-admin" } }],
  also: ({ unserved }) => (unserved === null ? [] : [unserved]),
});
