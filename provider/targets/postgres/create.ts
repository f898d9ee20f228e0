// SPDX-License-Identifier: Apache-2.0
import { escapeIdentifier, escapeLiteral } from "pg";
import { GrantError } from "../../errors";
import type { Access } from "../../lifecycle/ports";
import { readFacts } from "./catalog";
import { grantRoleOf, noteText } from "./grant-role";
import { judge } from "./judge";
import { LOCK_TIMEOUT_MS, ServerFault, type Session } from "./session";
import { tick } from "./text";

/** undefined_object. NB. a name that PostgreSQL cut to another's is found when the grant is looked at, before it is committed. */
const UNDEFINED = "42704";
/** duplicate_object, and unique_violation where another transaction makes the same role at this moment. */
const NAME_TAKEN = ["42710", "23505"];

/**
 * How the grant's role hands on: her rights, never the role itself nor the right to pass it on. Before 16 a membership
 * has no options: whoever gets the rights may SET ROLE.
 */
const HANDS_ON = " WITH INHERIT TRUE, SET FALSE, ADMIN FALSE";

/**
 * Makes the grant's role in one transaction, which is committed only if what it sees then is exactly what we make:
 * a hook, a renamed login or a setting that changed it undoes all of it.
 */
export async function createAccess(session: Session, access: Access, timeline: number): Promise<void> {
  const name = grantRoleOf(access);
  try {
    await session.transaction(LOCK_TIMEOUT_MS, () => make(session, access, name, timeline));
  } catch (error) {
    if (error instanceof ServerFault && NAME_TAKEN.includes(error.state)) {
      const where = `at connection \`${session.connection}\``;
      throw new GrantError("name-taken", `role \`${name}\` exists already ${where}; nothing was changed`, {
        cause: error,
      });
    }
    if (error instanceof ServerFault && error.state === UNDEFINED) await requireNames(session, access);
    throw error;
  }
}

async function make(session: Session, access: Access, name: string, timeline: number): Promise<void> {
  const { identity, role } = access.place;
  const since = await oldestTransaction(session);
  const quoted = escapeIdentifier(name);
  const handsOn = session.hasOptions ? HANDS_ON : "";
  await session.rows(`CREATE ROLE ${quoted} NOLOGIN`);
  await session.rows(`COMMENT ON ROLE ${quoted} IS ${escapeLiteral(noteText(access, { since, timeline }))}`);
  await session.rows(`GRANT ${escapeIdentifier(role)} TO ${quoted}${handsOn}`);
  await session.rows(`GRANT ${quoted} TO ${escapeIdentifier(identity)}${handsOn}`);
  const seen = judge(await readFacts(session, name, identity, role), access);
  if (seen.state === "intact") return;
  const details = "differences" in seen ? seen.differences.join("; ") : "it is gone";
  throw new GrantError(
    "activation-failed",
    `role \`${name}\` did not come out as made (${details}); nothing was changed`,
  );
}

/** Says which name it was that the server doesn't know. */
async function requireNames(session: Session, access: Access): Promise<void> {
  const { identity, role } = access.place;
  const facts = await readFacts(session, grantRoleOf(access), identity, role);
  const where = `at connection \`${session.connection}\``;
  if (facts.policyRole === null) {
    throw new GrantError("role-missing", `role ${tick(access.place.role)} does not exist ${where}; create it`);
  }
  if (facts.person === null) {
    throw new GrantError("login-missing", `login ${tick(access.place.identity)} does not exist ${where}; create it`);
  }
}

/** Whoever is writing now may go on with rights of the grant in a transaction older than it: that is where the scan begins. */
async function oldestTransaction(session: Session): Promise<string> {
  const [row] = await session.rows<{ since: string }>(
    "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text AS since",
  );
  if (row === undefined) throw new Error("a query without a table gave no row");
  return row.since;
}
