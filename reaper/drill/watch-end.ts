// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import type { Instant } from "@elevation/domain";
import type { Visit } from "@elevation/provider/lifecycle";
import { type Drill, DrillFault, failsAs } from "./drill";

/** How often it is looked whether the access is still there, in milliseconds: as much later than it ended it may be seen to have. */
const EVERY = 100;

/** What looks in one place saw. */
export interface Seen {
  /** When the access was first seen to be gone; null: never. */
  readonly gone: Instant | null;
  /** When the last look began that, after the end, saw it; null: none did. */
  readonly there: Instant | null;
  /** Why the last look told nothing; null where it told something. */
  readonly fault: DrillFault | null;
}

export interface SeenEnd {
  /** In the session that was open. */
  readonly session: Seen;
  /** By new logins. */
  readonly login: Seen;
}

/** Looks from an expiry on, in the open session and by new logins, until neither has the access any more, or it is time to give up, or to stop. */
export async function watchEnd(
  { enter, statement, endsWithin }: Pick<Drill, "enter" | "statement" | "endsWithin">,
  session: Visit,
  end: Instant,
  clock: () => Instant,
  stop: AbortSignal,
): Promise<SeenEnd> {
  const isOver = () => stop.aborted || clock() >= end + endsWithin;
  const cut = session.cut.then(clock);
  const inSession = () => session.may(statement).catch(failsAs("probe-failed"));
  const [open, fresh] = await Promise.all([
    watch(inSession, cut, end, clock, isOver),
    watch(() => mayAnew(enter, statement), null, end, clock, isOver),
  ]);
  return { session: open, login: fresh };
}

/** `may` rejects with a DrillFault where it can't be told; `cut`: resolves with when nothing is left to look at. */
async function watch(
  may: () => Promise<boolean>,
  cut: Promise<Instant> | null,
  end: Instant,
  clock: () => Instant,
  isOver: () => boolean,
): Promise<Seen> {
  let there: Instant | null = null;
  let fault: DrillFault | null = null;
  while (!isOver()) {
    const begun = clock();
    try {
      if (!(await may())) return { gone: clock(), there, fault: null };
      fault = null;
      if (begun >= end) there = begun;
    } catch (error) {
      if (!(error instanceof DrillFault)) throw error;
      // A session that was cut fails as well, and is told apart by that.
      fault = error;
    }
    const cutAt = await Promise.race([...(cut === null ? [] : [cut]), delay(EVERY, null)]);
    if (cutAt !== null) return { gone: cutAt, there, fault: null };
  }
  return { gone: null, there, fault };
}

async function mayAnew(enter: Drill["enter"], statement: string): Promise<boolean> {
  const visit = await enter().catch(failsAs("login-failed"));
  try {
    return await visit.may(statement).catch(failsAs("probe-failed"));
  } finally {
    await visit.close();
  }
}
