// SPDX-License-Identifier: Apache-2.0
import type { Place } from "@elevation/domain";
import type { Holding } from "../../lifecycle/ports";
import { BOOTSTRAP_SUPERUSER, BY_INDEX, isNamed } from "./catalog";
import { GRANT_ROLE_PATTERN } from "./grant-role";
import type { Session } from "./session";
import { listed, tick } from "./text";

/** A row of pg_auth_members on the way from a login to a policy's role. */
interface Edge {
  readonly role: string;
  readonly member: string;
  readonly isLogin: boolean;
  readonly inherit: boolean;
  readonly set: boolean;
  readonly admin: boolean;
}

const MAKER = `proof.roleid = r.oid AND proof.member = me.oid AND proof.grantor = ${BOOTSTRAP_SUPERUSER} AND proof.admin_option`;
const MAKER_BEFORE_16 = "proof.member = r.oid AND proof.grantor = me.oid";

/** Whether a role is one of our grants': by its name's pattern ($2) and by its maker. */
const isOurs = (role: string, hasOptions: boolean) => `
  EXISTS (SELECT FROM pg_catalog.pg_roles r CROSS JOIN pg_catalog.pg_roles me
          JOIN pg_catalog.pg_auth_members proof ON ${hasOptions ? MAKER : MAKER_BEFORE_16}
          WHERE r.oid = ${role} AND r.rolname::text ~ $2 AND me.rolname = current_user ${BY_INDEX})`;

/** The memberships that fit, which are looked up first: what is asked of each then is asked of those alone. */
const EDGE = (hasOptions: boolean, which: string) => `
  SELECT r.rolname AS role, u.rolname AS member, u.rolcanlogin AS "isLogin", m.admin_option AS admin,
         ${hasOptions ? 'm.inherit_option AS "inherit", m.set_option AS "set"' : 'u.rolinherit AS "inherit", true AS "set"'}
  FROM (SELECT * FROM pg_catalog.pg_auth_members m WHERE ${which} ${BY_INDEX}) m
  CROSS JOIN LATERAL (SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.oid = m.roleid ${BY_INDEX}) r
  CROSS JOIN LATERAL (SELECT u.rolname, u.rolcanlogin, u.rolinherit FROM pg_catalog.pg_roles u WHERE u.oid = m.member ${BY_INDEX}) u`;

/** All that leads to the policy's role ($1), but through our grants. */
const DOWN = (hasOptions: boolean) => `
WITH RECURSIVE down (oid) AS (
  SELECT p.oid FROM pg_catalog.pg_roles p WHERE ${isNamed("p.rolname", "$1")}
  UNION SELECT n.member FROM down CROSS JOIN LATERAL (
    SELECT m.member FROM pg_catalog.pg_auth_members m WHERE m.roleid = down.oid ${BY_INDEX}) n
  WHERE NOT ${isOurs("n.member", hasOptions)})
SELECT e.* FROM down CROSS JOIN LATERAL (${EDGE(hasOptions, "m.roleid = down.oid")}
  WHERE NOT ${isOurs("m.member", hasOptions)}) e ORDER BY e.role, e.member`;

/** All that one login ($1) is a member of, but our grants: what it costs doesn't grow with their number. */
const UP = (hasOptions: boolean) => `
WITH RECURSIVE up (oid) AS (
  SELECT p.oid FROM pg_catalog.pg_roles p WHERE ${isNamed("p.rolname", "$1")}
  UNION SELECT n.roleid FROM up CROSS JOIN LATERAL (
    SELECT m.roleid FROM pg_catalog.pg_auth_members m WHERE m.member = up.oid ${BY_INDEX}) n
  WHERE NOT ${isOurs("n.roleid", hasOptions)})
SELECT EXISTS (SELECT FROM pg_catalog.pg_roles s WHERE s.rolsuper AND ${isNamed("s.rolname", "$1")}) AS "isSuperuser",
  coalesce(pg_catalog.json_agg(e ORDER BY e.role, e.member), '[]') AS edges
FROM up CROSS JOIN LATERAL (${EDGE(hasOptions, "m.member = up.oid")}
  WHERE NOT ${isOurs("m.roleid", hasOptions)}) e`;

const SUPERUSERS = `
SELECT s.rolname AS name, s.rolcanlogin AS "isLogin"
FROM pg_catalog.pg_roles s WHERE s.rolsuper ORDER BY s.rolname`;

const [DOWN_WITH_OPTIONS, DOWN_BEFORE_16] = [DOWN(true), DOWN(false)];
const [UP_WITH_OPTIONS, UP_BEFORE_16] = [UP(true), UP(false)];

