// SPDX-License-Identifier: Apache-2.0
import { own } from "../directory";
import { quote } from "../text";
import type { Severity } from "./lint-check";
import type { Cell, Subject } from "./subject";

const RANKS = ["low", "medium", "high", "critical"] as const;
type Rank = (typeof RANKS)[number];

/** How bad it is that too many get a role of that severity. */
export const BY_ROLE: Readonly<Record<Rank, Severity>> = {
  low: "note",
  medium: "warning",
  high: "error",
  critical: "error",
};

/** The most harmful of some roles; one whose severity isn't said counts as medium. */
export interface Worst {
  readonly rank: Rank;
  /** As messages name it: "`orders-admin` (critical)". */
  readonly text: string;
}

export function rankOf(role: string, { policy }: Pick<Subject, "policy">): Rank {
  return own(policy.roles, role)?.severity ?? "medium";
}

/** Null where there are no roles. */
export function worstOf(cells: readonly Cell[], subject: Pick<Subject, "policy">): Worst | null {
  let worst: Cell | null = null;
  for (const cell of cells) if (worst === null || rank(cell) > rank(worst)) worst = cell;
  if (worst === null) return null;
  const said = own(subject.policy.roles, worst.role)?.severity;
  return {
    rank: rankOf(worst.role, subject),
    text: said === undefined ? quote(worst.role) : `${quote(worst.role)} (${said})`,
  };

  function rank({ role }: Cell): number {
    return RANKS.indexOf(rankOf(role, subject));
  }
}
