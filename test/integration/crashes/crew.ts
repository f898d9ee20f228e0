// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Digest, formatInstant, readRequest } from "@elevation/domain";
import { type GrantRecord, Journal, type JournalView, openStore } from "@elevation/journal";
import { createTargets } from "@elevation/provider/targets";
import { makeOrdersDatabase } from "@elevation/scripts/support/orders-database";
import { type PostgresServer, startPostgres } from "@elevation/scripts/support/postgres";
import { openSession, type SqlSession } from "@elevation/scripts/support/sql-session";
import { execute, must, repository } from "@elevation/scripts/support/workspace";
import { Client } from "pg";
import type { Clone, Team } from "../../support/pipeline";

/** How many people there are, each with a role of their own: grants of one role would wait for each other's locks. */
export const CREW = 12;
const NUMBERS = Array.from({ length: CREW }, (_, index) => index + 1);

/** A policy of `work-1` to `work-12`, in two environments at one server. */
export function crewPolicy(): string {
  const roles = NUMBERS.map(
    (n) => `  work-${n}:
    targets:
      production: { kind: postgres, connection: orders, role: work_${n} }
      staging: { kind: postgres, connection: orders, role: work_${n} }`,
  );
  return `
apiVersion: elevation/v1
kind: Policy
environments: { production: {}, staging: {} }
roles:
${roles.join("\n")}
rules:
  - id: anybody
    effect: allow
    who: everyone
    roles: "*"
    environments: [production, staging]
    duration: { min: PT1S, max: PT1H }
requests: { proof: none }
`;
}

export function crewDirectory(): string {
  const people = NUMBERS.map(
    (n) => `  worker-${n}@example.com: { name: Worker ${n}, identities: { postgres: worker_${n} } }`,
  );
  return `
apiVersion: elevation/v1
kind: Directory
jobFunctions: {}
people:
${people.join("\n")}
`;
}

