// SPDX-License-Identifier: Apache-2.0
import type { LintCheck, Remark } from "../lint-check";
import { BY_ROLE, worstOf } from "../severity";
import { cellsOf } from "../subject";

/** Stops the emergency exit from being the front door. */
export const breakGlassTooBroad: LintCheck = {
  id: "break-glass-too-broad",
  finds: "Break-glass for everyone in the directory.",
  risk: "Break-glass asks for no approval: whoever takes over any account has its roles at once.",
  severity: {
    error: "where a role of it is of severity high or critical",
    warning: "where it is medium, or none is said",
    note: "where all are low",
  },
  check: (subject): readonly Remark[] => {
    const { breakGlass } = subject.rules;
    if (breakGlass === null || !breakGlass.who.isEveryone) return [];
    const worst = worstOf(cellsOf(subject, breakGlass), subject);
    if (worst === null) return [];
    const message = `\`breakGlass\` gives ${worst.text} to everyone in the directory, without approval; name job functions or schedules in \`who\``;
    return [{ severity: BY_ROLE[worst.rank], document: "policy", path: ["breakGlass", "who"], message }];
  },
};
