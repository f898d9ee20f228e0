// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops one person from holding two roles that check one another. */
export const dutiesSeparated = defineRule({
  id: "duties-separated",
  description: "Nobody holds two roles that the policy keeps apart",
  enforcement: "mandatory",
  severity: "critical",
  serves: ["separation-of-duties", "least-privilege"],
  remedy: "End the other grant first, or have another person ask.",
  reports: ["conflicting-roles"],
  examples: [
    {
      what: "of somebody who holds a role that excludes it",
      earlier: [
        {
          spec: { role: "ledger-auditor" },
          rule: "audit",
          from: "2026-11-24T09:45:00Z",
          until: "2026-11-24T10:15:00Z",
        },
      ],
    },
  ],
});
