// SPDX-License-Identifier: Apache-2.0
import type { Digest, Instant, Judge } from "@elevation/domain";
import { type Started, startScheduled, type Waiting, type World } from "@elevation/provider/lifecycle";
import { pauseAfter } from "./backoff";
import { KeyedQueues } from "./keyed-queues";

export type StartEvent =
  /** `lateMs`: how long after its start it was observed to be open. */
  | { readonly type: "activated"; readonly start: Started; readonly lateMs: number }
  /** It was not activated. `isNews`: not for the same reason as the time before; tried again then, unless it lapsed. */
  | { readonly type: "unactivated"; readonly start: Started; readonly isNews: boolean; readonly again: Instant | null };

interface Failing {
  readonly waiting: Waiting;
  readonly failures: number;
  readonly again: Instant;
  /** What was told of it the last time. */
  readonly told: string | null;
}

type Work = readonly [Waiting, Judge];

/**
 * Activates scheduled grants at their starts. Its queues are its own, one for each role in each environment: an activation that is
 * slow holds up no end, and those of one target no others.
 */
export class Starts {
  readonly #world: World;
  readonly #random: () => number;
  readonly #on: (event: StartEvent) => void;
  readonly #wake: () => void;
  readonly #queues: KeyedQueues<Work>;
  readonly #working = new Map<Digest, Promise<void>>();
  readonly #failing = new Map<Digest, Failing>();
  /** The last comes first. */
  #upcoming: Waiting[] = [];

  /** `wake`: called when one was worked on. `on` must not throw. */
  constructor(
    world: World,
    { atOnce, random }: { readonly atOnce: number; readonly random: () => number },
    on: (event: StartEvent) => void,
    wake: () => void,
  ) {
    this.#world = world;
    this.#queues = new KeyedQueues(atOnce, (work) => this.#start(work));
    this.#random = random;
    this.#on = on;
    this.#wake = wake;
  }

  /** What waits by the journal, as it is now: what is not among it is forgotten. */
  plan(waiting: readonly Waiting[]): void {
    const before = new Map(this.#failing);
    this.#failing.clear();
    this.#upcoming = [];
    for (const one of waiting) {
      const failed = before.get(one.schedule.digest);
      if (failed !== undefined) {
        this.#failing.set(one.schedule.digest, { ...failed, waiting: one, again: Math.max(failed.again, one.at) });
      } else if (!this.#working.has(one.schedule.digest)) this.#upcoming.push(one);
    }
    this.#upcoming.sort((one, other) => other.at - one.at);
  }

  /** The next start or try after an instant; null where there is none. */
  nextAfter(now: Instant): Instant | null {
    const next = this.#upcoming.findLast(({ at }) => at > now)?.at ?? Number.POSITIVE_INFINITY;
    const tries = [...this.#failing.values()].map(({ again }) => again).filter((again) => again > now);
    const first = Math.min(next, ...tries);
    return first === Number.POSITIVE_INFINITY ? null : first;
  }

  /** Begins what is due at an instant. `judge`: asked only if something is; null: nothing is activated for now. */
  begin(now: Instant, judge: () => Judge | null): void {
    const isDue = ({ again, waiting }: Failing) => again <= now && !this.#working.has(waiting.schedule.digest);
    const again = [...this.#failing.values()].filter(isDue).map(({ waiting }) => waiting);
    const isTime = (this.#upcoming.at(-1)?.at ?? Number.POSITIVE_INFINITY) <= now;
    if (again.length === 0 && !isTime) return;
    const documents = judge();
    if (documents === null) return;
    for (const waiting of again) this.#push(waiting, documents);
    for (let next = this.#upcoming.at(-1); next !== undefined && next.at <= now; next = this.#upcoming.at(-1)) {
      this.#upcoming.pop();
      this.#push(next, documents);
    }
  }

  /** Resolves when all that was begun has come to an outcome. */
  async settled(): Promise<void> {
    await Promise.all(this.#working.values());
  }

  #push(waiting: Waiting, judge: Judge): void {
    const { digest, request } = waiting.schedule;
    const { role, environment } = request.spec;
    const work = this.#queues.push([role, environment], [waiting, judge]).finally(() => {
      this.#working.delete(digest);
      this.#wake();
    });
    this.#working.set(digest, work);
  }

  async #start([waiting, judge]: Work): Promise<void> {
    const { digest } = waiting.schedule;
    const start = await startScheduled(this.#world, judge, waiting.schedule);
    const now = this.#world.clock();
    const before = this.#failing.get(digest);
    if (start?.outcome === "activated") {
      this.#failing.delete(digest);
      this.#on({ type: "activated", start, lateMs: now - start.startAt });
      return;
    }
    // Kept also where there is nothing to tell: the next look at the journal forgets what is done.
    const failures = (before?.failures ?? 0) + (start === null ? 0 : 1);
    const again = now + pauseAfter(Math.max(failures, 1), this.#random());
    const told = start === null ? (before?.told ?? null) : JSON.stringify([start.outcome, start.reason]);
    this.#failing.set(digest, { waiting, failures, again, told });
    if (start === null) return;
    const isNews = told !== before?.told;
    this.#on({ type: "unactivated", start, isNews, again: start.outcome === "lapsed" ? null : again });
  }
}
