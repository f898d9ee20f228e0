// SPDX-License-Identifier: Apache-2.0
import { GRANT_ROLE_PATTERN } from "./grant-role";
import { QUERIES, QUERIES_BEFORE_16 } from "./handed-on-query";
import type { Session } from "./session";

/** How long a grant that has ended waits for others that are ending, in milliseconds. Its access is gone: only what it left is looked for. */
const GATHERING_MS = 25;

/** What is asked of the server about one grant; oids. */
export interface Asked {
  readonly person: number | null;
  /** The policy's. */
  readonly role: number | null;
  readonly held: readonly number[];
  /** Of its baseline. */
  readonly since: readonly string[];
  readonly open: readonly string[];
}

interface Waiting {
  readonly session: Session;
  readonly asked: Asked;
  readonly settle: (mayConcern: boolean) => void;
}

/**
 * One look for all grants of a connection that end at the same time: whether anything was handed on by any of them. It
 * reads whole catalogs, so that a look for each is a third of what an end costs the server. Only a look that says no
 * is believed; otherwise each grant looks for itself. INVARIANT (looked after): a look begins after the ends of all it answers.
 */
export class SharedLooks {
  #ending = 0;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** Runs what ends a grant, and asks {@link mayConcern} once: those that end meanwhile wait for it, for a moment. */
  async whileEnding<T>(end: () => Promise<T>): Promise<T> {
    this.#ending += 1;
    try {
      return await end();
    } finally {
      this.#ending -= 1;
      this.#lookWhenAllWait();
    }
  }

  /** False if nothing that a look for this grant alone would find was there after this call. Never rejects. */
  mayConcern(session: Session, asked: Asked): Promise<boolean> {
    return new Promise((settle) => {
      this.#waiting.push({ session, asked, settle });
      this.#timer ??= setTimeout(() => this.#look(), GATHERING_MS);
      this.#lookWhenAllWait();
    });
  }

  #lookWhenAllWait(): void {
    if (this.#waiting.length > 0 && this.#waiting.length >= this.#ending) this.#look();
  }

  #look(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const together = this.#waiting.splice(0);
    // A look for one alone is a look of its own.
    const look = together.length > 1 ? isAnyConcerned(together) : Promise.resolve(true);
    // NB. a fault, perhaps of the one session that looks for all, says nothing about the others.
    void look
      .catch(() => true)
      .then((mayConcern) => {
        for (const { settle } of together) settle(mayConcern);
      });
  }
}

async function isAnyConcerned(together: readonly Waiting[]): Promise<boolean> {
  const [first] = together;
  if (first === undefined) return false;
  const asked = together.map((one) => one.asked);
  const all = <T>(of: (one: Asked) => readonly T[]): readonly T[] => [...new Set(asked.flatMap(of))];
  const roles = all(({ role }) => (role === null ? [] : [role]));
  const ways = asked.filter(({ person, role }) => person !== null && role !== null);
  const { several } = first.session.hasOptions ? QUERIES : QUERIES_BEFORE_16;
  const [row] = await first.session.rows<{ isConcerned: boolean }>(several, [
    ...[roles, all((one) => one.held), all((one) => one.since), all((one) => one.open)],
    ...[ways.map(({ person }) => person), ways.map(({ role }) => role), GRANT_ROLE_PATTERN],
  ]);
  return row?.isConcerned !== false;
}
