// SPDX-License-Identifier: Apache-2.0
import { ACL_SOURCES, CONCERNED, isSince } from "./acl-sources";
import { BOOTSTRAP_SUPERUSER, BY_INDEX } from "./catalog";

/**
 * Parameters of all parts: $1 the policy's role, $2 everybody who held the access, $3 and $4 the baseline. `source` is every
 * role whose rights the policy's role has: whoever acts for it grants as the object's owner, or as who may grant it.
 * Before PostgreSQL 16 a holder could become each of these, and then no INHERIT is needed.
 */
const SCAN = (hasOptions: boolean): string => `
WITH source (oid) AS (
  SELECT r.oid FROM pg_catalog.pg_roles r WHERE pg_catalog.pg_has_role($1::oid, r.oid, '${hasOptions ? "USAGE" : "MEMBER"}')
  UNION SELECT pg_catalog.unnest($2::oid[])),
baseline (age) AS (SELECT coalesce(pg_catalog.max(pg_catalog.age(b.x::xid)), -1) FROM pg_catalog.unnest($3::text[]) b (x)),
here (oid) AS (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()),
${CONCERNED},
rules AS MATERIALIZED (
  SELECT w.rulename, w.ev_class, w.ev_type, w.xmin FROM pg_catalog.pg_rewrite w
  WHERE ${isSince("w")}),
hooks AS MATERIALIZED (
  SELECT 'trigger' AS kind, t.tgname AS name, t.tgrelid AS relation, t.xmin FROM pg_catalog.pg_trigger t
  WHERE NOT t.tgisinternal AND ${isSince("t")}
  UNION ALL SELECT 'rule', w.rulename, w.ev_class, w.xmin FROM rules w WHERE w.rulename <> '_RETURN'
  UNION ALL SELECT 'row-level policy', y.polname, y.polrelid, y.xmin FROM pg_catalog.pg_policy y),
memberships AS MATERIALIZED (
  SELECT m.roleid, m.member, m.grantor, m.xmin FROM pg_catalog.pg_auth_members m
  WHERE ${isSince("m")}),
acls AS (${ACL_SOURCES}),
given AS (
  SELECT a.kind, a.name, x.grantee, x.grantor, pg_catalog.string_agg(x.privilege_type
           || CASE WHEN x.is_grantable THEN ' (with grant option)' ELSE '' END, ', ' ORDER BY x.privilege_type) AS rights
  FROM acls a CROSS JOIN LATERAL pg_catalog.aclexplode(a.acl) x
  WHERE x.grantee <> a.owner AND x.grantee IS DISTINCT FROM $1::oid
    AND ($1::oid IS NULL OR x.grantor IN (SELECT oid FROM source))
    AND (x.grantee = ANY ($2::oid[]) OR ${isSince("a")})
    AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(a.standard) s
                    WHERE s.grantee = x.grantee AND s.privilege_type = x.privilege_type)
  GROUP BY a.kind, a.name, x.grantee, x.grantor),
owned AS (
  SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                        WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind,
         n.nspname || '.' || c.relname AS name, c.relowner AS owner, c.xmin
  FROM relations c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
  UNION ALL SELECT 'function', n.nspname || '.' || p.proname, p.proowner, p.xmin
  FROM functions p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  UNION ALL SELECT 'schema', n.nspname, n.nspowner, n.xmin
  FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_'
  UNION ALL SELECT i.type, i.identity, s.refobjid, s.xmin
  FROM pg_catalog.pg_shdepend s CROSS JOIN LATERAL pg_catalog.pg_identify_object(s.classid, s.objid, s.objsubid) i
  WHERE s.deptype = 'o' AND s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.dbid IN (0, (SELECT oid FROM here))
    AND s.classid NOT IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass,
                          'pg_catalog.pg_namespace'::regclass, 'pg_catalog.pg_default_acl'::regclass)),
elsewhere AS (
  SELECT d.datname, s.refobjid, pg_catalog.count(DISTINCT (s.classid, s.objid)) AS objects
  FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_database d ON d.oid = s.dbid
  WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.refobjid = ANY ($2::oid[])
    AND s.dbid <> (SELECT oid FROM here) AND ${isSince("s")}
  GROUP BY d.datname, s.refobjid),
doors AS (
  SELECT 'function' AS kind, n.nspname || '.' || p.proname AS name, p.proowner AS owner, p.xmin
  FROM functions p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef
  UNION ALL SELECT 'view', n.nspname || '.' || c.relname, c.relowner, w.xmin
  FROM rules w JOIN pg_catalog.pg_class c ON c.oid = w.ev_class
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND w.ev_type = '1'),
traps AS (
  SELECT 'function' AS kind, n.nspname || '.' || p.proname AS name, p.proowner AS owner, p.xmin
  FROM functions p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE NOT p.prosecdef
  UNION ALL SELECT h.kind, n.nspname || '.' || c.relname || '.' || h.name, c.relowner, h.xmin
  FROM hooks h JOIN pg_catalog.pg_class c ON c.oid = h.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
SELECT 'given' AS what, g.kind, g.name, coalesce(e.rolname, 'PUBLIC') AS who, o.rolname AS by, g.rights,
       g.grantee = ANY ($2::oid[]) AS held
FROM given g LEFT JOIN pg_catalog.pg_roles e ON e.oid = g.grantee LEFT JOIN pg_catalog.pg_roles o ON o.oid = g.grantor
UNION ALL
SELECT 'owned', o.kind, o.name, r.rolname, NULL, NULL, true FROM owned o JOIN pg_catalog.pg_roles r ON r.oid = o.owner
WHERE o.owner = ANY ($2::oid[]) AND ${isSince("o")}
UNION ALL
SELECT 'elsewhere', NULL, w.datname, r.rolname, NULL, w.objects::text, true
FROM elsewhere w JOIN pg_catalog.pg_roles r ON r.oid = w.refobjid
UNION ALL
SELECT d.what, d.kind, d.name, r.rolname, NULL, NULL, true
FROM (SELECT 'door' AS what, * FROM doors UNION ALL SELECT 'trap', * FROM traps) d JOIN pg_catalog.pg_roles r ON r.oid = d.owner
WHERE d.owner IN (SELECT oid FROM source) AND NOT d.owner = ANY ($2::oid[])
  AND ${isSince("d")}
UNION ALL
SELECT 'member', NULL, r.rolname, u.rolname, b.rolname, NULL, true FROM memberships m
JOIN pg_catalog.pg_roles r ON r.oid = m.roleid JOIN pg_catalog.pg_roles u ON u.oid = m.member
JOIN pg_catalog.pg_roles b ON b.oid = m.grantor
WHERE m.grantor IN (SELECT oid FROM source)
UNION ALL
SELECT 'prepared', NULL, x.gid, x.owner, x.database, NULL, true FROM pg_catalog.pg_prepared_xacts x
JOIN pg_catalog.pg_roles r ON r.rolname = x.owner WHERE r.oid = ANY ($2::oid[])${
  // After SET ROLE a transaction is prepared as that role, by whoever did it.
  hasOptions
    ? ""
    : `
  OR (r.oid IN (SELECT oid FROM source) AND pg_catalog.age(x.transaction) <= (SELECT age FROM baseline))`
}
ORDER BY 1, 2, 3, 4`;

