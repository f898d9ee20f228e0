// SPDX-License-Identifier: Apache-2.0
import { ACL_SOURCES, CONCERNED, HERE, isSince } from "./acl-sources";
import { BOOTSTRAP_SUPERUSER, BY_INDEX } from "./catalog";

/**
 * Whom a search is about. `one` grant: $1 is the policy's role. `several`: $1 are their policy's roles, $2 to $4 all that is theirs,
 * and whatever is found for one of them alone is found, perhaps with more: what only one may say (whose rights gave it) is not asked.
 */
type About = "one" | "several";

const onlyOne = (about: About, condition: string): string => (about === "one" ? condition : "");

/**
 * The roles (oid) whose rights each of `roots` (oid) has, as pg_has_role says with USAGE, or MEMBER before PostgreSQL 16, where a holder could become
 * each of them and then no INHERIT is needed. NB. walked by index: pg_has_role would be asked of every role of the server, and there is one for each
 * grant. Who owns the database is a member of pg_database_owner, without a row; a superuser of everything.
 */
export const RIGHTS_OF = (roots: string, hasOptions: boolean): string => `
WITH RECURSIVE has (oid) AS (
  ${roots}
  UNION SELECT more.oid FROM has CROSS JOIN LATERAL (
    SELECT m.roleid FROM pg_catalog.pg_auth_members m
    WHERE m.member = has.oid ${hasOptions ? "AND m.inherit_option" : ""}
    UNION ALL SELECT 'pg_database_owner'::pg_catalog.regrole::oid FROM pg_catalog.pg_database d
    WHERE d.datdba = has.oid AND d.datname = pg_catalog.current_database() ${BY_INDEX}) more (oid))
SELECT oid FROM has
UNION SELECT r.oid FROM pg_catalog.pg_roles r
WHERE EXISTS (SELECT FROM (${roots}) root (oid) JOIN pg_catalog.pg_roles u ON u.oid = root.oid WHERE u.rolsuper)`;

/** Every role whose rights the policy's role has. */
const source = (hasOptions: boolean, about: About): string =>
  RIGHTS_OF(about === "one" ? "SELECT $1::oid" : "SELECT pg_catalog.unnest($1::oid[])", hasOptions);

/** Memberships that one of `source` granted since the baseline. Before PostgreSQL 16 there is no index by grantor: all are read, once. */
const membershipsBy = (hasOptions: boolean): string =>
  hasOptions
    ? `SELECT m.roleid, m.member, m.grantor FROM source CROSS JOIN LATERAL (
    SELECT m.roleid, m.member, m.grantor FROM pg_catalog.pg_auth_members m
    WHERE m.grantor = source.oid AND ${isSince("m")} ${BY_INDEX}) m`
    : `SELECT m.roleid, m.member, m.grantor FROM pg_catalog.pg_auth_members m
  WHERE m.grantor IN (SELECT oid FROM source) AND ${isSince("m")}`;

/**
 * Parameters of all parts: $1 the policy's role, $2 everybody who held the access, $3 and $4 the baseline (of several
 * the roles, and all that is of any). `source`: whoever acts for the policy's role grants as the object's owner, or as who may grant it.
 */
const SCAN = (hasOptions: boolean, about: About): string => `
WITH source (oid) AS (
  (${source(hasOptions, about)})
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
  ${membershipsBy(hasOptions)}),
acls AS (${ACL_SOURCES}),
given AS (
  SELECT a.kind, a.name, x.grantee, x.grantor, pg_catalog.string_agg(x.privilege_type
           || CASE WHEN x.is_grantable THEN ' (with grant option)' ELSE '' END, ', ' ORDER BY x.privilege_type) AS rights
  FROM acls a CROSS JOIN LATERAL pg_catalog.aclexplode(a.acl) x
  WHERE x.grantee <> a.owner ${onlyOne(about, "AND x.grantee IS DISTINCT FROM $1::oid AND ($1::oid IS NULL OR x.grantor IN (SELECT oid FROM source))")}
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
  WHERE s.deptype = 'o' AND s.refclassid = 'pg_catalog.pg_authid'::regclass AND ${HERE("s")}
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
WHERE ${isSince("d")} ${onlyOne(about, "AND d.owner IN (SELECT oid FROM source) AND NOT d.owner = ANY ($2::oid[])")}
UNION ALL
SELECT 'member', NULL, r.rolname, u.rolname, b.rolname, NULL, true FROM memberships m
JOIN pg_catalog.pg_roles r ON r.oid = m.roleid JOIN pg_catalog.pg_roles u ON u.oid = m.member
JOIN pg_catalog.pg_roles b ON b.oid = m.grantor
UNION ALL
SELECT 'prepared', NULL, x.gid, x.owner, x.database, NULL, true FROM pg_catalog.pg_prepared_xacts x
JOIN pg_catalog.pg_roles r ON r.rolname = x.owner WHERE r.oid = ANY ($2::oid[])${
  // After SET ROLE a transaction is prepared as that role, by whoever did it.
  hasOptions
    ? ""
    : `
  OR (pg_catalog.age(x.transaction) <= (SELECT age FROM baseline) ${onlyOne(about, "AND r.oid IN (SELECT oid FROM source)")})`
}`;

