// SPDX-License-Identifier: Apache-2.0
import type { Access } from "../../lifecycle/ports";
import { ACL_SOURCES } from "./acl-sources";
import { type Facts, makerRow } from "./catalog";
import { GRANT_ROLE_PATTERN, grantRoleOf, readNote } from "./grant-role";
import type { Holder } from "./holders";
import { ServerFault, type Session } from "./session";
import { tick } from "./text";

/** More sentences than this help nobody; their number is said. */
const MAX_SENTENCES = 50;

/**
 * Transaction ids (32 bits, in digits) from which on a change may be the holder's: that of the note, and that of the
 * role itself, which no comment can change; the older one counts. Null if neither is known.
 */
export type Baseline = readonly string[] | null;

export function baselineOf(facts: Facts): Baseline {
  const maker = makerRow(facts);
  if (facts.role === null || maker === undefined) return null;
  const since = readNote(facts.role.comment)?.since ?? null;
  return since === null ? [maker.xmin] : [maker.xmin, String(BigInt.asUintN(32, BigInt(since)))];
}

/**
 * Parameters of all parts: $1 the policy's role, $2 everybody who held the access, $3 the baseline. `source` is every
 * role whose rights the policy's role has: whoever acts for it grants as the object's owner, or as who may grant it.
 */
const SCAN = `
WITH source (oid) AS (
  SELECT r.oid FROM pg_catalog.pg_roles r WHERE pg_catalog.pg_has_role($1::oid, r.oid, 'USAGE')
  UNION SELECT pg_catalog.unnest($2::oid[])),
baseline (age) AS (SELECT coalesce(pg_catalog.max(pg_catalog.age(b.x::xid)), -1) FROM pg_catalog.unnest($3::text[]) b (x)),
acls AS (${ACL_SOURCES}),
given AS (
  SELECT a.kind, a.name, x.grantee, x.grantor, pg_catalog.string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type) AS rights
  FROM acls a CROSS JOIN LATERAL pg_catalog.aclexplode(a.acl) x
  WHERE x.grantee <> a.owner AND x.grantee IS DISTINCT FROM $1::oid
    AND ($1::oid IS NULL OR x.grantor IN (SELECT oid FROM source))
    AND (x.grantee = ANY ($2::oid[]) OR pg_catalog.age(a.xmin) <= (SELECT age FROM baseline))
    AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(a.standard) s
                    WHERE s.grantee = x.grantee AND s.privilege_type = x.privilege_type)
  GROUP BY a.kind, a.name, x.grantee, x.grantor),
owned AS (
  SELECT 'table' AS kind, n.nspname || '.' || c.relname AS name, c.relowner AS owner, c.xmin
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
  UNION ALL SELECT 'function', n.nspname || '.' || p.proname, p.proowner, p.xmin
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  UNION ALL SELECT 'schema', n.nspname, n.nspowner, n.xmin
  FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_'),
doors AS (
  SELECT 'function' AS kind, n.nspname || '.' || p.proname AS name, p.proowner AS owner, p.xmin
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef
  UNION ALL SELECT 'view', n.nspname || '.' || c.relname, c.relowner, w.xmin
  FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND w.ev_type = '1')
SELECT 'given' AS what, g.kind, g.name, coalesce(e.rolname, 'PUBLIC') AS who, o.rolname AS by, g.rights,
       g.grantee = ANY ($2::oid[]) AS held
FROM given g LEFT JOIN pg_catalog.pg_roles e ON e.oid = g.grantee LEFT JOIN pg_catalog.pg_roles o ON o.oid = g.grantor
UNION ALL
SELECT 'owned', o.kind, o.name, r.rolname, NULL, NULL, true FROM owned o JOIN pg_catalog.pg_roles r ON r.oid = o.owner
WHERE o.owner = ANY ($2::oid[]) AND pg_catalog.age(o.xmin) <= (SELECT age FROM baseline)
UNION ALL
SELECT 'door', d.kind, d.name, r.rolname, NULL, NULL, true FROM doors d JOIN pg_catalog.pg_roles r ON r.oid = d.owner
WHERE d.owner IN (SELECT oid FROM source) AND NOT d.owner = ANY ($2::oid[])
  AND pg_catalog.age(d.xmin) <= (SELECT age FROM baseline)
UNION ALL
SELECT 'member', NULL, r.rolname, u.rolname, b.rolname, NULL, true FROM pg_catalog.pg_auth_members m
JOIN pg_catalog.pg_roles r ON r.oid = m.roleid JOIN pg_catalog.pg_roles u ON u.oid = m.member
JOIN pg_catalog.pg_roles b ON b.oid = m.grantor
WHERE m.grantor IN (SELECT oid FROM source) AND pg_catalog.age(m.xmin) <= (SELECT age FROM baseline)
UNION ALL
SELECT 'prepared', NULL, x.gid, x.owner, x.database, NULL, true FROM pg_catalog.pg_prepared_xacts x
JOIN pg_catalog.pg_roles r ON r.rolname = x.owner WHERE r.oid = ANY ($2::oid[])
ORDER BY 1, 2, 3, 4`;

