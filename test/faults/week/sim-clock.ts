// SPDX-License-Identifier: Apache-2.0
import type { Instant } from "@elevation/domain";
import type { Timer } from "@elevation/reaper";

interface Alarm {
  readonly at: Instant;
  readonly ring: () => void;
}

/** A clock on which a week passes in seconds: time stands still while anybody is at work, and then goes on to the next alarm. */
export class SimClock {
  now: Instant;
  readonly #alarms = new Set<Alarm>();

  constructor(now: Instant) {
    this.now = now;
  }

  readonly timer: Timer = (milliseconds, ring) => {
    const alarm = { at: this.now + milliseconds, ring };
    this.#alarms.add(alarm);
    return () => void this.#alarms.delete(alarm);
  };

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.timer(milliseconds, resolve));
  }

  /** Lets time pass up to an instant; `look` is called whenever all is quiet, before time goes on. */
  async advanceTo(instant: Instant, look: () => Promise<void>): Promise<void> {
    for (let next = this.#next(); next !== null && next.at <= instant; next = this.#next()) {
      this.now = Math.max(this.now, next.at);
      this.#alarms.delete(next);
      next.ring();
      await this.quiet();
      await look();
    }
    this.now = instant;
  }

  /** Until nobody is at work: nothing in a world in memory waits for more than promises, and those are all served within a turn. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #next(): Alarm | null {
    let next: Alarm | null = null;
    for (const alarm of this.#alarms) if (next === null || alarm.at < next.at) next = alarm;
    return next;
  }
}
