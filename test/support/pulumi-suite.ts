// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { formatInstant } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import { makeOrdersDatabase } from "@elevation/scripts/support/orders-database";
import { type PostgresServer, startPostgres } from "@elevation/scripts/support/postgres";
import { openSession, type SqlSession } from "@elevation/scripts/support/sql-session";
import {
  createWorkspace,
  type Finished,
  must,
  openStack,
  type RunOptions,
  type Workspace,
} from "@elevation/scripts/support/workspace";
import { Client } from "pg";
import { theEngine } from "./engine";

/** People of the engine tests. */
export const DIRECTORY = `
apiVersion: elevation/v1
kind: Directory
jobFunctions: { dba: {}, support: {} }
people:
  alice@example.com: { name: Alice, jobFunctions: [dba], identities: { postgres: alice } }
  bruno@example.com: { name: Bruno, jobFunctions: [dba], identities: { postgres: bruno } }
  mallory@example.com: { name: Mallory, jobFunctions: [support], identities: { postgres: mallory } }
`;

/** The policy of the engine tests: two connections to one server, access from a second on. */
export function aPolicy(rule = ""): string {
  return `
apiVersion: elevation/v1
kind: Policy
environments: { production: {} }
roles:
  orders-admin:
    targets: { production: { kind: postgres, connection: orders, role: orders_admin } }
  orders-replica:
    targets: { production: { kind: postgres, connection: replica, role: orders_admin } }
rules:
  - id: dba
    effect: allow
    who: { jobFunctions: [dba] }
    roles: "*"
    environments: [production]
    duration: { min: PT1S, max: PT1H }
${rule}
requests: { proof: none }
`;
}

/** A request file's fields; the rest is filled in. */
export interface RequestFields {
  readonly requester?: string;
  readonly role?: string;
  readonly duration?: string;
  readonly reason?: string;
  readonly extra?: string;
}

/** One stack on the real engine with a journal of its own, before a real PostgreSQL. */
export interface Scenario {
  readonly workspace: Workspace;
  readonly server: PostgresServer;
  request(name: string, fields?: RequestFields): void;
  withdraw(name: string): void;
  /** Without its preview phase unless `preview`: that saves half the time. */
  up(options?: RunOptions & { pack?: boolean; preview?: boolean }): Promise<Finished>;
  preview(options?: RunOptions): Promise<Finished>;
  refresh(...args: string[]): Promise<Finished>;
  /** Names in the state, and the outs of each Grant. */
  grants(): Promise<Record<string, GrantOuts>>;
  /** Every grant's role at the server, whether or not this scenario's journal knows of it: what was made twice is seen. */
  roles(): Promise<string[]>;
  /** Types of the journal's events without \`opened\`, in order. */
  events(): Promise<string[]>;
  session(login: string): Promise<SqlSession>;
  superuser(statement: string): Promise<Record<string, unknown>[]>;
  /** Resolves at an instant of the wall clock. */
  until(instant: string | undefined): Promise<void>;
  dispose(): Promise<void>;
}

export interface GrantOuts {
  readonly status: string;
  readonly digest: string;
  readonly activatedAt: string;
  readonly expiresAt: string;
  readonly place: { readonly object: string } | null;
}

/** A real PostgreSQL with the orders database, for a whole suite. */
export async function startOrders(): Promise<PostgresServer> {
  const server = await startPostgres();
  await makeOrdersDatabase(server);
  return server;
}

export async function startScenario(
  server: PostgresServer,
  options: { policy?: string; env?: Record<string, string> } = {},
): Promise<Scenario> {
  assert.deepEqual(await grantRoles(server), [], "an earlier scenario left roles at the server");
  const engine = await theEngine();
  const manager = server.url("elevation_manager", "orders");
  const workspace = createWorkspace({
    policy: options.policy ?? aPolicy(),
    directory: DIRECTORY,
    env: {
      ...engine.env,
      ELEVATION_CONNECTION_ORDERS: manager,
      ELEVATION_CONNECTION_REPLICA: manager,
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
      ...options.env,
    },
  });
  await openStack(workspace, "production");
  return scenario(workspace, server);
}

function scenario(workspace: Workspace, server: PostgresServer): Scenario {
  const sessions: SqlSession[] = [];
  const pack = ["--policy-pack", "policypack"];
  return {
    workspace,
    server,
    request: (name, fields = {}) => workspace.write(`stacks/requests/${name}.yaml`, requestText(name, fields)),
    withdraw: (name) => workspace.remove(`stacks/requests/${name}.yaml`),
    up: (run) =>
      workspace.pulumi(
        ["up", "--yes", ...(run?.preview === true ? [] : ["--skip-preview"]), ...(run?.pack === false ? [] : pack)],
        run,
      ),
    preview: (run) => workspace.pulumi(["preview", "--diff", ...pack], run),
    refresh: (...args) => workspace.pulumi(["refresh", "--yes", "--skip-preview", ...args]),
    grants: () => grantsOf(workspace),
    roles: () => grantRoles(server),
    events: async () => (await openStore(journalOf(workspace)).read()).slice(1).map(({ type }) => type),
    session: async (login) => {
      const session = await openSession(server.url(login, "orders"));
      sessions.push(session);
      return session;
    },
    superuser: (statement) => query(server, statement),
    until: async (instant) => {
      const left = new Date(instant ?? "").getTime() - Date.now();
      if (Number.isNaN(left)) throw new Error(`no instant: ${instant}`);
      if (left > 0) await delay(left);
    },
    dispose: async () => {
      for (const session of sessions) await session.close();
      // Whatever a failed test left at the shared server must not help the next one to pass, or make it fail.
      for (const role of await grantRoles(server)) await query(server, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
      workspace.dispose();
    },
  };
}

/** A request file that was written now. */
export function requestText(name: string, { requester, role, duration, reason, extra }: RequestFields): string {
  return `apiVersion: elevation/v1
kind: Request
metadata: { name: ${name} }
spec:
  requester: ${requester ?? "alice@example.com"}
  role: ${role ?? "orders-admin"}
  environment: production
  duration: ${duration ?? "PT10M"}
  requestedAt: ${formatInstant(Date.now())}
  reason: ${JSON.stringify(reason ?? "Rebuild the orders index")}
${extra === undefined ? "" : `  ${extra}\n`}`;
}

/** Those of all grants. The manager's login, `elevation_manager`, is none: its name doesn't begin with `elev_`. */
export async function grantRoles(server: PostgresServer): Promise<string[]> {
  const rows = await query(server, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'elev\\_%' ORDER BY rolname");
  return rows.map(({ rolname }) => String(rolname));
}

async function grantsOf(workspace: Workspace): Promise<Record<string, GrantOuts>> {
  const { stdout } = await must(workspace.pulumi(["stack", "export"]));
  const state = JSON.parse(stdout) as {
    deployment: { resources?: { type: string; urn: string; outputs?: unknown }[] };
  };
  const grants = (state.deployment.resources ?? []).filter(({ type }) => type.endsWith("elevation:Grant"));
  return Object.fromEntries(
    grants.map(({ urn, outputs }) => [String(urn.split("::").at(-1)).slice(0, -13), outputs as GrantOuts]),
  );
}

function journalOf(workspace: Workspace): string {
  return workspace.env["ELEVATION_JOURNAL"] ?? "";
}

/** Runs statements as the superuser. */
export async function query(server: PostgresServer, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: server.url("postgres", "orders") });
  await client.connect();
  try {
    return (await client.query(statement)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}
