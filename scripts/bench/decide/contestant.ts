// SPDX-License-Identifier: Apache-2.0
import type { Scenario } from "./scenario";

/** A policy engine that is measured. */
export interface Contestant {
  readonly name: string;
  /** Everything that is done once for a policy. */
  prepare(scenario: Scenario): Promise<Decider>;
}

/** Whether the request of that index is allowed. */
export type Decider = (index: number) => boolean;
