// SPDX-License-Identifier: Apache-2.0
import { escapeLiteral } from "pg";
import { COLUMNS, type JournalRoles, SCHEMA_SQL, STATE } from "./schema";

/** What differs: whose the journal is, who may do what, what it is made of; or there is no table at all. */
export type DifferenceKind = "absent" | "owner" | "right" | "form";

/** One way in which what stands at the server is not what {@link SCHEMA_SQL} makes. `problem` is what a server said. */
export interface Difference {
  readonly kind: DifferenceKind;
  readonly problem: string;
}

/** What is compared. */
export interface StandingQuestion {
  /** The current user must own it all; otherwise all of it must have one owner, whoever that is. */
  readonly isOwn: boolean;
  /** Columns, constraints and indexes too. Not of what was made just now: other versions may print an expression otherwise. */
  readonly isWhole: boolean;
  /** Who may have rights, and which; without it anybody may have those of a writer. */
  readonly roles: JournalRoles | null;
}

/**
 * A query for the first {@link Difference} or no row. It reads catalogs that every login may read and never the table:
 * until this has judged it, reading it could run somebody's functions with the rights of who reads.
 */
export function differenceSql(question: StandingQuestion): string {
  const parts = [ABSENT, ownerSql(question.isOwn), TABLE, TRIGGERS, FUNCTIONS, rightsSql(question)];
  if (question.isWhole) parts.push(FORM);
  return `WITH ${WITH}
SELECT d.kind, d.problem FROM (
${parts.join("\nUNION ALL ")}
) AS d (rank, kind, problem) ORDER BY d.rank, d.problem LIMIT 1`;
}

/** A statement that fails with {@link STATE.different}, the problem as its message and the kind as its detail. */
export function requireStandingSql(question: StandingQuestion): string {
  const body = `DECLARE
  found record;
BEGIN
  FOR found IN ${differenceSql(question)} LOOP
    RAISE EXCEPTION USING MESSAGE = found.problem, DETAIL = found.kind, ERRCODE = '${STATE.different}';
  END LOOP;
END`;
  return `DO ${escapeLiteral(body)};`;
}

/** pg_trigger.tgtype: BEFORE INSERT for each row; BEFORE UPDATE, DELETE, TRUNCATE for each statement. */
const TRIGGER_TYPES = { journal_append: 1 + 2 + 4, journal_refuse: 2 + 8 + 16 + 32 } as const;
const FUNCTION_PATTERN = /CREATE FUNCTION elevation\.(\w+)\(\)[^$]*\$\$(.*?)\$\$;/gs;
const COLUMN_PATTERN = /^ {2}(\w+) +(text|bigint)( NOT NULL| PRIMARY KEY)?/gm;

/** As pg_get_constraintdef prints them. */
const CONSTRAINTS = [
  "PRIMARY KEY (seq)",
  "CHECK ((seq > 0))",
  "CHECK ((at ~ '^[0-9TZ:.+-]{1,40}$'::text))",
  "CHECK (((type ~ '^[a-z]{1,40}$'::text) AND ((type = 'opened'::text) = (seq = 1))))",
  "CHECK ((request ~ '^sha256:[0-9a-f]{64}$'::text))",
  "CHECK ((actor_kind = ANY (ARRAY['job'::text, 'reaper'::text, 'person'::text])))",
  "CHECK ((digest ~ '^[0-9a-f]{64}$'::text))",
  "CHECK ((prev ~ '^[0-9a-f]{64}$'::text))",
  "CHECK ((hash ~ '^[0-9a-f]{64}$'::text))",
  "CHECK ((salt ~ '^[0-9a-f]{32}$'::text))",
];

const FUNCTION_VALUES = [...SCHEMA_SQL.matchAll(FUNCTION_PATTERN)].map(
  ([, name = "", source = ""]) =>
    `('${name}', ${TRIGGER_TYPES[name as keyof typeof TRIGGER_TYPES]}, ${escapeLiteral(source)})`,
);

