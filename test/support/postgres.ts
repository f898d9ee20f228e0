// SPDX-License-Identifier: Apache-2.0
import type { Digest, Place } from "@elevation/domain";
import type { Access, Target, TargetConnection } from "@elevation/provider/lifecycle";
import { createTargets } from "@elevation/provider/targets";
import { makeOrdersDatabase } from "@elevation/scripts/support/orders-database";
import { type PostgresServer, type StartOptions, startPostgres } from "@elevation/scripts/support/postgres";
import { after } from "mocha";
import { Client } from "pg";

/** A throw-away server with the shop's database, and what tests do at it. Everything it opened ends with `stop`. */
export interface OrdersServer {
  readonly server: PostgresServer;
  /** The server's major version. */
  readonly major: number;
  /** The target whose connection `orders-production` is the manager's. */
  readonly target: Target;
  /** A new connection of the target, as a process of its own would have. */
  connect(): Promise<TargetConnection>;
  /** A person's open session. */
  open(user: string, database?: string): Promise<PersonSession>;
  /** Runs statements as the superuser. */
  superuser(...statements: string[]): Promise<unknown[][]>;
  /** Takes all grants' roles, all that names them and all of alice's extras away; the tables and logins stay. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** A session as psql would hold it: `sql` gives the rows as arrays, or throws what the server said. */
export interface PersonSession {
  sql(statement: string): Promise<unknown[][]>;
  /** The server's message, or null if the statement worked. */
  refusal(statement: string): Promise<string | null>;
  readonly pid: number;
  /** Resolves when the server cut it. */
  readonly cut: Promise<void>;
  close(): Promise<void>;
}

export const CONNECTION = "orders-production";
export const VARIABLE = "ELEVATION_CONNECTION_ORDERS_PRODUCTION";

let shared: Promise<OrdersServer> | undefined;

/**
 * The one server of a test run, started when the returned function is first called. Call this at the top of a test
 * file, outside of `describe`, so that the server ends after the last test of all files.
 */
export function sharedOrdersServer(): () => Promise<OrdersServer> {
  after("stop PostgreSQL", async function () {
    this.timeout(30_000);
    const running = shared;
    shared = undefined;
    await (await running)?.stop();
  });
  return () => {
    shared ??= startOrdersServer();
    return shared;
  };
}

/** `ELEVATION_TEST_POSTGRES=16` runs the tests at another major version, whose optional package must be installed. */
const CHOSEN = process.env["ELEVATION_TEST_POSTGRES"];

export async function startOrdersServer(options: StartOptions = {}): Promise<OrdersServer> {
  const server = await startPostgres({ ...(CHOSEN === undefined ? {} : { major: Number(CHOSEN) }), ...options });
  const target = targetOf(server.url("elevation_manager", "orders"));
  const opened: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(item: T): T => {
    opened.push(item);
    return item;
  };
  const closeAll = async () => {
    await Promise.all(opened.splice(0).map((item) => item.close().catch(() => undefined)));
  };
  let superuser: PersonSession;
  let major: number;
  try {
    // A copy has the database already.
    if (options.copyOf === undefined) await makeOrdersDatabase(server);
    superuser = await openPerson(server.url("postgres", "orders"));
    major = Math.floor(Number((await superuser.sql("SHOW server_version_num"))[0]?.[0]) / 10_000);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const asSuperuser = async (...statements: readonly string[]) => {
    let rows: unknown[][] = [];
    for (const statement of statements) rows = await superuser.sql(statement);
    return rows;
  };
  return {
    server,
    major,
    target,
    connect: async () => keep(await target.connect(CONNECTION)),
    open: async (user, database = "orders") => keep(await openPerson(server.url(user, database))),
    superuser: asSuperuser,
    reset: async () => {
      await closeAll();
      await asSuperuser(RESET);
    },
    stop: async () => {
      await closeAll();
      await superuser.close();
      await server.stop();
    },
  };
}

/** The target of kind `postgres` whose connection `orders-production` has this address. */
export function targetOf(url: string): Target {
  const target = createTargets({ [VARIABLE]: url }).get("postgres");
  if (target === undefined) throw new Error("no target of kind `postgres`");
  return target;
}

/** `digit` makes different grants; the expiry lies beyond any test. */
export function anAccess(server: string, digit: string, changes: Partial<Place> = {}): Access {
  const digest: Digest = `sha256:${digit.repeat(64)}`;
  const object = `elev_${digit.repeat(40)}`;
  const place = { kind: "postgres", connection: CONNECTION, role: "orders_admin", server, identity: "alice", object };
  return { digest, place: { ...place, ...changes }, expiresAt: Date.UTC(2026, 10, 24, 10, 0, 0) };
}

async function openPerson(url: string): Promise<PersonSession> {
  const client = new Client({ connectionString: url });
  const cut = new Promise<void>((resolve) => {
    client.once("end", () => resolve());
  });
  client.on("error", () => undefined);
  await client.connect();
  const sql = async (statement: string) =>
    (await client.query<unknown[]>({ text: statement, rowMode: "array" })).rows as unknown[][];
  const [row] = await sql("SELECT pg_backend_pid()");
  const refusal = (statement: string) =>
    sql(statement).then(
      () => null,
      (error: unknown) => (error as Error).message,
    );
  return { sql, refusal, pid: Number(row?.[0]), cut, close: () => client.end() };
}

const RESET = `
  DO $$
   DECLARE r record;
   BEGIN
     PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE usename IN ('alice', 'bruno', 'chiara', 'mallory', 'alice_renamed', 'elevation_manager');
     FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'elev\\_%' OR rolname IN ('mallory', 'alice', 'bruno', 'chiara') LOOP
       EXECUTE format('DROP OWNED BY %I CASCADE', r.rolname);
     END LOOP;
     FOR r IN SELECT rolname FROM pg_roles WHERE rolname ~ '^elev_[0-9a-f]{40}$' LOOP
       EXECUTE format('DROP ROLE %I', r.rolname);
     END LOOP;
   END $$`;
