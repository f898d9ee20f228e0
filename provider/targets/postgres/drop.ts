// SPDX-License-Identifier: Apache-2.0
import { escapeIdentifier } from "pg";
import { type Look, ServerFault, type Session } from "./session";

/** An emptied role that stays gives nobody anything, so nobody waits for it: the next sweep tries again. */
const DROP_LOCK_TIMEOUT_MS = 1_000;
/** One that still gives the access is emptied first if it can't be dropped at once. */
const AT_ONCE_MS = 100;
const UNDEFINED_ROLE = "42704";

/**
 * Drops a grant's role, in a transaction of its own; memberships in it end with it, whoever granted them. Returns why it
 * could not be dropped, or null. Objects that name it (a right granted to it) or a transaction that is granting one keep it.
 */
export async function dropRole(session: Session, name: string): Promise<string | null> {
  try {
    await session.alone(DROP_LOCK_TIMEOUT_MS, dropOf(name));
    return null;
  } catch (error) {
    if (!(error instanceof ServerFault)) throw error;
    if (error.state === UNDEFINED_ROLE) return null;
    return error.detail === "" ? error.message : `${error.message}, ${error.detail}`;
  }
}

/**
 * Drops a grant's role as {@link dropRole} does, if that can be done at once, and looks at what is there then. Returns the rows of each look; null
 * where it failed: then nobody knows whether the role is gone.
 */
export async function dropAtOnce(
  session: Session,
  name: string,
  looks: readonly Look[],
): Promise<readonly unknown[][] | null> {
  try {
    return await session.aloneThen(AT_ONCE_MS, dropOf(name), looks);
  } catch (error) {
    if (!(error instanceof ServerFault)) throw error;
    return null;
  }
}

function dropOf(name: string): string {
  return `DROP ROLE ${escapeIdentifier(name)}`;
}