const COLUMN_VALUES = [...(/CREATE TABLE.*?\);/s.exec(SCHEMA_SQL)?.[0] ?? "").matchAll(COLUMN_PATTERN)]
  .map(([, name = "", type = "", isNotNull]) => ({ name, type, isNotNull: isNotNull !== undefined }))
  .map(({ name, type, isNotNull }, i) => `(${i + 1}, '${name}', '${type}'::regtype, ${isNotNull})`);

if (FUNCTION_VALUES.length !== 2 || COLUMN_VALUES.length !== COLUMNS.length)
  throw new Error("SCHEMA_SQL was not understood");

const WITH = `journal AS (
  SELECT c.*, n.nspowner, n.nspacl FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'elevation' AND c.relname = 'journal'),
parts (name, type, source) AS (VALUES ${FUNCTION_VALUES.join(", ")}),
functions AS (
  SELECT p.*, f.source FROM journal AS j JOIN pg_proc AS p ON p.pronamespace = j.relnamespace JOIN parts AS f ON f.name = p.proname
    WHERE p.pronargs = 0),
objects (name, kind, owner, acl) AS (
  SELECT 'the schema elevation', 'schema', nspowner, nspacl FROM journal
  UNION ALL SELECT 'elevation.journal', 'table', relowner, relacl FROM journal
  UNION ALL SELECT format('elevation.%s()', proname), 'function', proowner, coalesce(proacl, acldefault('f', proowner)) FROM functions
  UNION ALL SELECT format('the column %I of elevation.journal', a.attname), 'column', j.relowner, a.attacl
    FROM journal AS j JOIN pg_attribute AS a ON a.attrelid = j.oid)`;

const ABSENT = `SELECT 0, 'absent', 'there is no table elevation.journal' WHERE NOT EXISTS (SELECT FROM journal)`;

function ownerSql(isOwn: boolean): string {
  const wanted = isOwn ? "(SELECT r.oid FROM pg_roles AS r WHERE r.rolname = CURRENT_USER)" : "j.relowner";
  return `SELECT 1, 'owner', format('%s belongs to the role %I, not to %I', o.name, pg_get_userbyid(o.owner), pg_get_userbyid(${wanted}))
  FROM journal AS j, objects AS o WHERE o.owner <> ${wanted}`;
}

const TABLE = `SELECT 2, 'form', 'elevation.journal is no ordinary, permanent table' FROM journal AS j
  WHERE j.relkind <> 'r' OR j.relpersistence <> 'p' OR j.relispartition
UNION ALL SELECT 2, 'form', 'elevation.journal is an heir or has one' FROM journal AS j
  WHERE EXISTS (SELECT FROM pg_inherits AS i WHERE j.oid IN (i.inhrelid, i.inhparent))
UNION ALL SELECT 2, 'form', 'elevation.journal has row-level security' FROM journal AS j
  WHERE j.relrowsecurity OR j.relforcerowsecurity OR EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = j.oid)
UNION ALL SELECT 2, 'form', format('elevation.journal has the rule %I', r.rulename)
  FROM journal AS j JOIN pg_rewrite AS r ON r.ev_class = j.oid`;

const TRIGGERS = `SELECT 3, 'form', format('elevation.journal has its trigger %I not, or switched off, or changed', p.name)
  FROM journal AS j, parts AS p WHERE NOT EXISTS (
    SELECT FROM pg_trigger AS t JOIN functions AS f ON f.oid = t.tgfoid AND f.proname = p.name
      WHERE t.tgrelid = j.oid AND t.tgname = p.name AND t.tgtype = p.type AND t.tgenabled = 'A' AND t.tgqual IS NULL
        AND t.tgnargs = 0 AND cardinality(t.tgattr::int2[]) = 0 AND NOT t.tgisinternal)
UNION ALL SELECT 3, 'form', format('elevation.journal has the trigger %I%s', t.tgname,
    CASE WHEN t.tgisinternal THEN format(' of the constraint %I', (SELECT c.conname FROM pg_constraint AS c WHERE c.oid = t.tgconstraint)) END)
  FROM journal AS j JOIN pg_trigger AS t ON t.tgrelid = j.oid WHERE t.tgname NOT IN (SELECT p.name FROM parts AS p)`;

