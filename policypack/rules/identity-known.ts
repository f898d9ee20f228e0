// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops a grant that could be given to nobody, or to the wrong login. */
export const identityKnown = defineRule({
  id: "identity-known",
  description: "The person has an identity at the target",
  enforcement: "mandatory",
  severity: "medium",
  serves: ["authorization"],
  remedy: "Add the person's identity of the target's kind to the directory.",
  reports: ["no-identity"],
  examples: [{ what: "for a person without a login at the target", spec: { requester: "nadia@example.com" } }],
});
