// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops a role that is fine in staging from being asked for in production. */
export const environmentAccess = defineRule({
  id: "environment-access",
  description: "A role is held only in environments that a rule opens to the person",
  enforcement: "mandatory",
  severity: "critical",
  serves: ["authorization", "least-privilege"],
  remedy: "Ask for an environment that the message names, or have a rule of the policy open this one.",
  reports: ["unknown-environment", "environment-not-allowed"],
  examples: [
    { what: "for an environment that nobody has", spec: { environment: "prodution" } },
    { what: "for an environment that no rule opens to her", spec: { environment: "staging" } },
  ],
});
