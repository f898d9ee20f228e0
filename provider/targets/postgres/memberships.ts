// SPDX-License-Identifier: Apache-2.0
import { escapeIdentifier } from "pg";
import type { Membership } from "./catalog";
import { LOCK_TIMEOUT_MS, ServerFault, type Session } from "./session";
import { tick } from "./text";

/** The role or the membership is gone already, or another process takes it away at this moment. */
const GONE = ["42704", "XX000"];

/**
 * Takes one membership away, in a transaction of its own, with all that was handed on by it. Returns why it could not
 * be, or null. From 16 on PostgreSQL keeps memberships by grantor: only those of a grantor whose rights our login has can be taken.
 */
export async function revokeMembership(session: Session, row: Membership): Promise<string | null> {
  const by = row.grantor === null || !session.hasOptions ? "" : ` GRANTED BY ${escapeIdentifier(row.grantor)}`;
  const sql = `REVOKE ${escapeIdentifier(row.role)} FROM ${escapeIdentifier(row.member)}${by} CASCADE`;
  try {
    await session.alone(LOCK_TIMEOUT_MS, sql);
    return null;
  } catch (error) {
    if (!(error instanceof ServerFault)) throw error;
    if (GONE.includes(error.state)) return null;
    return `role ${tick(row.role)} could not be revoked from ${tick(row.member)}: ${error.message}`;
  }
}
