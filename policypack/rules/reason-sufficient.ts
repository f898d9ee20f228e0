// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops access that nobody can explain afterwards. */
export const reasonSufficient = defineRule({
  id: "reason-sufficient",
  description: "Every access says why",
  enforcement: "mandatory",
  severity: "medium",
  reports: ["reason-insufficient"],
});
