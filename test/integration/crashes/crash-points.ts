// SPDX-License-Identifier: Apache-2.0
import type { EventType } from "@elevation/domain";
import type { StatementPoint } from "../../support/statement-proxy";

/** A moment in the life of one grant at which its process dies. */
export interface CrashPoint extends StatementPoint {
  readonly name: string;
  /** Not there, but as soon as the journal has an event of these types for it. */
  readonly until?: readonly EventType[];
}

/** Any message that names the grant's role: its name is a parameter of each look. */
const LOOK = /elev_[0-9a-f]{40}/;
const COMMIT = /COMMIT\0/;
const CLOCK = /clock_timestamp/;

const at = (side: "before" | "after", name: string, statement: RegExp, nth = 1): CrashPoint => ({
  ...{ side, statement, nth },
  name: `${side} ${name}`,
});
const onceJournaled = (from: CrashPoint, ...until: readonly EventType[]): CrashPoint => ({
  ...from,
  name: `once ${until.join(" or ")} is journaled`,
  until,
});

/** What an operation does to one grant, step by step. */
export const CRASH_POINTS = {
  activate: [
    at("before", "the intent", LOOK),
    onceJournaled(at("before", "the intent", LOOK), "activating"),
    at("before", "CREATE ROLE and its GRANTs", /CREATE ROLE/),
    at("after", "CREATE ROLE and its GRANTs", /CREATE ROLE/),
    at("after", "the look before COMMIT", LOOK, 3),
    at("before", "COMMIT", COMMIT),
    at("after", "COMMIT", COMMIT),
    at("before", "the last look", LOOK, 4),
    at("after", "the last look", CLOCK),
    onceJournaled(at("after", "the last look", CLOCK), "activated"),
  ],
  read: [
    at("before", "the look", LOOK),
    at("after", "the look", LOOK),
    at("before", "the clock", CLOCK),
    at("after", "the clock", CLOCK),
  ],
  end: [
    at("before", "the first look", LOOK),
    onceJournaled(at("before", "the first look", LOOK), "revoking"),
    at("before", "REVOKE from the person", /REVOKE "elev_/),
    at("after", "REVOKE from the person", /REVOKE "elev_/),
    at("before", "pg_terminate_backend", /pg_terminate_backend/),
    at("after", "pg_terminate_backend", /pg_terminate_backend/),
    at("before", "DROP ROLE", /DROP ROLE/),
    at("after", "DROP ROLE", /DROP ROLE/),
    at("before", "the look after it", LOOK, 4),
    at("after", "the last look", CLOCK),
    onceJournaled(at("after", "the last look", CLOCK), "revoked", "expired"),
  ],
} as const satisfies Record<string, readonly CrashPoint[]>;

/** Gives so many points. */
export type Deal = (count: number) => readonly CrashPoint[];

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((one, other) => one.key - other.key)
    .map(({ item }) => item);
}

/**
 * Deals points of an operation out, none a second time before all were: of several rounds each has other ones. Of those
 * that wait for the journal at most one comes in a hand: all others are held until it dies.
 */
export function dealer(points: readonly CrashPoint[], random: () => number): Deal {
  let deck: CrashPoint[] = [];
  return (count) => {
    const hand: CrashPoint[] = [];
    while (hand.length < count) {
      const isFit = ({ until, name }: CrashPoint) =>
        !hand.some((other) => other.name === name || (until !== undefined && other.until !== undefined));
      let next = deck.findIndex(isFit);
      if (next < 0) {
        deck = [...deck, ...shuffled(points, random)];
        next = deck.findIndex(isFit);
      }
      // Fewer points than the hand has places.
      if (next < 0) next = 0;
      hand.push(...deck.splice(next, 1));
    }
    return hand;
  };
}
