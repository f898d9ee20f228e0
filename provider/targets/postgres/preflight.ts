// SPDX-License-Identifier: Apache-2.0
import type { Place } from "@elevation/domain";
import { escapeIdentifier } from "pg";
import { GrantError } from "../../errors";
import { isNamed } from "./catalog";
import type { Session } from "./session";
import { listed, neutral, tick } from "./text";

interface Login {
  readonly canLogin: boolean;
  readonly isSuperuser: boolean;
  readonly createsRoles: boolean;
  readonly inherits: boolean;
  readonly hindering: readonly string[];
  /** Roles that get whatever this login gets. */
  readonly users: readonly string[];
}

interface Situation {
  readonly isStandby: boolean;
  readonly me: { readonly name: string; readonly isSuperuser: boolean; readonly createsRoles: boolean };
  readonly hasAdmin: boolean;
  readonly canSignal: boolean;
  readonly login: Login | null;
  readonly role: { readonly isSuperuser: boolean; readonly hindering: readonly string[] } | null;
  /** Of the policy's role and those that it is a member of: what only a role itself can use, and so only after SET ROLE. */
  readonly settable: readonly { readonly name: string; readonly attributes: readonly string[] }[];
}

/**
 * With these a holder can keep the manager from ending the grant, for ever: by ending its every session, by locking the
 * catalog that it needs, by taking the connections kept for it, or by doing whatever the server's own account can.
 */
const HINDERING = [
  "pg_signal_backend",
  "pg_maintain",
  "pg_use_reserved_connections",
  "pg_execute_server_program",
  "pg_write_server_files",
] as const;

/** Everything of HINDERING that a role has: from 16 on what it inherits, before also what it can become. */
const hinderingOf = (oid: string, how: "USAGE" | "MEMBER") => `
  (SELECT coalesce(pg_catalog.json_agg(p.rolname ORDER BY p.rolname), '[]') FROM pg_catalog.pg_roles p
   WHERE p.rolname = ANY ($3::text[]::name[]) AND pg_catalog.pg_has_role(${oid}, p.oid, '${how}'))`;

const SITUATION = (usable: string, how: "USAGE" | "MEMBER", signals: string, settable: string) => `
SELECT pg_catalog.json_build_object(
  'isStandby', pg_catalog.pg_is_in_recovery(),
  'me', pg_catalog.json_build_object('name', me.rolname, 'isSuperuser', me.rolsuper, 'createsRoles', me.rolcreaterole),
  'hasAdmin', EXISTS (SELECT FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
                      WHERE ${isNamed("r.rolname", "$2")} AND m.member = me.oid AND m.admin_option),
  'canSignal', CASE WHEN ${signals} THEN true ELSE pg_catalog.pg_has_role(me.oid, 'pg_signal_backend', 'USAGE') END,
  'login', (SELECT pg_catalog.json_build_object('canLogin', l.rolcanlogin, 'isSuperuser', l.rolsuper,
              'createsRoles', l.rolcreaterole, 'inherits', l.rolinherit, 'hindering', ${hinderingOf("l.oid", "MEMBER")},
              'users', (SELECT coalesce(pg_catalog.json_agg(u.rolname ORDER BY u.rolname), '[]')
                        FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles u ON u.oid = m.member
                        WHERE m.roleid = l.oid AND (${usable})))
            FROM pg_catalog.pg_roles l WHERE ${isNamed("l.rolname", "$1")}),
  'role', (SELECT pg_catalog.json_build_object('isSuperuser', r.rolsuper, 'hindering', ${hinderingOf("r.oid", how)})
           FROM pg_catalog.pg_roles r WHERE ${isNamed("r.rolname", "$2")}),
  'settable', ${settable}) AS situation
FROM pg_catalog.pg_roles me WHERE me.rolname = current_user`;

/** Asked only where SET can't be withheld. */
const SETTABLE = `(SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', s.rolname, 'attributes',
                 pg_catalog.array_remove(ARRAY[CASE WHEN s.rolcanlogin THEN 'LOGIN' END, CASE WHEN s.rolsuper THEN 'SUPERUSER' END,
                   CASE WHEN s.rolcreaterole THEN 'CREATEROLE' END, CASE WHEN s.rolreplication THEN 'REPLICATION' END], NULL))
                 ORDER BY s.rolname), '[]')
               FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_roles s ON pg_catalog.pg_has_role(r.oid, s.oid, 'MEMBER')
               WHERE ${isNamed("r.rolname", "$2")} AND NOT r.rolsuper)`;

/** The manager's own membership, as docs/postgres.md gives it: going through all of its roles, one for each grant, would find no more. */
const SIGNALS = `EXISTS (SELECT FROM pg_catalog.pg_auth_members m
    WHERE m.member = me.oid AND m.roleid = 'pg_signal_backend'::regrole AND m.inherit_option)`;

const WITH_OPTIONS = SITUATION("m.inherit_option OR m.set_option", "USAGE", SIGNALS, "'[]'::json");
const BEFORE_16 = SITUATION("true", "MEMBER", "false", SETTABLE);

