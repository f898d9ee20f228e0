// SPDX-License-Identifier: Apache-2.0
import type { EndCause, Instant } from "@elevation/domain";
import { instantOf, type OpenState } from "@elevation/provider/lifecycle";

/** A grant that must end, and why. */
export type Due = readonly [OpenState, EndCause];

/** What may be open, in the order of the ends: what is due is taken off its front, without a look at the others. */
export class Agenda {
  /** The last comes first. */
  readonly #upcoming: OpenState[];
  readonly #due: Due[] = [];

  /** `mustEnd`: why a grant must end now, whatever its expiry says. */
  constructor(open: readonly OpenState[], mustEnd: (grant: OpenState) => EndCause | null) {
    const upcoming: { readonly grant: OpenState; readonly end: Instant }[] = [];
    for (const grant of open) {
      const cause = mustEnd(grant);
      if (cause === null) upcoming.push({ grant, end: instantOf(grant.expiresAt) });
      else this.#due.push([grant, cause]);
    }
    this.#upcoming = upcoming.sort((one, other) => other.end - one.end).map(({ grant }) => grant);
  }

  /** Takes off what is due at an instant. */
  take(now: Instant): readonly Due[] {
    const due = this.#due.splice(0);
    for (let next = this.#upcoming.at(-1); next !== undefined; next = this.#upcoming.at(-1)) {
      if (instantOf(next.expiresAt) > now) break;
      due.push([next, "expiry"]);
      this.#upcoming.pop();
    }
    return due;
  }

  /** The next end; null where nothing is open. */
  get next(): Instant | null {
    const grant = this.#upcoming.at(-1);
    return grant === undefined ? null : instantOf(grant.expiresAt);
  }

  /** What is open and not due yet. */
  get upcoming(): readonly OpenState[] {
    return this.#upcoming;
  }
}