const FUNCTIONS = `SELECT 4, 'form', format('the function elevation.%s() is missing or changed', p.name)
  FROM journal AS j, parts AS p WHERE NOT EXISTS (
    SELECT FROM functions AS f JOIN pg_language AS l ON l.oid = f.prolang
      WHERE f.proname = p.name AND f.prosrc = p.source AND l.lanname = 'plpgsql' AND f.prorettype = 'pg_catalog.trigger'::regtype
        AND f.prokind = 'f' AND NOT f.prosecdef AND f.proconfig = ARRAY['search_path=pg_catalog, pg_temp'])`;

const FORM = `SELECT 6, 'form', format('the column %I of elevation.journal is missing, added or changed', coalesce(w.name, a.attname))
  FROM (VALUES ${COLUMN_VALUES.join(", ")}) AS w (place, name, type, required)
  FULL JOIN (SELECT a.* FROM pg_attribute AS a JOIN journal AS j ON j.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped) AS a
    ON a.attnum = w.place AND a.attname = w.name AND a.atttypid = w.type AND a.attnotnull = w.required AND NOT a.atthasdef
      AND a.attidentity = '' AND a.attgenerated = ''
      AND a.attcollation = (SELECT t.typcollation FROM pg_type AS t WHERE t.oid = w.type)
  WHERE (w.name IS NULL OR a.attname IS NULL) AND EXISTS (SELECT FROM journal)
UNION ALL SELECT 7, 'form', format('elevation.journal %s the constraint %s', CASE WHEN w.text IS NULL THEN 'has' ELSE 'lacks' END, coalesce(w.text, c.text))
  FROM (VALUES ${CONSTRAINTS.map((text) => `(${escapeLiteral(text)})`).join(", ")}) AS w (text)
  FULL JOIN (SELECT pg_get_constraintdef(c.oid) AS text FROM pg_constraint AS c JOIN journal AS j ON j.oid = c.conrelid
    WHERE c.contype <> 'n') AS c ON c.text = w.text
  WHERE (w.text IS NULL OR c.text IS NULL) AND EXISTS (SELECT FROM journal)
UNION ALL SELECT 8, 'form', format('elevation.journal has the index %s', i.indexrelid::regclass)
  FROM journal AS j JOIN pg_index AS i ON i.indrelid = j.oid WHERE NOT i.indisprimary OR NOT i.indisvalid`;

/** Who owns it has all rights anyhow. A function's are no harm in an older journal, and none that `init` gives. */
function rightsSql({ isOwn, roles }: StandingQuestion): string {
  const allowed = ["('schema', 'USAGE')", "('table', 'SELECT')", "('table', 'INSERT')"];
  return `SELECT 5, 'right', format('%s has %s on %s%s', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE format('the role %I', pg_get_userbyid(a.grantee)) END,
    a.privilege_type, o.name, CASE WHEN a.is_grantable THEN ' with grant option' END)
  FROM journal AS j, objects AS o, aclexplode(o.acl) AS a
  WHERE a.grantee <> j.relowner ${isOwn ? "" : "AND o.kind <> 'function'"} AND (a.grantee = 0 OR a.is_grantable
    OR (o.kind, a.privilege_type) NOT IN (${allowed.join(", ")})
    ${roles === null ? "" : `OR NOT ${namedSql("pg_get_userbyid(a.grantee)", roles)}`})`;
}

function namedSql(role: string, { writers, readers }: JournalRoles): string {
  const list = (names: readonly string[]) => `ARRAY[${names.map(escapeLiteral).join(", ")}]::text[]`;
  return `(${role} = ANY (${list(writers)}) OR a.privilege_type <> 'INSERT' AND ${role} = ANY (${list(readers)}))`;
}
