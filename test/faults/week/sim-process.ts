// SPDX-License-Identifier: Apache-2.0
import type { Instant, Judge } from "@elevation/domain";
import { Journal } from "@elevation/journal";
import { GrantError, type World } from "@elevation/provider/lifecycle";
import type { SimClock } from "./sim-clock";
import { type SimJournal, storeOf } from "./sim-store";
import { type SimTargets, targetOf } from "./sim-targets";

/** What all processes of a simulated world share. */
export interface Machine {
  readonly clock: SimClock;
  readonly journal: SimJournal;
  readonly journalId: string;
  readonly targets: SimTargets;
  /** How far the machine's clock is ahead of the servers', in milliseconds. */
  readonly skew: () => number;
}

/** A process that can be killed at any of its calls: then nothing that it waits for comes back, and nothing more leaves it. */
export class SimProcess {
  readonly world: World;
  isDead = false;
  #tellDead: () => void = () => undefined;
  readonly #died = new Promise<void>((resolve) => {
    this.#tellDead = resolve;
  });
  #calls = 0;
  readonly #diesAt: number;

  /** `diesAt`: the call to a target or the journal that is its last, from 1 on; it has its effect or not, as that is odd or even. */
  constructor(machine: Machine, judge: Judge, diesAt = Number.POSITIVE_INFINITY) {
    this.#diesAt = diesAt;
    const { clock, journal, journalId, targets, skew } = machine;
    const alive = <T>(call: () => T | Promise<T>): Promise<T> => this.#alive(call);
    let opened: Promise<Journal> | null = null;
    const open = () =>
      Journal.open(storeOf(journal, alive), journalId).catch((error: Error) => {
        opened = null;
        throw new GrantError("journal-untrusted", error.message, { cause: error });
      });
    this.world = {
      clock: (): Instant => clock.now + skew(),
      judge: () => judge,
      journal: () => {
        opened ??= open();
        return opened;
      },
      targets: new Map([["postgres", targetOf(targets, alive)]]),
      environments: () => ["production", "staging"],
      anchorProblems: () => [],
      actor: { kind: "job", key: "unverified" },
      say: () => undefined,
    };
  }

  kill(): void {
    this.isDead = true;
    this.#tellDead();
  }

  /** Resolves when the work is done, or can't be any more. */
  async unlessDead(work: () => Promise<void>): Promise<void> {
    await Promise.race([work(), this.#died]);
  }

  async #alive<T>(call: () => T | Promise<T>): Promise<T> {
    this.#calls += 1;
    if (this.#calls === this.#diesAt) {
      if (this.#diesAt % 2 === 1) await call();
      this.kill();
    }
    if (this.isDead) return forever();
    try {
      const result = await call();
      return this.isDead ? forever() : result;
    } catch (error) {
      if (this.isDead) return forever();
      throw error;
    }
  }
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
}
