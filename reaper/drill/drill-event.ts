// SPDX-License-Identifier: Apache-2.0
import type { Digest, Instant } from "@elevation/domain";
import type { Drill, DrillFailure } from "./drill";

/** Which drill it is about. */
export type DrillName = Pick<Drill, "name" | "requester" | "role" | "environment">;

export type DrillEvent =
  /** It saw the access come and go; `failures`: how many before it failed in a row. */
  | {
      readonly type: "drill-passed";
      readonly drill: DrillName;
      readonly request: Digest;
      readonly expiresAt: string;
      readonly lateMs: number;
      readonly failures: number;
    }
  /**
   * `request`, `expiresAt`: of the grant, which ends as any other; null where none was made. `lateMs`: of what is still open, at least as
   * long as it may be; else null. `failures` in a row, and when it is done again.
   */
  | {
      readonly type: "drill-failed";
      readonly drill: DrillName;
      readonly failure: DrillFailure;
      readonly reason: string;
      readonly request: Digest | null;
      readonly expiresAt: string | null;
      readonly lateMs: number | null;
      readonly failures: number;
      readonly again: Instant;
    }
  /** It was told to stop before the end of its grant, which comes all the same. */
  | {
      readonly type: "drill-stopped";
      readonly drill: DrillName;
      readonly request: Digest;
      readonly expiresAt: string;
    };
