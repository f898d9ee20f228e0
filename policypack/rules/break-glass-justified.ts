// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";
import type { Earlier } from "../example";

const YESTERDAY: Earlier = {
  name: "alice-night",
  spec: { breakGlass: true },
  rule: "breakGlass",
  from: "2026-11-23T02:00:00Z",
  until: "2026-11-23T03:00:00Z",
  endedAt: "2026-11-23T03:00:00Z",
};

/** Stops the emergency door from becoming the usual one. */
export const breakGlassJustified = defineRule({
  id: "break-glass-justified",
  description: "Break-glass is for those whom the policy names, and not while earlier uses wait for their review",
  enforcement: "mandatory",
  severity: "critical",
  serves: ["authorization", "accountability"],
  remedy: "Ask by an ordinary rule, or have the earlier uses reviewed.",
  reports: ["break-glass-not-allowed", "break-glass-review-overdue"],
  examples: [
    {
      what: "that breaks the glass for somebody whom the policy does not let",
      spec: { requester: "sam@example.com", breakGlass: true },
    },
    {
      what: "that breaks the glass again, the day after one that nobody has reviewed",
      spec: { breakGlass: true },
      earlier: [YESTERDAY],
    },
  ],
});
