// SPDX-License-Identifier: Apache-2.0
import { escapeIdentifier, escapeLiteral } from "pg";
import { GrantError } from "../../errors";
import type { Access } from "../../lifecycle/ports";
import { type Facts, proofs, readFacts } from "./catalog";
import { grantRoleOf, noteText, readNote } from "./grant-role";
import { type Holder, readHolders } from "./holders";
import { extraRows, judge, ownRows } from "./judge";
import { revokeMembership } from "./memberships";
import { LOCK_TIMEOUT_MS, ServerFault, type Session } from "./session";
import { endSessions } from "./sessions";

/**
 * Takes away what `judge` calls wider, ends the sessions of those who had it by that, and observes that it is gone.
 * Throws GrantError `name-taken` if the role isn't ours, `rights-missing` if something is left.
 */
export async function cutBackAccess(session: Session, access: Access, timeline: number): Promise<void> {
  const name = grantRoleOf(access);
  const { identity, role } = access.place;
  const facts = await readFacts(session, name, identity, role);
  const seen = judge(facts, access);
  if (seen.state === "foreign") {
    throw new GrantError("name-taken", `${seen.differences.join("; ")}; nothing was changed`);
  }
  if (facts.role === null || seen.state === "absent" || seen.state === "intact") return;
  const before = await readHolders(session, facts);
  const failures = await takeAway(session, access, facts, name, timeline);
  await endSessions(session, await cutOff(session, access, before));
  const after = judge(await readFacts(session, name, identity, role), access);
  if (after.state === "intact" || after.state === "absent") return;
  // What is damaged stays so: ending it is somebody else's decision. Its wider part is named with it, if there is any.
  if (after.state === "damaged" && failures.length === 0) return;
  const left = [...("differences" in after ? after.differences : []), ...failures].join("; ");
  throw new GrantError(
    "rights-missing",
    `role \`${name}\` could not be cut back: ${left}; let a superuser take it away`,
  );
}

async function takeAway(
  session: Session,
  access: Access,
  facts: Facts,
  name: string,
  timeline: number,
): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const row of extraRows(facts, access)) {
    const failure = await revokeMembership(session, row);
    if (failure !== null) failures.push(failure);
  }
  for (const sql of resets(access, facts, name, timeline)) {
    try {
      await session.alone(LOCK_TIMEOUT_MS, sql);
    } catch (error) {
      if (!(error instanceof ServerFault)) throw error;
      failures.push(error.message);
    }
  }
  return failures;
}

/** Options, attributes and the note, as `create` makes them; only what differs is touched. */
function resets(access: Access, facts: Facts, name: string, timeline: number): readonly string[] {
  const quoted = escapeIdentifier(name);
  const statements: string[] = [];
  for (const row of Object.values(ownRows(facts, access))) {
    const [role, member] = [escapeIdentifier(row.role), escapeIdentifier(row.member)];
    if (row.admin) statements.push(`REVOKE ADMIN OPTION FOR ${role} FROM ${member} CASCADE`);
    if (row.set && facts.hasOptions) statements.push(`REVOKE SET OPTION FOR ${role} FROM ${member}`);
  }
  for (const attribute of facts.role?.attributes ?? []) statements.push(`ALTER ROLE ${quoted} NO${attribute}`);
  if (facts.role?.hasValidUntil === true) statements.push(`ALTER ROLE ${quoted} VALID UNTIL 'infinity'`);
  const comment = facts.role?.comment ?? null;
  const found = readNote(comment);
  const since = found?.since ?? proofs(facts)[0]?.xmin ?? "3";
  const note = noteText(access, { since, open: found?.open ?? [], timeline: found?.timeline ?? timeline });
  if (comment !== note) statements.push(`COMMENT ON ROLE ${quoted} IS ${escapeLiteral(note)}`);
  return statements;
}

/** Logins that had the access and have it no more; the person keeps sessions, for the grant goes on. */
async function cutOff(session: Session, access: Access, before: readonly Holder[]): Promise<readonly number[]> {
  const { place } = access;
  const facts = await readFacts(session, grantRoleOf(access), place.identity, place.role);
  const now = await readHolders(session, facts);
  const kept = new Set(now.filter((holder) => holder.oid !== facts.role?.oid).map((holder) => holder.oid));
  return before.filter((holder) => !holder.isSuperuser && !kept.has(holder.oid)).map((holder) => holder.oid);
}
