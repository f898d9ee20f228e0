// SPDX-License-Identifier: Apache-2.0
import type { Instant } from "@elevation/domain";
import { type OpenState, reasonOf } from "@elevation/provider/lifecycle";
import type { Drill, DrillOutcome } from "./drill";
import type { DrillEvent, DrillName } from "./drill-event";

/** One that failed is done again after this at the latest, in milliseconds: each try that gets so far makes a grant. */
const AGAIN = 300_000;
/** One that waits for another to end is looked at again after this, in milliseconds. */
const A_MOMENT = 2_000;

export interface DrillsOptions {
  /** As they are now. Must not throw. */
  readonly drills: () => readonly Drill[];
  readonly run: (drill: Drill, stop: AbortSignal) => Promise<DrillOutcome>;
  readonly clock: () => Instant;
  /** Told of what came of a drill. Must not throw. */
  readonly on: (event: DrillEvent) => void;
}

interface Turn {
  next: Instant;
  failures: number;
  running: Promise<void> | null;
}

/** Does each drill at its intervals, the first at once, beside all else: whoever says that it may be time never waits. */
export class Drills {
  readonly #options: DrillsOptions;
  readonly #turns = new Map<string, Turn>();
  readonly #stop = new AbortController();

  constructor(options: DrillsOptions) {
    this.#options = options;
  }

  /** Begins what is due, and forgets what is listed no more. */
  look(): void {
    if (this.#stop.signal.aborted) return;
    const now = this.#options.clock();
    const drills = this.#options.drills();
    const names = new Set(drills.map(({ name }) => name));
    for (const [name, { running }] of this.#turns) if (running === null && !names.has(name)) this.#turns.delete(name);
    for (const drill of drills) {
      const turn = this.#turns.get(drill.name) ?? { next: now, failures: 0, running: null };
      this.#turns.set(drill.name, turn);
      // A clock that was set back must not put off for hours what it would do soon.
      turn.next = Math.min(turn.next, now + drill.every);
      if (turn.running !== null || now < turn.next) continue;
      turn.running = this.#run(drill, turn, now).finally(() => {
        turn.running = null;
      });
    }
  }

  /** Begins none any more, and waits until those under way have let go of what they hold: no longer than a login or an activation takes. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#turns.values()].map(({ running }) => running));
  }

  async #run(drill: Drill, turn: Turn, begun: Instant): Promise<void> {
    const { run, clock, on } = this.#options;
    const outcome = await run(drill, this.#stop.signal).catch(
      (error: unknown): DrillOutcome => ({
        ...{ outcome: "failed", failure: "grant-failed", reason: reasonOf(error), grant: null },
      }),
    );
    const about = { drill: nameOf(drill) };
    switch (outcome.outcome) {
      case "waits":
        turn.next = clock() + A_MOMENT;
        return;
      case "stopped":
        if (outcome.grant !== null) on({ type: "drill-stopped", ...about, ...ofGrant(outcome.grant) });
        return;
      case "passed": {
        const { failures } = turn;
        turn.failures = 0;
        turn.next = begun + drill.every;
        on({ type: "drill-passed", ...about, ...ofGrant(outcome.grant), lateMs: outcome.lateMs, failures });
        return;
      }
      case "failed": {
        turn.failures++;
        turn.next = clock() + Math.min(drill.every, AGAIN);
        const { failure, reason, grant } = outcome;
        const made = grant === null ? { request: null, expiresAt: null } : ofGrant(grant);
        on({ type: "drill-failed", ...about, ...made, failure, reason, failures: turn.failures, again: turn.next });
      }
    }
  }
}

function ofGrant({ digest, expiresAt }: OpenState) {
  return { request: digest, expiresAt };
}

function nameOf({ name, requester, role, environment }: Drill): DrillName {
  return { name, requester, role, environment };
}
