// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops access during a freeze, whoever asks. */
export const deniedWindow = defineRule({
  id: "denied-window",
  description: "No access stands inside a window that denies it",
  enforcement: "mandatory",
  severity: "critical",
  serves: ["least-privilege"],
  remedy: "Ask for a time outside the window that denies it, or withdraw the request.",
  reports: ["denied"],
  examples: [
    { what: "inside the year-end freeze", spec: { requestedAt: "2026-12-22T09:30:00Z" }, at: "2026-12-22T10:00:00Z" },
  ],
});
