// SPDX-License-Identifier: Apache-2.0
import type { Documents } from "./policies";
import type { SimClock } from "./sim-clock";
import type { SimJournal } from "./sim-store";
import type { SimTargets } from "./sim-targets";

/** Reads the journal, and asks the targets for their clocks, so often, in milliseconds: thirty and ten times as seldom as `elevate reap`. */
export const LOOK = 30_000;
export const SWEEP = 300_000;

/** What can be seen of a simulated world from outside. */
export interface Watched {
  readonly clock: SimClock;
  readonly journal: SimJournal;
  readonly targets: SimTargets;
  /** Those in force. */
  readonly documents: Documents;
  /** How far the clock of our machine is ahead of the targets', in milliseconds. */
  readonly skew: number;
  /** Whether a reaper runs. */
  readonly isReaped: boolean;
}
