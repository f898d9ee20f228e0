// SPDX-License-Identifier: Apache-2.0

/** SQLSTATEs of the journal's own. */
export const STATE = {
  /** An event doesn't follow the last one. */
  headMoved: "ELJ01",
  /** An event's digest or hash is not that of its fields. */
  notAnEvent: "ELJ02",
  /** Something that is not an append. */
  appendOnly: "ELJ03",
  /** What was just made is not what it should be (raised by `init`, not by a trigger). */
  different: "ELJ04",
} as const;

/** Columns in the order of design §9; `actor` takes two, so that the server can write it as canonical JSON does. */
export const COLUMNS = [
  "seq",
  "at",
  "type",
  "request",
  "actor_kind",
  "actor_key",
  "digest",
  "prev",
  "hash",
  "data",
  "salt",
] as const;

/** When whoever ends grants last said that it lives. A journal that was made before this was gets it from its owner. */
export const ALIVE_SQL = `-- Whoever ends grants says here that it lives: no evidence, and nothing is decided by it.
CREATE TABLE elevation.alive (
  slot text PRIMARY KEY CHECK (slot ~ '^[a-z0-9-]{1,40}$'),
  said text NOT NULL CHECK (length(said) <= 100000)
);
`;

/**
 * What `elevate journal init` runs: schema, table, triggers, and rights for nobody but the owner. standing.ts compares
 * with it what stands at a server.
 */
export const SCHEMA_SQL = `CREATE SCHEMA elevation;

CREATE TABLE elevation.journal (
  seq        bigint PRIMARY KEY CHECK (seq > 0),
  at         text NOT NULL CHECK (at ~ '^[0-9TZ:.+-]{1,40}$'),
  type       text NOT NULL CHECK (type ~ '^[a-z]{1,40}$' AND (type = 'opened') = (seq = 1)),
  request    text CHECK (request ~ '^sha256:[0-9a-f]{64}$'),
  actor_kind text NOT NULL CHECK (actor_kind IN ('job', 'reaper', 'person')),
  actor_key  text NOT NULL,
  digest     text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
  prev       text NOT NULL CHECK (prev ~ '^[0-9a-f]{64}$'),
  hash       text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
  data       text NOT NULL,  -- canonical JSON, not json or jsonb: those change what was hashed
  salt       text NOT NULL CHECK (salt ~ '^[0-9a-f]{32}$')
);

-- Each event follows the last one and verifies; two at once meet at the primary key.
CREATE FUNCTION elevation.journal_append() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  last_seq  bigint;
  last_hash text;
BEGIN
  SELECT j.seq, j.hash INTO last_seq, last_hash FROM elevation.journal AS j ORDER BY j.seq DESC LIMIT 1;
  IF NEW.seq <> coalesce(last_seq, 0) + 1 OR NEW.prev <> coalesce(last_hash, repeat('0', 64)) THEN
    RAISE EXCEPTION 'event % does not follow the last event of the journal', NEW.seq USING ERRCODE = 'ELJ01';
  END IF;
  IF NEW.digest <> encode(sha256(convert_to(NEW.salt || NEW.data, 'UTF8')), 'hex')
    OR NEW.hash <> encode(sha256(convert_to(
      '{"actor":{"key":' || to_json(NEW.actor_key) || ',"kind":"' || NEW.actor_kind || '"},"at":"' || NEW.at
      || '","digest":"' || NEW.digest || '","prev":"' || NEW.prev
      || '","request":' || coalesce('"' || NEW.request || '"', 'null')
      || ',"seq":' || NEW.seq || ',"type":"' || NEW.type || '"}', 'UTF8')), 'hex')
  THEN
    RAISE EXCEPTION 'event % does not verify', NEW.seq USING ERRCODE = 'ELJ02';
  END IF;
  -- What the writer is told to be durable is, whatever its session says.
  PERFORM set_config('synchronous_commit', 'on', true);
  RETURN NEW;
END $$;

CREATE FUNCTION elevation.journal_refuse() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'the journal is append-only: % is refused', TG_OP USING ERRCODE = 'ELJ03';
END $$;

CREATE TRIGGER journal_append BEFORE INSERT ON elevation.journal
  FOR EACH ROW EXECUTE FUNCTION elevation.journal_append();
CREATE TRIGGER journal_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON elevation.journal
  FOR EACH STATEMENT EXECUTE FUNCTION elevation.journal_refuse();
-- ALWAYS: also where session_replication_role switches ordinary triggers off.
ALTER TABLE elevation.journal ENABLE ALWAYS TRIGGER journal_append;
ALTER TABLE elevation.journal ENABLE ALWAYS TRIGGER journal_refuse;

${ALIVE_SQL}
-- Nobody but the owner keeps a right, whatever ALTER DEFAULT PRIVILEGES gave away.
DO $$
DECLARE
  object  text;
  grantee text;
BEGIN
  FOR object, grantee IN
    SELECT DISTINCT o.object, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
      FROM (SELECT 'SCHEMA elevation', nspacl, nspowner FROM pg_namespace WHERE nspname = 'elevation'
        UNION ALL SELECT format('TABLE %s', oid::regclass), relacl, relowner FROM pg_class
          WHERE relnamespace = 'elevation'::regnamespace AND relkind = 'r'
        UNION ALL SELECT format('FUNCTION %s', oid::regprocedure), coalesce(proacl, acldefault('f', proowner)), proowner
          FROM pg_proc WHERE pronamespace = 'elevation'::regnamespace) AS o (object, acl, owner),
        aclexplode(o.acl) AS a
      WHERE a.grantee <> o.owner
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', object, grantee);
  END LOOP;
END $$;
`;

/** Roles that get rights on the journal. */
export interface JournalRoles {
  /** May append and read. */
  readonly writers: readonly string[];
  /** May read. */
  readonly readers: readonly string[];
}

/** What is no name of a role that somebody made, whatever the quotes. */
const RESERVED = /^(public|none|pg_.*)$/i;
const ROLE = /^[A-Za-z_][A-Za-z0-9_$-]{0,62}$/;

/** Whether this is a name that may be given rights: what a role is usually called, and none of PostgreSQL's own. */
export function isRoleName(name: string): boolean {
  return ROLE.test(name) && !RESERVED.test(name);
}

/** The rights of writers and readers. Throws TypeError for what {@link isRoleName} refuses. */
export function grantsSql({ writers, readers }: JournalRoles): string {
  const lines = [
    ...writers.map((role) => rightsOf(role, "SELECT, INSERT", "SELECT, INSERT, UPDATE")),
    ...readers.map((role) => rightsOf(role, "SELECT", "SELECT")),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * What an administrator runs who prefers psql, as `elevate journal init --sql` prints it: all of it or, after an error,
 * nothing. docs/journal.md repeats it, and a test compares the two. Throws TypeError for what {@link isRoleName} refuses.
 */
export function setupSql(roles: JournalRoles): string {
  // NB. The search path of a person's session may begin with functions and operators of others.
  const begin = "BEGIN;\nSET LOCAL search_path = pg_catalog, pg_temp;\n";
  return [begin, SCHEMA_SQL, grantsSql(roles), "COMMIT;\n"].filter((part) => part !== "").join("\n");
}

function rightsOf(role: string, rights: string, onAlive: string): string {
  if (!isRoleName(role)) throw new TypeError("this is no name of a role");
  return `GRANT USAGE ON SCHEMA elevation TO "${role}";
GRANT ${rights} ON elevation.journal TO "${role}";
GRANT ${onAlive} ON elevation.alive TO "${role}";`;
}
