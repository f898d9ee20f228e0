// SPDX-License-Identifier: Apache-2.0
import { table } from "../support/markdown-table";

/** Of what is to be reached, one line: what, its limit, and what was measured. */
export interface Target {
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  readonly isMet: boolean;
}

export function targetsTable(targets: readonly Target[]): string {
  const rows = targets.map(({ what, limit, measured, isMet }) => [what, limit, measured, isMet ? "met" : "not met"]);
  return table(["target", "limit", "measured", ""], rows);
}
