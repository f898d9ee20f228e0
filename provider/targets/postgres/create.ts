// SPDX-License-Identifier: Apache-2.0
import { escapeIdentifier, escapeLiteral } from "pg";
import { GrantError } from "../../errors";
import type { Access } from "../../lifecycle/ports";
import { readBeginning } from "./beginning";
import { type Facts, readFacts } from "./catalog";
import { grantRoleOf, noteText } from "./grant-role";
import { judge } from "./judge";
import { LOCK_TIMEOUT_MS, ServerFault, type Session } from "./session";
import { tick } from "./text";

/** duplicate_object, and unique_violation where another transaction makes the same role at this moment. */
const NAME_TAKEN = ["42710", "23505"];
const NO_SUCH_ROLE = "42704";

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
  const look = async () => requireIntact(await facts(session, access, name), access, name);
  const note = noteText(access, { ...(await readBeginning(session)), timeline });
  try {
    await session.transaction(LOCK_TIMEOUT_MS, statements(session, access, name, note), look);
  } catch (error) {
    if (error instanceof ServerFault && NAME_TAKEN.includes(error.state)) {
      const where = `at connection \`${session.connection}\``;
      throw new GrantError("name-taken", `role \`${name}\` exists already ${where}; nothing was changed`, {
        cause: error,
      });
    }
    if (error instanceof GrantError || (error instanceof ServerFault && error.state === NO_SUCH_ROLE)) {
      requireNames(await facts(session, access, name), access, session.connection);
    }
    throw error;
  }
}

function facts(session: Session, { place }: Access, name: string): Promise<Facts> {
  return readFacts(session, name, place.identity, place.role);
}

function statements(session: Session, access: Access, name: string, note: string): readonly string[] {
  const [own, role, person] = [name, access.place.role, access.place.identity].map((each) => escapeIdentifier(each));
  const handsOn = session.hasOptions ? HANDS_ON : "";
  return [
    `CREATE ROLE ${own} NOLOGIN`,
    `COMMENT ON ROLE ${own} IS ${escapeLiteral(note)}`,
    `GRANT ${role} TO ${own}${handsOn}`,
    `GRANT ${own} TO ${person}${handsOn}`,
  ];
}

function requireIntact(facts: Facts, access: Access, name: string): void {
  const seen = judge(facts, access);
  if (seen.state === "intact") return;
  const details = "differences" in seen ? seen.differences.join("; ") : "it is gone";
  throw new GrantError(
    "activation-failed",
    `role \`${name}\` did not come out as made (${details}); nothing was changed`,
  );
}

/** NB. a name longer than 63 bytes would be cut by PostgreSQL to that of somebody else; it is found missing here. */
function requireNames(facts: Facts, access: Access, connection: string): void {
  const where = `at connection \`${connection}\``;
  if (facts.policyRole === null) {
    throw new GrantError("role-missing", `role ${tick(access.place.role)} does not exist ${where}; create it`);
  }
  if (facts.person === null) {
    throw new GrantError("login-missing", `login ${tick(access.place.identity)} does not exist ${where}; create it`);
  }
}