/** Ways from the person to the policy's role that don't lead through a role of ours: they were there before, or are by hand. */
const OTHER_WAYS = `
WITH RECURSIVE ours (oid) AS (
  SELECT r.oid FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_auth_members m ON m.roleid = r.oid
  JOIN pg_catalog.pg_roles me ON me.oid = m.member AND me.rolname = current_user
  WHERE r.rolname::text ~ $3 AND m.grantor = 10 AND m.admin_option),
up (oid, first) AS (
  SELECT m.roleid, m.roleid FROM pg_catalog.pg_auth_members m WHERE m.member = $1::oid AND m.roleid NOT IN (SELECT oid FROM ours)
  UNION SELECT m.roleid, up.first FROM pg_catalog.pg_auth_members m JOIN up ON m.member = up.oid
  WHERE m.roleid NOT IN (SELECT oid FROM ours))
SELECT DISTINCT r.rolname AS first FROM up JOIN pg_catalog.pg_roles r ON r.oid = up.first WHERE up.oid = $2::oid ORDER BY 1`;

interface Found {
  readonly what: "given" | "owned" | "door" | "member" | "prepared";
  readonly kind: string;
  readonly name: string;
  readonly who: string;
  readonly by: string;
  readonly rights: string;
  /** Given to somebody who held the access, so it counts whenever it was given. */
  readonly held: boolean;
}

/**
 * Access that stays by other paths than the grant's role, as whole sentences: rights in this database that name a holder,
 * or that the policy's role gave anybody on an object changed since the grant began; what a holder owns since then;
 * functions and views with the role's rights changed since then; memberships; prepared transactions.
 * A scan that fails is a sentence too: it never undoes that the grant has ended. Its limits are in docs/postgres.md.
 */
export async function scanHandedOn(
  session: Session,
  access: Access,
  holders: readonly Holder[],
  baseline: Baseline,
): Promise<readonly string[]> {
  const { database, connection } = session;
  try {
    const [ids] = await session.rows<{ person: number | null; role: number | null }>(
      `SELECT (SELECT oid FROM pg_catalog.pg_roles WHERE rolname::text = $1::text) AS person,
              (SELECT oid FROM pg_catalog.pg_roles WHERE rolname::text = $2::text) AS role`,
      [access.place.identity, access.place.role],
    );
    const held = holders.map((holder) => holder.oid);
    const found = await session.rows<Found>(SCAN, [ids?.role ?? null, held, baseline ?? []]);
    const ways = await session.rows<{ first: string }>(OTHER_WAYS, [
      ids?.person ?? null,
      ids?.role ?? null,
      GRANT_ROLE_PATTERN,
    ]);
    const sentences = [
      ...holders.filter((holder) => holder.isSuperuser).map((holder) => `${tick(holder.name)} is a superuser`),
      ...ways.map(({ first }) => otherWay(access, first)),
      ...found
        .filter((row) => row.name !== grantRoleOf(access) || row.what !== "member")
        .map((row) => sentenceOf(row, database)),
    ];
    return atMost(sentences);
  } catch (error) {
    if (!(error instanceof ServerFault)) throw error;
    return [
      `rights handed on in database ${tick(database)} at connection \`${connection}\` could not be looked for: ${error.message}`,
    ];
  }
}

function otherWay({ place }: Access, first: string): string {
  const through = first === place.role ? "directly" : `through ${tick(first)}`;
  return `${tick(place.identity)} is a member of ${tick(place.role)} by another path than this grant, ${through}`;
}

function sentenceOf({ what, kind, name, who, by, rights, held }: Found, database: string): string {
  const there = `${kind} ${tick(name)} in database ${tick(database)}`;
  switch (what) {
    case "given":
      return `${who === "PUBLIC" ? "everybody" : tick(who)} has ${rights} on ${there}, given by ${tick(by)}${held ? "" : "; it was changed since the grant began"}`;
    case "owned":
      return `${tick(who)} owns ${there}, made or changed since the grant began`;
    case "door":
      return `${there}, which works with the rights of ${tick(who)}, was made or changed since the grant began`;
    case "member":
      return `${tick(who)} is a member of ${tick(name)}, made so by ${tick(by)} since the grant began`;
    case "prepared":
      return `transaction ${tick(name)} of ${tick(who)}, prepared in database ${tick(by)}, is open and can still be committed`;
  }
}

function atMost(sentences: readonly string[]): readonly string[] {
  if (sentences.length <= MAX_SENTENCES) return sentences;
  return [...sentences.slice(0, MAX_SENTENCES), `${sentences.length - MAX_SENTENCES} more rights were handed on`];
}
