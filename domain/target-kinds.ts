// SPDX-License-Identifier: Apache-2.0

/** What is known of a kind of target, besides how to grant there. */
export interface TargetKind {
  /** How long what is open at the target may outlive a grant whose end was observed, in milliseconds. */
  readonly outlives: number;
}

/**
 * The kinds at which this version can make a grant; a test compares them with the provider's.
 * `postgres`: sessions are ended with the grant, and one that can't be ended keeps the grant live (docs/postgres.md).
 */
export const TARGET_KINDS: ReadonlyMap<string, TargetKind> = new Map([["postgres", { outlives: 0 }]]);

/** Nothing is granted at other kinds, so nothing outlives there. */
export function outlives(kind: string): number {
  return TARGET_KINDS.get(kind)?.outlives ?? 0;
}
