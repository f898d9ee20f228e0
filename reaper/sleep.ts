// SPDX-License-Identifier: Apache-2.0

/** The longest that a timer can wait, in milliseconds; longer ones would fire at once. */
const LONGEST = 2 ** 31 - 1;

/** A sleep that can be ended before its time. */
export class Sleep {
  #end: (() => void) | null = null;
  #isWoken = false;

  /** Sleeps for so many milliseconds, or until {@link wake}; not at all where that was called since the last sleep. */
  async for(milliseconds: number): Promise<void> {
    if (!this.#isWoken && milliseconds > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(milliseconds, LONGEST));
        this.#end = () => {
          clearTimeout(timer);
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
