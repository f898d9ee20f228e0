// SPDX-License-Identifier: Apache-2.0
import { escapeIdentifier } from "pg";
import { BOOTSTRAP_SUPERUSER } from "./catalog";
import { GRANT_ROLE_PATTERN } from "./grant-role";
import { ServerFault, type Session } from "./session";

/** An emptied role that stays gives nobody anything, so nobody waits for it: the next sweep tries again. */
const DROP_LOCK_TIMEOUT_MS = 1_000;
const UNDEFINED_ROLE = "42704";

/**
 * Drops a grant's role, in a transaction of its own; memberships in it end with it, whoever granted them. Returns why it
 * could not be dropped, or null. Objects that name it (a right granted to it) or a transaction that is granting one keep it.
 */
export async function dropRole(session: Session, name: string): Promise<string | null> {
  try {
    await session.transaction(DROP_LOCK_TIMEOUT_MS, () => session.rows(`DROP ROLE ${escapeIdentifier(name)}`));
    return null;
  } catch (error) {
    if (!(error instanceof ServerFault)) throw error;
    if (error.state === UNDEFINED_ROLE) return null;
    return error.detail === "" ? error.message : `${error.message}, ${error.detail}`;
  }
}

const EMPTIED = `
SELECT g.rolname AS name FROM pg_catalog.pg_roles g JOIN pg_catalog.pg_roles me ON me.rolname = current_user
WHERE g.rolname::text ~ $1
  AND EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.roleid = g.oid AND m.member = me.oid
              AND m.grantor = ${BOOTSTRAP_SUPERUSER} AND m.admin_option)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member = g.oid)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.roleid = g.oid
                  AND NOT (m.member = me.oid AND m.grantor = ${BOOTSTRAP_SUPERUSER}))
ORDER BY g.rolname`;

/** Drops the grants' roles that earlier revocations had to leave, emptied; returns the names of those dropped. */
export async function sweepRoles(session: Session): Promise<readonly string[]> {
  const dropped: string[] = [];
  for (const { name } of await session.rows<{ name: string }>(EMPTIED, [GRANT_ROLE_PATTERN])) {
    if ((await dropRole(session, name)) === null) dropped.push(name);
  }
  return dropped;
}