/** Throws the GrantError that `create` would run into, or that would keep `revoke` from working. Changes nothing. */
export async function preflight(session: Session, place: Place): Promise<void> {
  const sql = session.hasOptions ? WITH_OPTIONS : BEFORE_16;
  const parameters = [place.identity, place.role, HINDERING];
  const [row] = await session.rows<{ situation: Situation }>(sql, parameters);
  if (row === undefined) throw new GrantError("rights-missing", "the manager's own login is gone; make it again");
  const { situation } = row;
  const where = `at connection \`${place.connection}\``;
  requirePrimary(situation, where);
  requireRole(situation, place, where);
  requireLogin(situation, place, where);
  requireUnhindered(situation, place, where);
  requireRights(situation, place, where, session.hasOptions);
  if (!session.hasOptions) requireUnsettable(situation, place, where);
}

/** Before 16 the holder can become the policy's role and what it is a member of. Some things would then outlive the grant. */
function requireUnsettable({ settable, login }: Situation, place: Place, where: string): void {
  const [found] = settable.filter(({ attributes }) => attributes.length > 0);
  if (found !== undefined) {
    throw new GrantError(
      "target-unsupported",
      `role ${tick(found.name)} ${where} has ${listed(found.attributes)}, and before PostgreSQL 16 the holder of ${tick(place.role)} can become it, and keep what that gives (a password, other roles); take that from it, or use PostgreSQL 16 or later`,
    );
  }
  if (login?.inherits !== false) return;
  throw new GrantError(
    "target-unsupported",
    `login ${tick(place.identity)} ${where} has NOINHERIT, so a grant would give it nothing; run ALTER ROLE ${neutral(escapeIdentifier(place.identity))} INHERIT`,
  );
}

function requirePrimary({ isStandby }: Situation, where: string): void {
  if (!isStandby) return;
  throw new GrantError(
    "target-unsupported",
    `the server ${where} is a read-only standby; give the address of the primary`,
  );
}

function requireRole({ role }: Situation, place: Place, where: string): void {
  if (role === null) {
    throw new GrantError(
      "role-missing",
      `role ${tick(place.role)} does not exist ${where}; create it, or correct the role's target in the policy`,
    );
  }
  if (role.isSuperuser) {
    throw new GrantError(
      "target-unsupported",
      `role ${tick(place.role)} ${where} is a superuser, whose rights no manager can hand on; offer a role without SUPERUSER`,
    );
  }
}

function requireUnhindered({ role, login }: Situation, place: Place, where: string): void {
  const [who, hindering] =
    role !== null && role.hindering.length > 0
      ? [`role ${tick(place.role)}`, role.hindering]
      : [`login ${tick(place.identity)}`, login?.hindering ?? []];
  if (hindering.length === 0) return;
  throw new GrantError(
    "target-unsupported",
    `${who} ${where} has ${listed(hindering)}, with which the holder could keep the manager from ending the grant; take that from it`,
  );
}

function requireLogin({ login, me }: Situation, place: Place, where: string): void {
  const who = `login ${tick(place.identity)}`;
  if (login === null) {
    throw new GrantError(
      "login-missing",
      `${who} does not exist ${where}; create it, or correct the person's identity \`postgres\` in the directory`,
    );
  }
  if (!login.canLogin) {
    throw new GrantError(
      "login-missing",
      `role ${tick(place.identity)} ${where} can't log in; name the person's own login as identity \`postgres\` in the directory`,
    );
  }
  const problem = problemOf(login, place.identity === me.name);
  if (problem !== null) throw new GrantError("target-unsupported", `${who} ${where} ${problem}`);
}

/** What makes a login unfit to hold a grant: it would have more, keep more, or share more than the grant says. */
function problemOf(login: Login, isManager: boolean): string | null {
  if (isManager) return "is the one that makes and ends grants; give the person a login of their own";
  if (login.isSuperuser) return "is a superuser, from whom nothing can be taken; take SUPERUSER from it";
  if (login.createsRoles)
    return "has CREATEROLE, with which it could hand access on to new logins; take CREATEROLE from it";
  if (login.users.length > 0) {
    const users = listed(login.users.map(tick));
    return `is shared with ${users}, who would get the access too; revoke its membership from them`;
  }
  return null;
}

function requireRights({ me, hasAdmin, canSignal }: Situation, place: Place, where: string, hasOptions: boolean): void {
  if (me.isSuperuser) {
    throw new GrantError(
      "rights-missing",
      `the manager ${tick(me.name)} ${where} is a superuser, whose objects can't be told from others'; connect as a login with CREATEROLE only`,
    );
  }
  const manager = escapeIdentifier(me.name);
  const lacks: { what: string; fix: string }[] = [];
  if (!me.createsRoles) lacks.push({ what: "CREATEROLE", fix: `ALTER ROLE ${manager} CREATEROLE` });
  // Before 16 CREATEROLE may grant every role.
  if (!hasAdmin && hasOptions) {
    const fix = `GRANT ${escapeIdentifier(place.role)} TO ${manager} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`;
    lacks.push({ what: `ADMIN on ${tick(place.role)}`, fix });
  }
  if (!canSignal) {
    lacks.push({
      what: "pg_signal_backend",
      fix: `GRANT pg_signal_backend TO ${manager}${hasOptions ? " WITH INHERIT TRUE, SET FALSE" : ""}`,
    });
  }
  if (lacks.length === 0) return;
  const what = listed(lacks.map((lack) => lack.what));
  const fix = lacks.map((lack) => neutral(lack.fix)).join("; ");
  throw new GrantError(
    "rights-missing",
    `the manager ${tick(me.name)} ${where} lacks ${what}; let a superuser run: ${fix}`,
  );
}
