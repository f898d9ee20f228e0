// SPDX-License-Identifier: Apache-2.0
import { defineRule } from "../define-rule";

/** Stops access during a freeze, whoever asks. */
export const deniedWindow = defineRule({
  id: "denied-window",
  description: "No access stands inside a window that denies it",
  enforcement: "mandatory",
  severity: "critical",
  reports: ["denied"],
});
