// SPDX-License-Identifier: Apache-2.0
import type { Look, Session } from "./session";

/** The bootstrap superuser: always this oid, whatever its name. It grants a new role to its maker, and nobody else can say so. */
export const BOOTSTRAP_SUPERUSER = 10;

/** A row of pg_auth_members. A grantor that is gone is null. */
export interface Membership {
  readonly role: string;
  readonly roleOid: number;
  readonly member: string;
  readonly memberOid: number;
  readonly grantor: string | null;
  readonly grantorOid: number;
  readonly admin: boolean;
  readonly inherit: boolean;
  readonly set: boolean;
  /** The transaction that wrote the row: a 32-bit transaction id in digits. */
  readonly xmin: string;
}

/** What stands under a grant's name. */
export interface RoleFacts {
  readonly oid: number;
  /** Attributes that a grant's role doesn't have, as `ALTER ROLE` spells them. */
  readonly attributes: readonly string[];
  readonly hasValidUntil: boolean;
  readonly comment: string | null;
  /** Who is a member of it. */
  readonly members: readonly Membership[];
  /** What it is a member of. */
  readonly roles: readonly Membership[];
}

/** All that is judged of a grant, seen at one instant. */
export interface Facts {
  /** False before PostgreSQL 16: every member may SET ROLE, INHERIT is the member's, and no row tells a role's maker. */
  readonly hasOptions: boolean;
  readonly me: { readonly oid: number; readonly name: string };
  readonly role: RoleFacts | null;
  readonly person: { readonly oid: number; readonly name: string; readonly isSuperuser: boolean } | null;
  readonly policyRole: { readonly oid: number; readonly name: string } | null;
}

/**
 * Ends a subquery about one row of the other side: the server then looks it up by its index and never reads all roles of
 * all grants to join them.
 */
export const BY_INDEX = "OFFSET 0";

const OPTIONS = "'inherit', m.inherit_option, 'set', m.set_option";
const OPTIONS_BEFORE_16 = "'inherit', u.rolinherit, 'set', true";

const ROLE = (oid: string) =>
  `SELECT o.rolname, o.rolinherit FROM pg_catalog.pg_roles o WHERE o.oid = ${oid} ${BY_INDEX}`;

const MEMBERSHIPS = (column: "roleid" | "member", options: string) => `
  (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
     'role', r.rolname, 'roleOid', m.roleid::bigint, 'member', u.rolname, 'memberOid', m.member::bigint,
     'grantor', b.rolname, 'grantorOid', m.grantor::bigint,
     'admin', m.admin_option, ${options}, 'xmin', m.xmin::text)
     ORDER BY m.roleid, m.member, m.grantor), '[]')
   FROM pg_catalog.pg_auth_members m
   CROSS JOIN LATERAL (${ROLE("m.roleid")}) r CROSS JOIN LATERAL (${ROLE("m.member")}) u
   LEFT JOIN LATERAL (${ROLE("m.grantor")}) b ON true
   WHERE m.${column} = g.oid)`;

/**
 * Whether a role has the name that a parameter of type text says. NB. as a `name`, which the index is of, a longer one would be cut and
 * match somebody else.
 */
export const isNamed = (rolname: string, parameter: string): string =>
  `${rolname} = ${parameter}::text::name AND pg_catalog.octet_length(${parameter}::text) < 64`;

/** Of each role `g`. */
const ROLE_FACTS = (options: string) => `
  pg_catalog.json_build_object(
     'oid', g.oid::bigint,
     'attributes', pg_catalog.array_remove(ARRAY[
        CASE WHEN g.rolcanlogin THEN 'LOGIN' END, CASE WHEN g.rolsuper THEN 'SUPERUSER' END,
        CASE WHEN g.rolcreatedb THEN 'CREATEDB' END, CASE WHEN g.rolcreaterole THEN 'CREATEROLE' END,
        CASE WHEN g.rolreplication THEN 'REPLICATION' END, CASE WHEN g.rolbypassrls THEN 'BYPASSRLS' END], NULL),
     'hasValidUntil', coalesce(pg_catalog.isfinite(g.rolvaliduntil), false),
     'comment', pg_catalog.shobj_description(g.oid, 'pg_authid'),
     'members', ${MEMBERSHIPS("roleid", options)},
     'roles', ${MEMBERSHIPS("member", options)})`;

const ME = `(SELECT pg_catalog.json_build_object('oid', oid::bigint, 'name', rolname)
         FROM pg_catalog.pg_roles WHERE rolname = current_user)`;

