// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Says that a request in code has ended or lapsed: it opens nothing, and must not stop the stack for others. */
export const requestSpent = defineRule({
  id: "request-spent",
  description: "A request that ended or lapsed is inert and can be removed from code",
  enforcement: "advisory",
  severity: "low",
  reports: ["request-ended", "request-lapsed"],
});
