// SPDX-License-Identifier: Apache-2.0
import { escapeIdentifier } from "pg";
import { BOOTSTRAP_SUPERUSER } from "./catalog";
import { GRANT_ROLE_PATTERN, grantRoleName, isDigest, readNote } from "./grant-role";
import { ServerFault, type Session } from "./session";
import { leftTimeline, type Timeline } from "./timeline";

/** An emptied role that stays gives nobody anything, so nobody waits for it: the next sweep tries again. */
const DROP_LOCK_TIMEOUT_MS = 1_000;
/** One that still gives the access is emptied first if it can't be dropped at once. */
export const AT_ONCE_MS = 100;
const UNDEFINED_ROLE = "42704";

/**
 * Drops a grant's role, in a transaction of its own; memberships in it end with it, whoever granted them. Returns why it
 * could not be dropped, or null. Objects that name it (a right granted to it) or a transaction that is granting one keep it.
 */
export async function dropRole(
  session: Session,
  name: string,
  lockTimeoutMs = DROP_LOCK_TIMEOUT_MS,
): Promise<string | null> {
  try {
    await session.alone(lockTimeoutMs, `DROP ROLE ${escapeIdentifier(name)}`);
    return null;
  } catch (error) {
    if (!(error instanceof ServerFault)) throw error;
    if (error.state === UNDEFINED_ROLE) return null;
    return error.detail === "" ? error.message : `${error.message}, ${error.detail}`;
  }
}

const OURS = `EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.roleid = g.oid AND m.member = me.oid
               AND m.grantor = ${BOOTSTRAP_SUPERUSER} AND m.admin_option)`;

const EMPTIED = (ours: string) => `
SELECT g.rolname AS name, pg_catalog.shobj_description(g.oid, 'pg_authid') AS comment FROM pg_catalog.pg_roles g JOIN pg_catalog.pg_roles me ON me.rolname = current_user
WHERE g.rolname::text ~ $1
  AND ${ours}
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member = g.oid)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.roleid = g.oid
                  AND NOT (m.member = me.oid AND m.grantor = ${BOOTSTRAP_SUPERUSER}))
ORDER BY g.rolname`;

/**
 * Drops the grants' roles that earlier revocations had to leave, emptied; returns the names of those dropped. One that was
 * made on another timeline stays: it is what keeps its grant from being called ended.
 */
export async function sweepRoles(session: Session, timeline: Timeline): Promise<readonly string[]> {
  const dropped: string[] = [];
  const sql = EMPTIED(session.hasOptions ? OURS : "true");
  for (const { name, comment } of await session.rows<{ name: string; comment: string | null }>(sql, [
    GRANT_ROLE_PATTERN,
  ])) {
    // Before 16 nothing but its note tells whose an emptied role is.
    if (!session.hasOptions && !isNoteOf(comment, name)) continue;
    if (leftTimeline(comment, timeline) !== null) continue;
    if ((await dropRole(session, name)) === null) dropped.push(name);
  }
  return dropped;
}

function isNoteOf(comment: string | null, name: string): boolean {
  const digest = readNote(comment)?.digest;
  return digest !== undefined && isDigest(digest) && grantRoleName(digest) === name;
}
