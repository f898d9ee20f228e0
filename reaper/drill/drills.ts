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
  /** As they are now. Where it throws, those that it told last go on. */
  readonly drills: () => readonly Drill[];
  readonly run: (drill: Drill, stop: AbortSignal) => Promise<DrillOutcome>;
  readonly clock: () => Instant;
  /** Told of what came of a drill. Must not throw. */
  readonly on: (event: DrillEvent) => void;
  /** Told of a drill that is listed no more, or not by this name, for this role or there, once it is over. Must not throw. */
  readonly gone: (drill: DrillName) => void;
}

interface Turn {
  readonly about: DrillName;
  next: Instant;
  failures: number;
  running: Promise<void> | null;
}

/** Does each drill at its intervals, the first at once, beside all else: whoever says that it may be time never waits. */
export class Drills {
  readonly #options: DrillsOptions;
  readonly #turns = new Map<string, Turn>();
  readonly #stop = new AbortController();
  #last: readonly Drill[] = [];

  constructor(options: DrillsOptions) {
    this.#options = options;
  }

  /** Begins what is due. Never throws: who looks at the grants looks on, whatever becomes of drills. */
  look(): void {
    if (this.#stop.signal.aborted) return;
    const now = this.#options.clock();
    const drills = this.#drills();
    this.#drop(drills);
    for (const drill of drills) {
      const turn = this.#turns.get(keyOf(drill)) ?? { about: nameOf(drill), next: now, failures: 0, running: null };
      this.#turns.set(keyOf(drill), turn);
      // A clock that was set back must not put off for hours what it would do soon.
      turn.next = Math.min(turn.next, now + drill.every);
      if (turn.running !== null || now < turn.next) continue;
      const isOver = () => {
        turn.running = null;
      };
      turn.running = this.#run(drill, turn, now).then(isOver, isOver);
    }
  }

  #drop(listed: readonly Drill[]): void {
    const keys = new Set(listed.map(keyOf));
    for (const [key, { about, running }] of this.#turns) {
      if (running !== null || keys.has(key)) continue;
      this.#turns.delete(key);
      this.#options.gone(about);
    }
  }

  #drills(): readonly Drill[] {
    try {
      this.#last = this.#options.drills();
    } catch {
      // What is wrong with their file is told by whoever reads it.
    }
    return this.#last;
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
        ...{ outcome: "failed", failure: "grant-failed", reason: reasonOf(error), grant: null, lateMs: null },
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
        const { failure, reason, grant, lateMs } = outcome;
        const made = grant === null ? { request: null, expiresAt: null } : ofGrant(grant);
        on({
          type: "drill-failed",
          ...about,
          ...made,
          failure,
          reason,
          lateMs,
          failures: turn.failures,
          again: turn.next,
        });
      }
    }
  }
}

function ofGrant({ digest, expiresAt }: OpenState) {
  return { request: digest, expiresAt };
}

/** One of the same name that is for another role or elsewhere is another one. */
function keyOf({ name, requester, role, environment }: Drill): string {
  return JSON.stringify([name, requester, role, environment]);
}

function nameOf({ name, requester, role, environment }: Drill): DrillName {
  return { name, requester, role, environment };
}