/**
 * Who holds a policy's role otherwise than by a grant of ours: members, members of members, and superusers. Not our own login with
 * ADMIN alone: that is what it makes grants with.
 */
export async function readHoldings(session: Session, role: string): Promise<readonly Holding[]> {
  const sql = session.hasOptions ? DOWN_WITH_OPTIONS : DOWN_BEFORE_16;
  const edges = await session.rows<Edge>(sql, [role, GRANT_ROLE_PATTERN]);
  const superusers = await session.rows<{ name: string; isLogin: boolean }>(SUPERUSERS, []);
  const [me] = await session.rows<{ name: string }>("SELECT current_user AS name", []);
  const members = [...new Set(edges.map(({ member }) => member))].flatMap((member) => {
    const holding = holdingOf(edges, member, role);
    if (holding === null || (member === me?.name && holding.how.join() === "ADMIN")) return [];
    return [holding];
  });
  const all = superusers.map(
    ({ name, isLogin }): Holding => ({ member: name, isLogin, how: ["SUPERUSER"], through: [] }),
  );
  return [...members.sort((one, other) => (one.member < other.member ? -1 : 1)), ...all];
}

/** That a person has what a grant would give, or can give it to herself: whole sentences; none where she can't. */
export async function readHeldAlready(session: Session, { identity, role }: Place): Promise<readonly string[]> {
  const sql = session.hasOptions ? UP_WITH_OPTIONS : UP_BEFORE_16;
  interface Held {
    readonly isSuperuser: boolean;
    readonly edges: readonly Edge[];
  }
  const [row] = await session.rows<Held>(sql, [identity, GRANT_ROLE_PATTERN]);
  if (row === undefined) throw new Error("an aggregate gave no row");
  const holding = holdingOf(row.edges, identity, role);
  return [
    ...(row.isSuperuser ? [`${tick(identity)} is a superuser`] : []),
    ...(holding === null ? [] : [sentenceOf(holding, role)]),
  ];
}

function sentenceOf({ member, how, through }: Holding, role: string): string {
  const way = through.length === 0 ? "directly" : `through ${listed(through.map(tick))}`;
  const what = `${tick(member)} is a member of ${tick(role)} already, ${way} (${how.join(", ")})`;
  if (how.join() === "ADMIN") return `${what}, and can give it to itself, also after this grant's end`;
  return `${what}: this grant gives nothing more, and its end takes nothing of that away`;
}

interface Way {
  /** Whether all sessions have the rights. */
  readonly inherit: boolean;
  /** Whether a session has them after SET ROLE. */
  readonly set: boolean;
  /** Whether it can give itself the rights. */
  readonly admin: boolean;
  readonly through: readonly string[];
}

/** What a member has of a role; through the shortest of the best of its ways. */
function holdingOf(edges: readonly Edge[], member: string, role: string): Holding | null {
  const way = wayTo(edges, role, member, new Map());
  if (way === null) return null;
  const how = (["inherit", "set", "admin"] as const).filter((each) => way[each]);
  return {
    member,
    isLogin: edges.some((edge) => edge.member === member && edge.isLogin),
    how: how.map((each) => each.toUpperCase() as Holding["how"][number]),
    through: way.through,
  };
}

/**
 * All ways of a member together. NB. what is inherited can't be passed on by SET ROLE: that takes the option on each step up to what then
 * inherits. No membership is circular. `known`: of the members that were asked for before, of whom many may share the rest of their ways.
 */
function wayTo(edges: readonly Edge[], role: string, member: string, known: Map<string, Way | null>): Way | null {
  const before = known.get(member);
  if (before !== undefined) return before;
  const ways = edges
    .filter((edge) => edge.member === member)
    .flatMap((edge): readonly Way[] => {
      if (edge.role === role) return [{ ...edge, through: [] }];
      const next = wayTo(edges, role, edge.role, known);
      if (next === null) return [];
      return [
        {
          inherit: edge.inherit && next.inherit,
          set: edge.set && (next.inherit || next.set),
          admin: edge.admin || ((edge.inherit || edge.set) && next.admin),
          through: [edge.role, ...next.through],
        },
      ];
    })
    .filter(({ inherit, set, admin }) => inherit || set || admin);
  const [best] = ways.toSorted((one, other) => rank(other) - rank(one) || one.through.length - other.through.length);
  const has = (what: "inherit" | "set" | "admin") => ways.some((way) => way[what]);
  const way =
    best === undefined
      ? null
      : { inherit: has("inherit"), set: has("set"), admin: has("admin"), through: best.through };
  known.set(member, way);
  return way;
}

function rank({ inherit, set }: Way): number {
  return inherit ? 2 : set ? 1 : 0;
}
