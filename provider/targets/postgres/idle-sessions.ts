// SPDX-License-Identifier: Apache-2.0
import type { Session } from "./session";

/** How long a session waits for the next grant, in milliseconds: a run's grants come one after the other, within moments. */
const IDLE = 1_000;
/** How many wait; a run has no more grants at work at once than this. */
const MOST = 16;

/**
 * Sessions that a grant has finished with, for the next one of the same address: opening one costs the server a process,
 * both sides a password's hash, and a run of a thousand grants half of its time. Whoever takes one asks the server again
 * who it is. One that saw a fault is never kept. They keep no process alive, and none for longer than a second.
 */
export class IdleSessions {
  readonly #idle = new Map<string, { readonly session: Session; readonly timer: NodeJS.Timeout }[]>();

  take(key: string): Session | null {
    const waiting = this.#idle.get(key)?.pop();
    if (waiting === undefined) return null;
    clearTimeout(waiting.timer);
    waiting.session.ref();
    return waiting.session;
  }

  async keep(key: string, session: Session): Promise<void> {
    const waiting = this.#idle.get(key) ?? [];
    if (session.isFaulty || waiting.length >= MOST) return session.close();
    this.#idle.set(key, waiting);
    session.unref();
    const timer = setTimeout(() => {
      const at = waiting.findIndex((one) => one.session === session);
      if (at >= 0) waiting.splice(at, 1);
      void session.close();
    }, IDLE);
    timer.unref();
    waiting.push({ session, timer });
  }
}