const MAKER = `proof.roleid = r.oid AND proof.member = me.oid AND proof.grantor = ${BOOTSTRAP_SUPERUSER} AND proof.admin_option`;
const MAKER_BEFORE_16 = "proof.member = r.oid AND proof.grantor = me.oid";

/** Whether a role is one of our grants: of this one alone, for the server has as many as there are grants. */
const isOurs = (role: string, hasOptions: boolean, pattern: string) => `
  EXISTS (SELECT FROM pg_catalog.pg_roles r CROSS JOIN pg_catalog.pg_roles me
          JOIN pg_catalog.pg_auth_members proof ON ${hasOptions ? MAKER : MAKER_BEFORE_16}
          WHERE r.oid = ${role} AND r.rolname::text ~ ${pattern} AND me.rolname = current_user ${BY_INDEX})`;

/**
 * Ways from a person to the policy's role that don't lead through a role of ours (by its name's pattern): they were there
 * before, or are by hand. `asked` has a row (person, role) for each grant.
 */
const WAYS = (hasOptions: boolean, asked: string, pattern: string): string => `
WITH RECURSIVE asked (person, role) AS (${asked}), up (oid, first, role) AS (
  SELECT m.roleid, m.roleid, a.role FROM asked a CROSS JOIN LATERAL (
    SELECT m.roleid FROM pg_catalog.pg_auth_members m WHERE m.member = a.person ${BY_INDEX}) m
  WHERE NOT ${isOurs("m.roleid", hasOptions, pattern)}
  UNION SELECT n.roleid, up.first, up.role FROM up CROSS JOIN LATERAL (
    SELECT m.roleid FROM pg_catalog.pg_auth_members m WHERE m.member = up.oid ${BY_INDEX}) n
  WHERE NOT ${isOurs("n.roleid", hasOptions, pattern)})
SELECT DISTINCT r.rolname AS first FROM up JOIN pg_catalog.pg_roles r ON r.oid = up.first WHERE up.oid = up.role`;

const OTHER_WAYS = (hasOptions: boolean): string => `${WAYS(hasOptions, "SELECT $1::oid, $2::oid", "$3")} ORDER BY 1`;

/** $1 the policy's roles, $2 to $4 as above, $5 persons and $6 their policy's roles, $7 the pattern. */
const CONCERNED_BY = (hasOptions: boolean): string => `
SELECT EXISTS (${SCAN(hasOptions, "several")})
    OR EXISTS (${WAYS(hasOptions, "SELECT * FROM ROWS FROM (pg_catalog.unnest($5::oid[]), pg_catalog.unnest($6::oid[]))", "$7")}) AS "isConcerned"`;

interface Queries {
  /** What was handed on by one grant. */
  readonly scan: string;
  readonly otherWays: string;
  /** Whether any of several grants has any of both: one look for all that end at the same time. */
  readonly several: string;
}

const queries = (hasOptions: boolean): Queries => ({
  scan: `${SCAN(hasOptions, "one")} ORDER BY 1, 2, 3, 4`,
  otherWays: OTHER_WAYS(hasOptions),
  several: CONCERNED_BY(hasOptions),
});

/** The queries for a server whose memberships have options, and for one before PostgreSQL 16. */
export const QUERIES = queries(true);
export const QUERIES_BEFORE_16 = queries(false);