/** A real PostgreSQL with a login and a role for each of the crew; the manager may grant the roles. */
export async function startCrewServer(): Promise<PostgresServer> {
  const server = await startPostgres();
  await makeOrdersDatabase(server);
  const statements = NUMBERS.flatMap((n) => [
    `CREATE ROLE worker_${n} LOGIN PASSWORD '${server.password(`worker_${n}`)}'`,
    `CREATE ROLE work_${n} NOLOGIN`,
    `GRANT work_${n} TO elevation_manager WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
  ]);
  await sql(server, statements.join(";"));
  return server;
}

/** A request of one of the crew, written to a clone. */
export interface Asked {
  readonly name: string;
  readonly file: string;
  readonly digest: Digest;
  readonly object: string;
  readonly login: string;
}

export function ask(clone: Clone, name: string, n: number, duration: string, environment = "production"): Asked {
  const file = `stacks/requests/${name}.yaml`;
  const text = `apiVersion: elevation/v1
kind: Request
metadata: { name: ${name} }
spec:
  requester: worker-${n}@example.com
  role: work-${n}
  environment: ${environment}
  duration: ${duration}
  requestedAt: ${formatInstant(Date.now())}
  reason: Do the work
`;
  clone.write(file, text);
  const { digest } = readRequest({ file, text });
  const object = createTargets({}).get("postgres")?.objectName(digest) ?? assert.fail();
  return { name, file, digest, object, login: `worker_${n}` };
}

/** Runs `pulumi` on a stack of a clone, as somebody does who doesn't use the pipeline's steps. */
export function pulumi(
  clone: Clone,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  onStart?: (pid: number) => void,
  stack = "production",
) {
  return execute(
    "pulumi",
    ["--color", "never", "--non-interactive", ...args, "--stack", stack],
    { ...env },
    clone.path,
    onStart === undefined ? {} : { onStart },
  );
}

/** All grants at once, so that each can be held: by default as many as four times the processors. */
const QUIETLY = ["--yes", "--skip-preview", "--suppress-progress", "--parallel", "32"];
export const UP = ["up", ...QUIETLY] as const;
export const REFRESH = ["refresh", ...QUIETLY] as const;

/** Runs `elevate` in a clone with all that a job holds. */
export function elevate(clone: Clone, team: Team, args: readonly string[]) {
  const command = join(repository, "cli", "bin", "elevate.js");
  return execute(process.execPath, [command, ...args], { ...team.jobEnv }, clone.path);
}

/** Resolves when all these grants are past the end that the journal has for them. */
export async function untilEnd(team: Team, ...asked: readonly Asked[]): Promise<void> {
  const view = await viewOf(team);
  const ends = asked.map(({ digest }) => Date.parse(view.grant(digest)?.intent.expiresAt ?? ""));
  await delay(Math.max(0, Math.max(...ends) - Date.now()));
}

/** What a test that failed left at the server must not make the next one fail. */
export async function clearRoles(server: PostgresServer): Promise<void> {
  for (const role of await rolesAt(server)) await sql(server, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
}

export async function sql(server: PostgresServer, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: server.url("postgres", "orders") });
  await client.connect();
  try {
    return (await client.query(statement)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

/** Every grant's role at the server, whoever knows of it. */
export async function rolesAt(server: PostgresServer): Promise<string[]> {
  const rows = await sql(server, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'elev\\_%' ORDER BY rolname");
  return rows.map(({ rolname }) => String(rolname));
}

/** What the journal says, verified from its first event. */
export async function viewOf(team: Team): Promise<JournalView> {
  const journal = await Journal.open(
    openStore(team.jobEnv["ELEVATION_JOURNAL"] ?? ""),
    team.jobEnv["ELEVATION_JOURNAL_ID"],
  );
  try {
    return await journal.view();
  } finally {
    await journal.close();
  }
}

export async function liveOf(team: Team): Promise<readonly GrantRecord[]> {
  return [...(await viewOf(team)).grants].filter(({ status }) => status === "live");
}

/** Digests of the grants in a stack's state. */
export async function stateOf(clone: Clone, team: Team, stack = "production"): Promise<readonly string[]> {
  const { stdout } = await must(pulumi(clone, team.jobEnv, ["stack", "export"], undefined, stack));
  const { deployment } = JSON.parse(stdout) as { deployment: { resources?: { type: string; id?: string }[] } };
  return (deployment.resources ?? [])
    .filter(({ type }) => type.endsWith("elevation:Grant"))
    .map(({ id }) => id ?? "")
    .sort();
}

const MEMBERS = `
SELECT g.rolname || ': ' || coalesce(string_agg(r.rolname || ' > ' || u.rolname
         || CASE WHEN m.admin_option THEN ' admin' ELSE '' END || CASE WHEN m.inherit_option THEN ' inherit' ELSE '' END
         || CASE WHEN m.set_option THEN ' set' ELSE '' END || ' by ' || b.rolname, ', ' ORDER BY r.rolname, u.rolname), 'none') AS line
FROM pg_roles g
LEFT JOIN pg_auth_members m ON g.oid IN (m.roleid, m.member)
LEFT JOIN pg_roles r ON r.oid = m.roleid LEFT JOIN pg_roles u ON u.oid = m.member LEFT JOIN pg_roles b ON b.oid = m.grantor
WHERE g.rolname LIKE 'elev\\_%' GROUP BY g.rolname ORDER BY g.rolname`;

/**
 * INVARIANT (nothing unknown): whenever a process dies, what stands at the server has an open intent in the journal, and
 * the journal verifies.
 */
export async function requireNothingUnknown(server: PostgresServer, team: Team): Promise<void> {
  const known = (await liveOf(team)).map(({ intent }) => intent.place.object);
  for (const role of await rolesAt(server)) assert.ok(known.includes(role), `${role} is at the server, and not live`);
}

/**
 * INVARIANT (no leak, no duplicate): exactly the expected grants are live in the journal and in the state, and exactly
 * their roles are at the server, each with the members that we give it; whoever holds none has no open session; the chain
 * verifies; no grant was activated or ended twice.
 */
export async function requireExactly(
  server: PostgresServer,
  team: Team,
  clone: Clone,
  expected: readonly Asked[],
): Promise<void> {
  const live = await liveOf(team);
  const sorted = (texts: readonly string[]) => [...texts].sort();
  const digests = sorted(expected.map(({ digest }) => digest));
  assert.deepEqual(sorted(live.map(({ digest }) => digest)), digests, "the journal's live grants");
  for (const { activated, marks } of live) assert.deepEqual({ activated, marks }, { activated: true, marks: [] });
  const lines = (await sql(server, MEMBERS)).map(({ line }) => String(line));
  assert.deepEqual(lines, sorted(live.map(({ intent }) => membersOf(intent.place))), "the server's roles");
  assert.deepEqual(await stateOf(clone, team), digests, "the state's grants");
  const verified = await elevate(clone, team, ["audit", "verify"]);
  assert.equal(verified.code, 0, verified.output);
  await requireOnce(team);
  const open = await sql(server, "SELECT DISTINCT usename FROM pg_stat_activity WHERE usename LIKE 'worker\\_%'");
  const logins = expected.map(({ login }) => login);
  for (const { usename } of open) assert.ok(logins.includes(String(usename)), `${usename} kept a session`);
}

function membersOf({ object, role, identity }: GrantRecord["intent"]["place"]): string {
  return `${object}: ${object} > elevation_manager admin by postgres, ${object} > ${identity} inherit by elevation_manager, ${role} > ${object} inherit by elevation_manager`;
}

/** Each grant is made once and ends once. */
async function requireOnce(team: Team): Promise<void> {
  const counts = new Map<string, number>();
  for (const { type, request } of await openStore(team.jobEnv["ELEVATION_JOURNAL"] ?? "").read()) {
    const what = ["revoked", "expired"].includes(type) ? "an end" : type;
    if (!["an end", "activating", "activated"].includes(what)) continue;
    const key = `${what} of ${request}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const [key, count] of counts) assert.equal(count, 1, `${key} is journaled ${count} times`);
}

export async function openSessions(server: PostgresServer, asked: readonly Asked[]): Promise<readonly SqlSession[]> {
  return Promise.all(asked.map(({ login }) => openSession(server.url(login, "orders"))));
}
