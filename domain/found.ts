// SPDX-License-Identifier: Apache-2.0
import type { Violation } from "./decision";

/** What a step of a decision found wrong, in order. */
export type Found = readonly Violation[];

/** NB. Most steps find nothing, at each decision: one list for all of them. */
export const NONE: readonly never[] = [];

/** All in their order. NB. As a rule only one list holds anything, and then it is the answer. */
export function joined(...lists: readonly Found[]): Found {
  let only: Found = NONE;
  for (const list of lists) {
    if (list.length === 0) continue;
    if (only.length > 0) return lists.flat();
    only = list;
  }
  return only;
}
