// SPDX-License-Identifier: Apache-2.0
import type { MeaningChange } from "@elevation/domain";
import type { LiveChange } from "./live-changes";
import type { Replay } from "./replay";

/** What `elevate diff --json` prints (design §8): fields are added, never changed. */
export interface DiffReport extends MeaningChange {
  readonly old: string;
  readonly new: string;
  /** Live grants that would be denied today; null: no journal is configured. */
  readonly live: readonly LiveChange[] | null;
  /** Only with `--replay`. */
  readonly replay: Replay | null;
}
