// SPDX-License-Identifier: Apache-2.0
import { formatInstant } from "@elevation/domain";
import type { Access, Observation } from "../../lifecycle/ports";
import { BOOTSTRAP_SUPERUSER, type Facts, isEmptied, type Membership, membersBesideMaker, proofs } from "./catalog";
import { grantRoleOf, noteText, readNote } from "./grant-role";
import { tick } from "./text";

/**
 * What is seen under a grant's name, judged. The first line that fits decides; docs/postgres.md shows the same table.
 *
 * | state   | when |
 * |---------|------|
 * | absent  | no such role; or one that we made, without members and without any role |
 * | foreign | its maker isn't our login: PostgreSQL's own row (member = our login, ADMIN, grantor = bootstrap superuser) is missing; before 16: no membership of it is by a grant of our login, and it isn't emptied with our note |
 * | foreign | we made it, but its comment is no note of ours, or holds another digest |
 * | damaged | the person is no member by our grant, or without INHERIT; it is no member of the policy's role by our grant, or without INHERIT; the note names an earlier expiry |
 * | wider   | another member, or the person by another's grant too; another role, or the policy's by another's grant too; ADMIN or SET on one of the two; an attribute (LOGIN, CREATEDB, …) or VALID UNTIL; the note names a later expiry or was rewritten |
 * | intact  | exactly as `create` makes it |
 *
 * INVARIANT (nothing-foreign-adopted): `intact`, `wider` and `damaged` all need a row that only PostgreSQL itself, our
 * login or a superuser can write ({@link proofs}), and a note with the full digest.
 */
export function judge(facts: Facts, access: Access): Observation {
  const { role } = facts;
  const name = grantRoleOf(access);
  if (role === null) return { state: "absent" };
  if (!isOurs(facts, access)) return { state: "foreign", differences: [notMadeByUs(facts, name)] };
  if (isEmptied(facts)) return { state: "absent" };
  if (!bearsNote(facts, access)) {
    return { state: "foreign", differences: [`the comment of role ${tick(name)} is not the note of this grant`] };
  }
  const missing = missingOf(facts, access);
  const extra = extraOf(facts, access);
  if (missing.length > 0) return { state: "damaged", differences: [...missing, ...extra] };
  return extra.length > 0 ? { state: "wider", differences: extra } : { state: "intact" };
}

/** Whether our login made what stands there. Before 16 an emptied role is known by its note alone: it gives nobody anything. */
export function isOurs(facts: Facts, access: Access): boolean {
  return proofs(facts).length > 0 || (!facts.hasOptions && isEmptied(facts) && bearsNote(facts, access));
}

/** Whether the comment is a note with this grant's digest. */
export function bearsNote({ role }: Facts, access: Access): boolean {
  return readNote(role?.comment ?? null)?.digest === access.digest;
}

export function notMadeByUs(facts: Facts, name: string): string {
  if (!facts.hasOptions) return `role ${tick(name)} has no membership by a grant of ${tick(facts.me.name)}`;
  const maker = facts.role?.members.find((row) => row.grantorOid === BOOTSTRAP_SUPERUSER && row.admin)?.member;
  const who = maker === undefined ? "a superuser or a login that is gone" : tick(maker);
  return `role ${tick(name)} was made by ${who}, not by ${tick(facts.me.name)}`;
}

/** The rows that `create` makes: the person's membership, and that in the policy's role. */
export function ownRows(facts: Facts, access: Access): { person?: Membership; policyRole?: Membership } {
  const byUs = (row: Membership) => row.grantorOid === facts.me.oid;
  const person = membersBesideMaker(facts).find((row) => byUs(row) && row.member === access.place.identity);
  const policyRole = facts.role?.roles.find((row) => byUs(row) && row.role === access.place.role);
  return { ...(person === undefined ? {} : { person }), ...(policyRole === undefined ? {} : { policyRole }) };
}

/** Memberships that `create` doesn't make. */
export function extraRows(facts: Facts, access: Access): readonly Membership[] {
  const { person, policyRole } = ownRows(facts, access);
  return [...membersBesideMaker(facts), ...(facts.role?.roles ?? [])].filter(
    (row) => row !== person && row !== policyRole,
  );
}

function missingOf(facts: Facts, access: Access): readonly string[] {
  const { person, policyRole } = ownRows(facts, access);
  const { identity, role } = access.place;
  const name = tick(grantRoleOf(access));
  const found: string[] = [];
  if (person === undefined) found.push(`${tick(identity)} is no member of ${name} any more`);
  else if (!person.inherit) found.push(`${tick(identity)} does not inherit from ${name} any more`);
  if (policyRole === undefined) found.push(`${name} is no member of ${tick(role)} any more`);
  else if (!policyRole.inherit) found.push(`${name} does not inherit from ${tick(role)} any more`);
  const expiresAt = readNote(facts.role?.comment ?? null)?.expiresAt ?? access.expiresAt;
  if (expiresAt < access.expiresAt) found.push(expiryDiffers(name, expiresAt, access));
  return found;
}

function extraOf(facts: Facts, access: Access): readonly string[] {
  const name = tick(grantRoleOf(access));
  const found = extraRows(facts, access).map(
    (row) =>
      `${tick(row.member)} is a member of ${tick(row.role)} by a grant of ${tick(row.grantor ?? "a role that is gone")}`,
  );
  for (const row of Object.values(ownRows(facts, access))) {
    if (row.admin) found.push(`${tick(row.member)} has ADMIN on ${tick(row.role)}`);
    if (row.set && facts.hasOptions) found.push(`${tick(row.member)} can set role ${tick(row.role)}`);
  }
  for (const attribute of facts.role?.attributes ?? []) found.push(`${name} has ${attribute}`);
  if (facts.role?.hasValidUntil === true) found.push(`${name} has VALID UNTIL`);
  found.push(...noteDifferences(facts, access, name));
  return found;
}

function noteDifferences(facts: Facts, access: Access, name: string): readonly string[] {
  const comment = facts.role?.comment ?? null;
  const note = readNote(comment);
  if (note === null) return [];
  if (note.expiresAt !== null && note.expiresAt > access.expiresAt)
    return [expiryDiffers(name, note.expiresAt, access)];
  if (note.expiresAt !== null && note.expiresAt < access.expiresAt) return [];
  if (note.since !== null && note.timeline !== null && comment === noteText(access, note)) return [];
  return [`the note of ${name} was rewritten`];
}

function expiryDiffers(name: string, found: number, access: Access): string {
  return `the note of ${name} says ${formatInstant(found)}, the grant ends at ${formatInstant(access.expiresAt)}`;
}
