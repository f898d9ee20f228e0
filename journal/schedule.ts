// SPDX-License-Identifier: Apache-2.0
import type { Digest, EventData, JournalEvent, Request, StackRef } from "@elevation/domain";

/** A request that waits for its start: what activating it needs, as the `up` that scheduled it journaled it. */
export interface Schedule {
  readonly digest: Digest;
  readonly request: Request;
  /** Path of the request file below the requests folder; null for a grant written in a program. */
  readonly origin: string | null;
  readonly stack: StackRef;
}

/**
 * What is scheduled, by digest: from the `decided` event that says so until it was activated, ended, lapsed or was withdrawn. An
 * activation that failed leaves it scheduled. Where two stacks schedule one digest, the first has it.
 */
export class Schedules {
  readonly #schedules = new Map<Digest, Schedule>();
  /** Null: there was a change since it was made. */
  #snapshot: ReadonlyMap<Digest, Schedule> | null = null;

  add(digest: Digest, event: JournalEvent): void {
    if (event.type === "decided") this.#schedule(digest, event.data as EventData["decided"]);
    else if (endsSchedule(event) && this.#schedules.delete(digest)) this.#snapshot = null;
  }

  /** As they are now; what is given out never changes. */
  snapshot(): ReadonlyMap<Digest, Schedule> {
    this.#snapshot ??= new Map(this.#schedules);
    return this.#snapshot;
  }

  #schedule(digest: Digest, { request, scheduled }: EventData["decided"]): void {
    if (scheduled === undefined || this.#schedules.has(digest)) return;
    const { organization, project, stack, origin } = scheduled;
    this.#schedules.set(digest, { digest, request, origin, stack: { organization, project, stack } });
    this.#snapshot = null;
  }
}

function endsSchedule({ type, data }: JournalEvent): boolean {
  if (type === "failed") return (data as EventData["failed"]).unscheduled === true;
  return type === "activated" || type === "revoked" || type === "expired";
}
