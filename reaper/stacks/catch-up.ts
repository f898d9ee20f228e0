// SPDX-License-Identifier: Apache-2.0
import type { Instant } from "@elevation/domain";
import { reasonOf } from "@elevation/provider/lifecycle";
import { type queueAsPromised, promise as queueOf } from "fastq";
import { pauseAfter } from "../backoff";

export type StacksEvent =
  /** A stack may hold what has ended: it is looked at soon. */
  | { readonly type: "stack-wanted"; readonly stack: string }
  /** A stack holds nothing any more that had ended; so many resources left it, after so many failures in a row. */
  | { readonly type: "stack-caught-up"; readonly stack: string; readonly forgotten: number; readonly failures: number }
  /** A stack may still hold what has ended; `failures` in a row, and when it is tried again. */
  | {
      readonly type: "stack-behind";
      readonly stack: string;
      readonly reason: string;
      readonly failures: number;
      readonly again: Instant;
    }
  /** The backend doesn't know the stack, so that nothing of it is behind. `isNews`: when it was last looked at, that was not so. */
  | { readonly type: "stack-unmade"; readonly stack: string; readonly isNews: boolean };

export interface CatchUpOptions {
  /** Lets a stack forget what has ended; how many resources left it; null: there is no such stack. Rejects with why it could not. */
  readonly forget: (stack: string) => Promise<number | null>;
  /** On how many stacks at the same time. */
  readonly atOnce: number;
  /** How long more ends are waited for, so that one run of the engine serves many, in milliseconds. */
  readonly gather: number;
  readonly clock: () => Instant;
  /** Runs something after so many milliseconds; returns what calls it off. */
  readonly later: (milliseconds: number, run: () => void) => () => void;
  /** At least 0, below 1: spreads what is tried again. */
  readonly random: () => number;
  /** Told of what happens, in its order. Must not throw. */
  readonly on: (event: StacksEvent) => void;
}

/** A stack that is behind, or may be. */
interface Behind {
  failures: number;
  /** What has ended since its run began: it is looked at once more. */
  isWantedAgain: boolean;
  /** Null while it runs, or stands in the queue. */
  callOff: (() => void) | null;
}

/**
 * Lets stacks forget what has ended, beside whatever ends it: one run at a time on each stack, which serves all that ended meanwhile, on
 * a bounded number of stacks at the same time. A stack that is locked or broken is tried again with pauses that grow to a minute, without
 * end, and holds up no other. One that isn't made is left until it is wanted again.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #queue: queueAsPromised<string>;
  readonly #behind = new Map<string, Behind>();
  readonly #working = new Set<Promise<void>>();
  readonly #unmade = new Set<string>();
  #isStopped = false;

  constructor(options: CatchUpOptions) {
    this.#options = options;
    this.#queue = queueOf((stack: string) => this.#run(stack), options.atOnce);
  }

  /** Has a stack looked at: something of it has ended, or may have. */
  want(stack: string): void {
    if (this.#isStopped) return;
    const known = this.#behind.get(stack);
    if (known === undefined) {
      this.#behind.set(stack, { failures: 0, isWantedAgain: false, callOff: null });
      this.#options.on({ type: "stack-wanted", stack });
      this.#runIn(stack, this.#options.gather);
    } else if (known.callOff === null) {
      known.isWantedAgain = true;
    }
  }

  /** Begins no run any more, and waits for those that have begun: a run that is cut off would leave its lock behind. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { callOff } of this.#behind.values()) callOff?.();
    await Promise.all(this.#working);
  }

  #runIn(stack: string, milliseconds: number): void {
    const known = this.#behind.get(stack);
    if (known === undefined || this.#isStopped) return;
    known.callOff = this.#options.later(milliseconds, () => {
      known.callOff = null;
      const work = this.#queue.push(stack);
      this.#working.add(work);
      void work.finally(() => this.#working.delete(work));
    });
  }

  async #run(stack: string): Promise<void> {
    const known = this.#behind.get(stack);
    if (known === undefined || this.#isStopped) return;
    known.isWantedAgain = false;
    try {
      const forgotten = await this.#options.forget(stack);
      if (forgotten === null) return this.#leave(stack);
      this.#unmade.delete(stack);
      const { failures } = known;
      known.failures = 0;
      if (!known.isWantedAgain) this.#behind.delete(stack);
      this.#options.on({ type: "stack-caught-up", stack, forgotten, failures });
      if (!known.isWantedAgain) return;
      this.#options.on({ type: "stack-wanted", stack });
      this.#runIn(stack, this.#options.gather);
    } catch (error) {
      known.failures++;
      const pause = pauseAfter(known.failures, this.#options.random());
      const again = this.#options.clock() + pause;
      this.#options.on({ type: "stack-behind", stack, reason: reasonOf(error), failures: known.failures, again });
      this.#runIn(stack, pause);
    }
  }

  #leave(stack: string): void {
    this.#behind.delete(stack);
    const isNews = !this.#unmade.has(stack);
    this.#unmade.add(stack);
    this.#options.on({ type: "stack-unmade", stack, isNews });
  }
}
