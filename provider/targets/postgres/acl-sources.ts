// SPDX-License-Identifier: Apache-2.0

/** Roles that the server itself begins with: rights given to some of these are in no list of it. */
const FIRST_OF_OTHERS = 16_384;

/** Whether a row was written by a transaction of the baseline: from $3 (as `baseline`) on, or one of $4. */
export const isSince = (row: string) =>
  `(pg_catalog.age(${row}.xmin) <= (SELECT age FROM baseline) OR ${row}.xmin = ANY ($4::xid[]))`;

/** Whether a row of pg_shdepend is of this database, or of none. NB. not by index: all roles of all grants are of none. */
export const HERE = (row: string) => `coalesce(${row}.dbid, 0) IN (0, (SELECT oid FROM here))`;

/**
 * Rows of the large catalogs that can concern a grant: written since it began, or of an object that names a holder ($2) in
 * its rights. That the server lists by itself, and refuses to drop a role by it. Picked before anything else is looked at:
 * to read the rights of a row costs many times its transaction.
 */
const concerned = (object: string, alias: string) => `
  (${isSince(alias)} OR ${object} IN (SELECT object FROM naming)
   OR (SELECT pg_catalog.bool_or(h.oid < ${FIRST_OF_OTHERS}) FROM pg_catalog.unnest($2::oid[]) h (oid)))`;

/** Needs `baseline` (age) and `here` (oid). */
export const CONCERNED = `
naming (object) AS MATERIALIZED (
  SELECT s.objid FROM pg_catalog.pg_shdepend s WHERE s.deptype = 'a' AND s.refclassid = 'pg_catalog.pg_authid'::regclass
  AND s.refobjid = ANY ($2::oid[]) AND ${HERE("s")}),
relations AS MATERIALIZED (
  SELECT c.relname, c.relnamespace, c.relowner, c.relkind, c.relpersistence, c.relacl, c.xmin
  FROM pg_catalog.pg_class c WHERE ${concerned("c.oid", "c")}),
columns AS MATERIALIZED (
  SELECT a.attrelid, a.attname, a.attacl, a.attisdropped, a.xmin
  FROM pg_catalog.pg_attribute a WHERE ${concerned("a.attrelid", "a")}),
functions AS MATERIALIZED (
  SELECT p.proname, p.pronamespace, p.proowner, p.proacl, p.prosecdef, p.xmin
  FROM pg_catalog.pg_proc p WHERE ${concerned("p.oid", "p")}),
types AS MATERIALIZED (
  SELECT t.typname, t.typnamespace, t.typowner, t.typacl, t.xmin
  FROM pg_catalog.pg_type t WHERE ${concerned("t.oid", "t")}),
large_objects AS MATERIALIZED (
  SELECT o.oid, o.lomowner, o.lomacl, o.xmin FROM pg_catalog.pg_largeobject_metadata o WHERE ${concerned("o.oid", "o")})`;

/**
 * Every place in a database that holds rights: kind, name, owner, the rights, those that an object has without anybody
 * giving them, and the transaction that last wrote the row. Of the large catalogs what is concerned.
 */
export const ACL_SOURCES = `
  SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                        WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind,
         n.nspname || '.' || c.relname AS name, c.relowner AS owner, c.relacl AS acl,
         pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner) AS standard, c.xmin
  FROM relations c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relacl IS NOT NULL
UNION ALL
  SELECT 'column', n.nspname || '.' || c.relname || '.' || a.attname, c.relowner, a.attacl, NULL, a.xmin
  FROM columns a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
UNION ALL
  SELECT 'function', n.nspname || '.' || p.proname, p.proowner, p.proacl, pg_catalog.acldefault('f', p.proowner), p.xmin
  FROM functions p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.proacl IS NOT NULL
UNION ALL
  SELECT 'schema', n.nspname, n.nspowner, n.nspacl, pg_catalog.acldefault('n', n.nspowner), n.xmin
  FROM pg_catalog.pg_namespace n WHERE n.nspacl IS NOT NULL
UNION ALL
  SELECT 'type', n.nspname || '.' || t.typname, t.typowner, t.typacl, pg_catalog.acldefault('T', t.typowner), t.xmin
  FROM types t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.typacl IS NOT NULL
UNION ALL
  SELECT 'database', d.datname, d.datdba, d.datacl, pg_catalog.acldefault('d', d.datdba), d.xmin
  FROM pg_catalog.pg_database d WHERE d.datacl IS NOT NULL
UNION ALL
  SELECT 'tablespace', s.spcname, s.spcowner, s.spcacl, pg_catalog.acldefault('t', s.spcowner), s.xmin
  FROM pg_catalog.pg_tablespace s WHERE s.spcacl IS NOT NULL
UNION ALL
  SELECT 'language', l.lanname, l.lanowner, l.lanacl, pg_catalog.acldefault('l', l.lanowner), l.xmin
  FROM pg_catalog.pg_language l WHERE l.lanacl IS NOT NULL
UNION ALL
  SELECT 'foreign-data wrapper', w.fdwname, w.fdwowner, w.fdwacl, pg_catalog.acldefault('F', w.fdwowner), w.xmin
  FROM pg_catalog.pg_foreign_data_wrapper w WHERE w.fdwacl IS NOT NULL
UNION ALL
  SELECT 'foreign server', s.srvname, s.srvowner, s.srvacl, pg_catalog.acldefault('S', s.srvowner), s.xmin
  FROM pg_catalog.pg_foreign_server s WHERE s.srvacl IS NOT NULL
UNION ALL
  SELECT 'large object', o.oid::text, o.lomowner, o.lomacl, pg_catalog.acldefault('L', o.lomowner), o.xmin
  FROM large_objects o WHERE o.lomacl IS NOT NULL
UNION ALL
  SELECT 'parameter', g.parname, 10::oid, g.paracl, NULL, g.xmin FROM pg_catalog.pg_parameter_acl g
UNION ALL
  SELECT 'default rights on future ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
            WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE 'large objects' END || ' of',
         o.rolname || coalesce(' in schema ' || n.nspname, ''), d.defaclrole, d.defaclacl,
         CASE WHEN d.defaclnamespace = 0 AND d.defaclobjtype <> 'L' THEN pg_catalog.acldefault(
           CASE d.defaclobjtype WHEN 'S' THEN 's'::"char" ELSE d.defaclobjtype END, d.defaclrole) END, d.xmin
  FROM pg_catalog.pg_default_acl d JOIN pg_catalog.pg_roles o ON o.oid = d.defaclrole
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace`;
