// SPDX-License-Identifier: Apache-2.0

/** Rings once after so many milliseconds, unless what it returns was called before. */
export type Timer = (milliseconds: number, ring: () => void) => () => void;

/** The longest that a timer can wait, in milliseconds; longer ones would fire at once. */
const LONGEST = 2 ** 31 - 1;

export const systemTimer: Timer = (milliseconds, ring) => {
  const timer = setTimeout(ring, milliseconds);
  return () => clearTimeout(timer);
};

/** A sleep that can be ended before its time. */
export class Sleep {
  readonly #timer: Timer;
  #end: (() => void) | null = null;
  #isWoken = false;

  constructor(timer: Timer = systemTimer) {
    this.#timer = timer;
  }

  /** Sleeps for so many milliseconds, or until {@link wake}; not at all where that was called since the last sleep. */
  async for(milliseconds: number): Promise<void> {
    if (!this.#isWoken && milliseconds > 0) {
      await new Promise<void>((resolve) => {
        const forget = this.#timer(Math.min(milliseconds, LONGEST), resolve);
        this.#end = () => {
          forget();
          resolve();
        };
      });
    }
    this.#end = null;
    this.#isWoken = false;
  }

  wake(): void {
    this.#isWoken = true;
    this.#end?.();
  }
}
