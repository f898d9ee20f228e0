// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops access that is open longer than the work takes, or at a time when nobody watches. */
export const timeBoundary = defineRule({
  id: "time-boundary",
  description: "Access lasts only as long, and starts only when, a rule allows",
  enforcement: "mandatory",
  severity: "high",
  serves: ["least-privilege", "removal"],
  remedy: "Shorten or lengthen `duration`, or ask for a time within the rule's hours.",
  reports: ["request-not-yet", "start-too-late", "duration-too-short", "duration-too-long", "outside-hours"],
  examples: [
    { what: "dated in the future", spec: { requestedAt: "2026-11-24T11:00:00Z" } },
    { what: "that starts in two weeks", spec: { startAt: "2026-12-08T10:00:00Z" } },
    { what: "for ten seconds", spec: { duration: "PT10S" } },
    { what: "for two hours", spec: { duration: "PT2H" } },
    { what: "in the night", at: "2026-11-24T23:00:00Z" },
  ],
});
