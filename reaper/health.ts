// SPDX-License-Identifier: Apache-2.0
import type { Instant } from "@elevation/domain";
import type { DrillEvent } from "./drill/drill-event";
import type { ReaperEvent } from "./reaper";
import type { StacksEvent } from "./stacks/catch-up";

/** After so long without a look at the journal something is wrong, in milliseconds; a look is due each second. */
const SILENCE = 15_000;

/** Whether a reaper does what it is there for. */
export class ReaperHealth {
  #lookedAt: Instant | null = null;
  #untrusted: string | null = null;

  note(event: ReaperEvent | StacksEvent | DrillEvent, at: Instant): void {
    if (event.type === "looked") this.#lookedAt = at;
    if (event.type === "journal") this.#untrusted = event.reason;
  }

  /** Why it is not well, in words that name nobody; null where it is. */
  problem(now: Instant): string | null {
    if (this.#untrusted !== null) return "the journal can't be trusted";
    if (this.#lookedAt === null) return "the journal was not read yet";
    const silence = now - this.#lookedAt;
    return silence > SILENCE ? `the journal was not read for ${Math.floor(silence / 1000)} s` : null;
  }
}
