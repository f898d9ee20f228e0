// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Says that a request in code has ended or lapsed: it opens nothing, and must not stop the stack for others. */
export const requestSpent = defineRule({
  id: "request-spent",
  description: "A request that ended or lapsed is inert and can be removed from code",
  enforcement: "advisory",
  severity: "low",
  serves: ["removal"],
  remedy: "Remove the request from the code; write a new one if the access is needed again.",
  reports: ["request-ended", "request-lapsed"],
  examples: [
    { what: "whose grant has ended", journal: "ended" },
    { what: "that nobody activated in time", spec: { requestedAt: "2026-11-22T09:30:00Z" } },
  ],
});
