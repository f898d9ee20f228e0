// SPDX-License-Identifier: Apache-2.0
import { Client } from "pg";
import type { PostgresServer } from "./postgres";

/** Logins of the fixture, all without any right of their own; each has the password that the server's `url` gives. */
export const PEOPLE = ["alice", "bruno", "chiara", "mallory"] as const;

/** The manager's rights, exactly as docs/postgres.md gives them: it is no superuser and can use no role that it grants. */
const MANAGER_RIGHTS = [
  "GRANT orders_admin TO elevation_manager WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
  "GRANT orders_reader TO elevation_manager WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
  "GRANT pg_signal_backend TO elevation_manager WITH INHERIT TRUE, SET FALSE",
];
/** On PostgreSQL 15 CREATEROLE alone may grant every role, and memberships have no options. */
const MANAGER_RIGHTS_ON_15 = ["GRANT pg_signal_backend TO elevation_manager"];

const TABLES = `
GRANT CREATE ON SCHEMA public TO orders_admin;
SET ROLE orders_admin;
CREATE TABLE customers (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL);
CREATE TABLE orders (
  id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  customer int NOT NULL REFERENCES customers,
  placed_at timestamptz NOT NULL DEFAULT now(),
  total_cents int NOT NULL CHECK (total_cents >= 0));
INSERT INTO customers (name) VALUES ('Ada'), ('Grace'), ('Edsger');
INSERT INTO orders (customer, total_cents) SELECT 1 + n % 3, 100 * n FROM generate_series(1, 30) n;
GRANT SELECT ON customers, orders TO orders_reader;
RESET ROLE;`;

/**
 * Makes the database `orders` of a believable shop on a fresh server: the role `orders_admin`, which nobody can log in
 * as, owns its tables, `orders_reader` may read them; `elevation_manager` makes and ends grants of both; people have
 * logins and no rights. The database itself belongs to `postgres`, so that nobody who is elevated can lock the manager out.
 */
export async function makeOrdersDatabase(server: PostgresServer): Promise<void> {
  const version = Number(
    (await run(server.url("postgres", "postgres"), ["SHOW server_version_num"]))["server_version_num"],
  );
  const logins = PEOPLE.map((login) => `CREATE ROLE ${login} LOGIN PASSWORD '${server.password(login)}'`);
  await run(server.url("postgres", "postgres"), [
    "CREATE ROLE orders_admin NOLOGIN",
    "CREATE ROLE orders_reader NOLOGIN",
    `CREATE ROLE elevation_manager LOGIN CREATEROLE PASSWORD '${server.password("elevation_manager")}'`,
    ...logins,
    ...(version < 160_000 ? MANAGER_RIGHTS_ON_15 : MANAGER_RIGHTS),
    "CREATE DATABASE orders",
  ]);
  await run(server.url("postgres", "orders"), [TABLES]);
}

/** Returns the first row of the last statement. */
async function run(url: string, statements: readonly string[]): Promise<Record<string, unknown>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    let row: Record<string, unknown> = {};
    for (const statement of statements) row = (await client.query<Record<string, unknown>>(statement)).rows?.[0] ?? {};
    return row;
  } finally {
    await client.end();
  }
}
