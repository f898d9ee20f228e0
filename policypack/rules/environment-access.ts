// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops a role that is fine in staging from being asked for in production. */
export const environmentAccess = defineRule({
  id: "environment-access",
  description: "A role is held only in environments that a rule opens to the person",
  enforcement: "mandatory",
  severity: "critical",
  reports: ["unknown-environment", "environment-not-allowed"],
});
