// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops a grant whose end would not end the access. */
export const outliveBounded = defineRule({
  id: "outlive-bounded",
  description: "Access outlives the grant at the target no longer than the role allows",
  enforcement: "mandatory",
  severity: "high",
  serves: ["removal"],
  remedy: "Ask for a role at a target that ends what is open, or have `maxOutlive` of the role changed.",
  reports: ["outlives-too-long"],
  examples: [],
});
