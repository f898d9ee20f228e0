// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import type { Instant } from "@elevation/domain";
import { reasonOf, type Visit } from "@elevation/provider/lifecycle";
import type { Drill } from "./drill";

/** How often it is looked whether the access is still there, in milliseconds: as much later than it ended it may be seen to have. */
const EVERY = 100;

/** When the access was first seen to be gone. */
export interface SeenGone {
  /** In the session that was open; null: never. */
  readonly session: Instant | null;
  /** By a new login; null: never. */
  readonly login: Instant | null;
  /** Why the last new login told nothing; null where it told something. */
  readonly fault: string | null;
  /** Why the last look in the open session told nothing; null where it told something. */
  readonly sessionFault: string | null;
}

/** Looks from an expiry on, in the open session and by new logins, until neither has the access any more, or it is time to give up, or to stop. */
export async function watchEnd(
  { enter, statement, endsWithin }: Pick<Drill, "enter" | "statement" | "endsWithin">,
  session: Visit,
  end: Instant,
  clock: () => Instant,
  stop: AbortSignal,
): Promise<SeenGone> {
  const isOver = () => stop.aborted || clock() >= end + endsWithin;
  const [open, fresh] = await Promise.all([
    watchSession(session, statement, clock, isOver),
    watchLogins(enter, statement, clock, isOver),
  ]);
  return { ...open, ...fresh };
}

async function watchSession(
  session: Visit,
  statement: string,
  clock: () => Instant,
  isOver: () => boolean,
): Promise<Pick<SeenGone, "session" | "sessionFault">> {
  let sessionFault: string | null = null;
  let cutAt: Instant | null = null;
  const cut = session.cut.then(() => {
    cutAt = clock();
  });
  while (!isOver()) {
    try {
      if (!(await session.may(statement))) return { session: clock(), sessionFault: null };
      sessionFault = null;
    } catch (error) {
      // It has been cut, or hangs, or fails for another reason than want of a right.
      sessionFault = reasonOf(error);
    }
    await Promise.race([cut, delay(EVERY)]);
    if (cutAt !== null) return { session: cutAt, sessionFault: null };
  }
  return { session: null, sessionFault };
}

async function watchLogins(
  enter: Drill["enter"],
  statement: string,
  clock: () => Instant,
  isOver: () => boolean,
): Promise<{ readonly login: Instant | null; readonly fault: string | null }> {
  let fault: string | null = null;
  while (!isOver()) {
    try {
      if (!(await mayAnew(enter, statement))) return { login: clock(), fault: null };
      fault = null;
    } catch (error) {
      fault = reasonOf(error);
    }
    await delay(EVERY);
  }
  return { login: null, fault };
}

async function mayAnew(enter: Drill["enter"], statement: string): Promise<boolean> {
  const visit = await enter();
  try {
    return await visit.may(statement);
  } finally {
    await visit.close();
  }
}
