// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops privileges from piling up: on one person, on one role, or over the weeks. */
export const limitsKept = defineRule({
  id: "limits-kept",
  description: "No more is held at once, or over time, than the policy allows",
  enforcement: "mandatory",
  severity: "high",
  serves: ["least-privilege"],
  remedy: "Wait until a grant has ended or the window has moved on, or end one that is not needed.",
  reports: ["limit-exceeded"],
  examples: [
    {
      what: "while somebody else holds the role",
      earlier: [
        { spec: { requester: "bruno@example.com" }, from: "2026-11-24T09:45:00Z", until: "2026-11-24T10:15:00Z" },
      ],
    },
  ],
});
