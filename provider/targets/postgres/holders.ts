// SPDX-License-Identifier: Apache-2.0
import { BY_INDEX, type Facts, membersBesideMaker } from "./catalog";
import type { Session } from "./session";
import { BACKENDS } from "./sessions";

/** A role that has, or had, the access. */
export interface Holder {
  readonly oid: number;
  readonly name: string;
  readonly isSuperuser: boolean;
  /** Reached from the person's own login: spared if the person still has another live grant. */
  readonly isPerson: boolean;
  /** Reached from the grant's role. */
  readonly isMember: boolean;
  /** Whether a session of it was open when it was looked for. */
  readonly isConnected: boolean;
}

/**
 * Everybody who can use what the grant's role has: its members, by oid so that a renamed login is found, their own
 * members in turn, whoever logs in as the grant's role itself, and the login that the place names. Never our own login.
 */
const HOLDERS = (usable: string) => `
WITH RECURSIVE reach (oid, person) AS (
  SELECT r.oid, false FROM pg_catalog.unnest($1::oid[]) r (oid)
  UNION SELECT p.oid, true FROM pg_catalog.unnest($2::oid[]) p (oid)
  UNION SELECT m.member, reach.person FROM reach CROSS JOIN LATERAL (
    SELECT m.member FROM pg_catalog.pg_auth_members m WHERE m.roleid = reach.oid AND (${usable}) ${BY_INDEX}) m)
SELECT reach.oid::bigint::text AS oid, r.rolname AS name, r.rolsuper AS "isSuperuser",
       pg_catalog.bool_or(reach.person) AS "isPerson", pg_catalog.bool_or(NOT reach.person) AS "isMember",
       reach.oid IN (SELECT a.login FROM ${BACKENDS} a) AS "isConnected"
FROM reach CROSS JOIN LATERAL (
  SELECT r.rolname, r.rolsuper FROM pg_catalog.pg_roles r WHERE r.oid = reach.oid ${BY_INDEX}) r
WHERE r.rolname <> current_user GROUP BY reach.oid, r.rolname, r.rolsuper`;

const WITH_OPTIONS = HOLDERS("m.inherit_option OR m.set_option");
/** Then a member that doesn't inherit can always SET ROLE. */
const BEFORE_16 = HOLDERS("true");

export async function readHolders(session: Session, facts: Facts): Promise<readonly Holder[]> {
  const roots = [
    ...membersBesideMaker(facts).map((row) => row.memberOid),
    ...(facts.role === null ? [] : [facts.role.oid]),
  ];
  const person = facts.person === null ? [] : [facts.person.oid];
  const sql = facts.hasOptions ? WITH_OPTIONS : BEFORE_16;
  const rows = await session.rows<Omit<Holder, "oid"> & { oid: string }>(sql, [roots, person]);
  return rows.map((row) => ({ ...row, oid: Number(row.oid) }));
}
