// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops one request from opening access twice, through two stacks. */
export const requestInPlace = defineRule({
  id: "request-in-place",
  description: "A request belongs to the stack that first activated it",
  enforcement: "mandatory",
  severity: "high",
  reports: ["request-elsewhere"],
});
