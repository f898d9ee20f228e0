// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops short access from being strung together into standing access. */
export const cooldownOver = defineRule({
  id: "cooldown-over",
  description: "Access by a rule rests between two grants",
  enforcement: "mandatory",
  severity: "medium",
  serves: ["least-privilege"],
  remedy: "Wait until the cooldown is over.",
  reports: ["cooling-down"],
  examples: [
    {
      what: "for a role that the person held an hour ago",
      spec: { role: "orders-reader" },
      earlier: [
        {
          spec: { role: "orders-reader" },
          rule: "dba-reader",
          from: "2026-11-24T08:30:00Z",
          until: "2026-11-24T09:00:00Z",
          endedAt: "2026-11-24T09:00:00Z",
        },
      ],
    },
  ],
});
