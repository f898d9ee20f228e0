// SPDX-License-Identifier: Apache-2.0
import type { Instant } from "@elevation/domain";
import type { ReaperEvent } from "./reaper";

/** Somebody who is told that a reaper lives. */
export interface Listener {
  /** Names it in messages. */
  readonly name: string;
  /** Tells it; `stopped`: for the last time. Rejects with what went wrong. */
  tell(at: Instant, stopped: boolean): Promise<void>;
  /** Whether it is told of the end, too. */
  readonly hearsOfTheEnd: boolean;
}

/** How long the last word may take, in milliseconds. */
const PATIENCE = 5_000;

/**
 * Tells listeners at each interval that a reaper lives, as long as it does what it is there for: only right after it has read a
 * journal that it can trust. So silence means that it is dead, hangs, or is blind. Holds up nothing, and never throws.
 */
export class Pulse {
  readonly #every: number;
  readonly #listeners: readonly Listener[];
  readonly #say: (line: string) => void;
  readonly #busy = new Map<Listener, Promise<void>>();
  readonly #failing = new Set<Listener>();
  #isTrusted = true;
  #toldAt: Instant | null = null;

  /** `every`: in milliseconds. `say`: told once that a listener can't be told, and once that it can again. */
  constructor(every: number, listeners: readonly Listener[], say: (line: string) => void) {
    this.#every = every;
    this.#listeners = listeners;
    this.#say = say;
  }

  note(event: ReaperEvent, at: Instant): void {
    if (event.type === "journal") this.#isTrusted = event.reason === null;
    if (event.type !== "looked" || !this.#isTrusted) return;
    const told = this.#toldAt;
    // A clock that was set back must not make it silent.
    if (told !== null && at >= told && at < told + this.#every) return;
    this.#toldAt = at;
    for (const listener of this.#listeners) this.#tell(listener, at, false);
  }

  /** The last word, where there was a first. */
  async stop(at: Instant): Promise<void> {
    if (this.#toldAt === null) return;
    const last = this.#listeners.filter(({ hearsOfTheEnd }) => hearsOfTheEnd);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE);
    });
    await Promise.race([
      late,
      (async () => {
        await Promise.all(this.#busy.values());
        for (const listener of last) this.#tell(listener, at, true);
        await Promise.all(this.#busy.values());
      })(),
    ]);
    clearTimeout(timer);
  }

  #tell(listener: Listener, at: Instant, stopped: boolean): void {
    // One that is slow is told less often, not more and more at once.
    if (this.#busy.has(listener)) return;
    const told = listener.tell(at, stopped).then(
      () => {
        if (this.#failing.delete(listener)) this.#say(`${listener.name} hears again that this reaper lives`);
      },
      (error: unknown) => {
        if (this.#failing.has(listener)) return;
        this.#failing.add(listener);
        const reason = error instanceof Error ? error.message : String(error);
        this.#say(`${listener.name} does not hear that this reaper lives, and is told again: ${reason}`);
      },
    );
    this.#busy.set(
      listener,
      told.finally(() => this.#busy.delete(listener)),
    );
  }
}