const FACTS = (options: string) => `
SELECT pg_catalog.json_build_object(
  'me', ${ME},
  'person', (SELECT pg_catalog.json_build_object('oid', oid::bigint, 'name', rolname, 'isSuperuser', rolsuper)
             FROM pg_catalog.pg_roles WHERE ${isNamed("rolname", "$2")}),
  'policyRole', (SELECT pg_catalog.json_build_object('oid', oid::bigint, 'name', rolname)
                 FROM pg_catalog.pg_roles WHERE ${isNamed("rolname", "$3")}),
  'role', (SELECT ${ROLE_FACTS(options)}
   FROM pg_catalog.pg_roles g WHERE ${isNamed("g.rolname", "$1")})) AS facts`;

const FACTS_WITH_OPTIONS = FACTS(OPTIONS);
const FACTS_BEFORE_16 = FACTS(OPTIONS_BEFORE_16);

export interface FactsRow {
  readonly facts: Omit<Facts, "hasOptions">;
}

export async function readFacts(session: Session, name: string, identity: string, role: string): Promise<Facts> {
  const { sql, parameters } = factsLook(session, name, identity, role);
  return factsOf(session, await session.rows<FactsRow>(sql, parameters));
}

export function factsLook(session: Session, name: string, identity: string, role: string): Look {
  return { sql: session.hasOptions ? FACTS_WITH_OPTIONS : FACTS_BEFORE_16, parameters: [name, identity, role] };
}

export function factsOf({ hasOptions }: Session, [row]: readonly FactsRow[]): Facts {
  if (row === undefined) throw new Error("a query without a table gave no row");
  return { ...row.facts, hasOptions };
}

/** Every role whose name fits a pattern ($1), each by its name. */
const ALL = (options: string) => `
SELECT pg_catalog.json_build_object('me', ${ME}, 'roles', coalesce((
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', g.rolname, 'role', ${ROLE_FACTS(options)}) ORDER BY g.rolname)
  FROM pg_catalog.pg_roles g WHERE g.rolname::text ~ $1), '[]')) AS facts`;

const ALL_WITH_OPTIONS = ALL(OPTIONS);
const ALL_BEFORE_16 = ALL(OPTIONS_BEFORE_16);

/** As {@link readFacts}, of every role whose name fits a pattern, at one instant; nothing of a person or a policy's role. */
export async function readAllFacts(
  session: Session,
  pattern: string,
): Promise<readonly { readonly name: string; readonly facts: Facts & { readonly role: RoleFacts } }[]> {
  const sql = session.hasOptions ? ALL_WITH_OPTIONS : ALL_BEFORE_16;
  interface All {
    readonly me: Facts["me"];
    readonly roles: readonly { readonly name: string; readonly role: RoleFacts }[];
  }
  const [row] = await session.rows<{ facts: All }>(sql, [pattern]);
  if (row === undefined) throw new Error("a query without a table gave no row");
  const { me, roles } = row.facts;
  const others = { hasOptions: session.hasOptions, me, person: null, policyRole: null };
  return roles.map(({ name, role }) => ({ name, facts: { ...others, role } }));
}

/** The row that PostgreSQL writes by itself when our login makes a role: the proof that we made it. From 16 on. */
export function makerRow(facts: Facts): Membership | undefined {
  return facts.role?.members.find(
    (row) => row.memberOid === facts.me.oid && row.grantorOid === BOOTSTRAP_SUPERUSER && row.admin,
  );
}

/**
 * Rows that prove that our login made what stands there. From 16 on the maker's row. Before, the memberships of the role
 * that our login granted: only a superuser can name another grantor than himself. None once the role is emptied.
 */
export function proofs(facts: Facts): readonly Membership[] {
  if (facts.hasOptions) return [makerRow(facts)].filter((row) => row !== undefined);
  return [...(facts.role?.members ?? []), ...(facts.role?.roles ?? [])].filter(
    (row) => row.grantorOid === facts.me.oid,
  );
}

/** Memberships in the grant's role other than its maker's own. */
export function membersBesideMaker(facts: Facts): readonly Membership[] {
  const maker = facts.hasOptions ? makerRow(facts) : undefined;
  return facts.role?.members.filter((row) => row !== maker) ?? [];
}

/** Whether nothing can be reached through what stands under the name: no members, or no role that it would hand on. */
export function isEmptied(facts: Facts): boolean {
  return facts.role === null || (membersBesideMaker(facts).length === 0 && facts.role.roles.length === 0);
}
