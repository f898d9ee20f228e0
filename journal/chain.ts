// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent } from "@elevation/domain";
import { dataDigest, eventHash, type ShapedEvent, shapeProblem } from "./event-line";
import { GENESIS, type Head } from "./store";

/** Where a chain stops to verify, and why. */
export interface ChainProblem {
  /** The place in the chain, counted from 1: what the event's `seq` should be. */
  readonly seq: number;
  /** As in "event 7: its `hash` is not that of its fields". */
  readonly message: string;
}

/**
 * Verifies a chain from its start, or the part of it that follows `after` (already verified). Null: everything holds.
 * Without `data` and `salt` (an export) everything but the data is verified. An empty list verifies: that a chain was
 * cut at its end can only be told by who has seen more of it (the witness, `JournalView.has`).
 */
export function verifyChain(events: readonly JournalEvent[], after: Head = GENESIS): ChainProblem | null {
  return firstProblem(events, after, (event, prev) => shapeProblem(event) ?? linkProblem(event, prev));
}

/** {@link verifyChain} of events that `parseLine` gave: their shape is not looked at again. */
export function verifyLinks(events: readonly ShapedEvent[], after: Head = GENESIS): ChainProblem | null {
  return firstProblem(events, after, linkProblem);
}

function firstProblem<E extends JournalEvent>(
  events: readonly E[],
  after: Head,
  problemOf: (event: E, prev: Head) => string | null,
): ChainProblem | null {
  let head = after;
  for (const event of events) {
    const problem = problemOf(event, head);
    if (problem !== null) return { seq: head.seq + 1, message: `event ${head.seq + 1}: ${problem}` };
    head = { seq: event.seq, hash: event.hash };
  }
  return null;
}

function linkProblem(event: JournalEvent, prev: Head): string | null {
  if (event.seq !== prev.seq + 1) return `its \`seq\` is ${event.seq}`;
  if (event.prev !== prev.hash) return "its `prev` is not the `hash` of the event before it";
  if (event.hash !== eventHash(event)) return "its `hash` is not that of its fields";
  if (event.salt !== undefined && event.digest !== dataDigest(event.salt, event.data)) {
    return "its `digest` is not that of its data";
  }
  if ((event.type === "opened") !== (event.seq === 1)) {
    return event.seq === 1 ? `it is \`${event.type}\`, not \`opened\`` : "it opens a journal that is open already";
  }
  return null;
}
