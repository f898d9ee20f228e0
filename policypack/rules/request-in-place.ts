// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops one request from opening access twice, through two stacks. */
export const requestInPlace = defineRule({
  id: "request-in-place",
  description: "A request belongs to the stack that first activated it",
  enforcement: "mandatory",
  severity: "high",
  serves: ["authorization"],
  remedy: "Write a request of its own for each stack.",
  reports: ["request-elsewhere"],
  examples: [{ what: "live in another stack already", journal: "live-elsewhere" }],
});
