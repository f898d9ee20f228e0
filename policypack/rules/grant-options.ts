// SPDX-License-Identifier: Apache-2.0
import type { PolicyResourceOptions } from "@pulumi/policy";
import { defineRule } from "../define-rule";

const REFUSED: readonly { option: string; isSet: (options: PolicyResourceOptions) => boolean; why: string }[] = [
  { option: "protect", isSet: ({ protect }) => protect, why: "it blocks the withdrawal of a grant" },
  {
    option: "ignoreChanges",
    isSet: ({ ignoreChanges }) => ignoreChanges.length > 0,
    why: "it hides a change of a grant",
  },
  {
    option: "aliases",
    isSet: ({ aliases }) => aliases.length > 0,
    why: "it lets one grant take the place of another's",
  },
];

/** Stops resource options that keep access open or hide a change: Grant's constructor refuses them, a program can avoid it. */
export const grantOptions = defineRule({
  id: "grant-options",
  description: "A Grant takes no resource option that could keep access open",
  enforcement: "mandatory",
  severity: "high",
  reports: [],
  also: (_verdict, { opts, name }) =>
    REFUSED.filter(({ isSet }) => isSet(opts)).map(
      ({ option, why }) => `\`${name}\` has the resource option \`${option}\`, none is allowed: ${why}; remove it`,
    ),
});
