// SPDX-License-Identifier: Apache-2.0
import { type Judge, readJudge } from "@elevation/domain";
import { Client } from "pg";
import { makeOrdersDatabase } from "../../support/orders-database";
import type { PostgresServer } from "../../support/postgres";

/**
 * How many logins manage the grants, each by a connection of its own: PostgreSQL goes through all live grants of a login for
 * each change (docs/adr/0010-the-short-end.md), so ten thousand of one login would end too slowly (docs/postgres.md).
 */
export const MANAGERS = 8;

/** What everybody who is elevated may read, and nobody else. */
export const PROBE = "SELECT FROM public.orders LIMIT 1";

const ENVIRONMENT = "production";
const each = (count: number, line: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => line(n)).join("\n");

export const personOf = (n: number): string => `person-${n}@example.com`;
export const loginOf = (n: number): string => `person_${n}`;
export const roleOf = (n: number): string => `app-${n % MANAGERS}`;
export const managerOf = (n: number): string => `elevation_manager_${n}`;
export const connectionVariableOf = (n: number): string => `ELEVATION_CONNECTION_ORDERS_${n}`;

/** A policy whose grants may be as short as a second, and a directory of so many people. */
export function readCompany(people: number): Judge {
  const policy = `apiVersion: elevation/v1
kind: Policy
environments: { ${ENVIRONMENT}: { maxDuration: PT8H } }
roles:
${each(MANAGERS, (n) => `  app-${n}: { targets: { ${ENVIRONMENT}: { kind: postgres, connection: orders-${n}, role: app_${n} } } }`)}
rules:
  - id: everybody
    effect: allow
    who: everyone
    roles: "*"
    environments: [${ENVIRONMENT}]
    duration: { min: PT1S, max: PT8H }
requests: { proof: none }
`;
  const directory = {
    apiVersion: "elevation/v1",
    kind: "Directory",
    people: Object.fromEntries(
      Array.from({ length: people }, (_, n) => [
        personOf(n),
        { name: `Person ${n}`, identities: { postgres: loginOf(n) } },
      ]),
    ),
  };
  return readJudge(
    { file: "elevation.yaml", text: policy },
    { file: "directory.json", text: JSON.stringify(directory) },
  );
}

/** Gives the server a login for each person and each manager, and the roles of the policy. */
export async function makeLogins(server: PostgresServer, people: number): Promise<void> {
  await makeOrdersDatabase(server);
  const client = new Client({ connectionString: server.url("postgres", "orders") });
  await client.connect();
  try {
    for (let n = 0; n < MANAGERS; n++) {
      const [manager, role] = [managerOf(n), `app_${n}`];
      await client.query(`CREATE ROLE ${role} NOLOGIN;
        GRANT SELECT ON public.orders TO ${role};
        CREATE ROLE ${manager} LOGIN CREATEROLE PASSWORD '${server.password(manager)}';
        GRANT ${role} TO ${manager} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;
        GRANT pg_signal_backend TO ${manager} WITH INHERIT TRUE, SET FALSE`);
    }
    for (let n = 0; n < people; n++)
      await client.query(`CREATE ROLE ${loginOf(n)} LOGIN PASSWORD '${server.password(loginOf(n))}'`);
  } finally {
    await client.end();
  }
}

export interface LatenessRequest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, string>>;
}

/** A request of a person for so many seconds, made now. */
export function requestOf(n: number, seconds: number, now: Date): LatenessRequest {
  return {
    ...{ apiVersion: "elevation/v1", kind: "Request", metadata: { name: `person-${n}` } },
    spec: {
      ...{ requester: personOf(n), role: roleOf(n), environment: ENVIRONMENT, duration: `PT${seconds}S` },
      ...{ requestedAt: now.toISOString(), reason: "Look at the orders of the day" },
    },
  };
}