const MAKER = `proof.roleid = r.oid AND proof.member = me.oid AND proof.grantor = ${BOOTSTRAP_SUPERUSER} AND proof.admin_option`;
const MAKER_BEFORE_16 = "proof.member = r.oid AND proof.grantor = me.oid";

/** Whether a role is one of our grants: of this one alone, for the server has as many as there are grants. */
const isOurs = (role: string, hasOptions: boolean) => `
  EXISTS (SELECT FROM pg_catalog.pg_roles r CROSS JOIN pg_catalog.pg_roles me
          JOIN pg_catalog.pg_auth_members proof ON ${hasOptions ? MAKER : MAKER_BEFORE_16}
          WHERE r.oid = ${role} AND r.rolname::text ~ $3 AND me.rolname = current_user ${BY_INDEX})`;

/**
 * Ways from the person ($1) to the policy's role ($2) that don't lead through a role of ours ($3, by its name's pattern):
 * they were there before, or are by hand.
 */
const OTHER_WAYS = (hasOptions: boolean): string => `
WITH RECURSIVE up (oid, first) AS (
  SELECT m.roleid, m.roleid FROM pg_catalog.pg_auth_members m
  WHERE m.member = $1::oid AND NOT ${isOurs("m.roleid", hasOptions)}
  UNION SELECT n.roleid, up.first FROM up CROSS JOIN LATERAL (
    SELECT m.roleid FROM pg_catalog.pg_auth_members m WHERE m.member = up.oid ${BY_INDEX}) n
  WHERE NOT ${isOurs("n.roleid", hasOptions)})
SELECT DISTINCT r.rolname AS first FROM up JOIN pg_catalog.pg_roles r ON r.oid = up.first WHERE up.oid = $2::oid ORDER BY 1`;

interface Queries {
  readonly scan: string;
  readonly otherWays: string;
}

const queries = (hasOptions: boolean): Queries => ({ scan: SCAN(hasOptions), otherWays: OTHER_WAYS(hasOptions) });

/** The queries for a server whose memberships have options, and for one before PostgreSQL 16. */
export const QUERIES = queries(true);
export const QUERIES_BEFORE_16 = queries(false);
