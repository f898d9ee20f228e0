// SPDX-License-Identifier: Apache-2.0
import { GrantError } from "../../errors";
import { readNote } from "./grant-role";

/**
 * The timeline that a server writes on. PostgreSQL begins a new one when a standby is promoted or a backup is restored to
 * an instant, so it tells such a copy, whose system identifier is the same, from the server that it was copied from.
 * It doesn't tell a copy of the files that was started as it is.
 */
export interface Timeline {
  readonly current: number;
  /** The address of the connection names it: somebody has seen that what it was copied from no longer runs. */
  readonly isNamed: boolean;
}

/** Of a new cluster. */
const FIRST = 1;

/** Throws GrantError `server-changed` if the address of the connection names another timeline than the server's. */
export function requireTimeline(connection: string, current: number, named: number | null): Timeline {
  if (named === null || named === current) return { current, isNamed: named === current };
  throw new GrantError(
    "server-changed",
    `the server at connection \`${connection}\` is on timeline ${current}, the connection's address names ${named}: it was promoted or restored; see that the one that it comes from no longer runs, then write \`timeline=${current}\``,
  );
}

/**
 * The timeline of the activation, if the role's note tells another than the server's and nobody has said that this is
 * the same server: then the access may be open at the other one, whatever is done here.
 */
export function leftTimeline(comment: string | null, timeline: Timeline): number | null {
  const made = readNote(comment)?.timeline ?? null;
  return timeline.isNamed || made === timeline.current ? null : made;
}

/** Why this may be another server than that of the activation, and what settles it. */
export interface Doubt {
  readonly why: string;
  readonly fix: string;
}

/**
 * Null if it can be believed that a grant's role isn't there: a server that was never promoted or restored is no such
 * copy of another; one that was may have been copied before the role was made.
 */
export function doubtAbsence({ current, isNamed }: Timeline): Doubt | null {
  if (isNamed || current === FIRST) return null;
  return {
    why: `it is not there, but the server is on timeline ${current}, so it was promoted or restored once and may be a copy from before the grant`,
    fix: `see that it is the server of the grant, then write \`timeline=${current}\` into the connection's address`,
  };
}

/**
 * Null if a role with this comment was made here. `here` says what became of it. Otherwise the emptied role has to stay as
 * the evidence, so that every later try fails too: who drops it, or names the timeline in the connection's address, says
 * that the server which this one comes from no longer runs.
 */
export function doubtOrigin(comment: string | null, timeline: Timeline, here: string): Doubt | null {
  const made = leftTimeline(comment, timeline);
  if (made === null) return null;
  const { current } = timeline;
  return {
    why: `it was made on timeline ${made} and the server is on ${current}, so it was promoted or restored since: here ${here}, but the one that it comes from may still run`,
    fix: `see that it doesn't, then write \`timeline=${current}\` into the connection's address, or drop the role`,
  };
}
