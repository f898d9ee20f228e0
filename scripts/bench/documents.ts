// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { Client } from "pg";
import { makeOrdersDatabase } from "../support/orders-database";
import type { PostgresServer } from "../support/postgres";
import type { Workspace } from "../support/workspace";

/** A company of a hundred people, each of whom holds ten roles at most: together a thousand grants. */
export const PEOPLE = 100;
export const ROLES = 10;

const each = (count: number, text: (n: number) => string, between = "\n"): string =>
  Array.from({ length: count }, (_, n) => text(n)).join(between);

/** Rules with a reason, a ticket, hours and a freeze: what a real policy asks of each request. Always open, so that any hour will do. */
export const POLICY = `apiVersion: elevation/v1
kind: Policy
environments:
  production: { description: Customer traffic, maxDuration: PT8H }
roles:
${each(
  ROLES,
  (n) => `  app-${n}:
    severity: high
    targets:
      production: { kind: postgres, connection: orders-production, role: app_${n} }`,
)}
rules:
  - id: dba-production
    effect: allow
    who: { jobFunctions: [sre] }
    roles: [${each(ROLES, (n) => `app-${n}`, ", ")}]
    environments: [production]
    duration: { min: PT1M, default: PT30M, max: PT8H }
    hours: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri, sat, sun], from: "00:00", to: "24:00", mode: activate }
    reason: { minLength: 10 }
    ticket: { matches: "^(INC|CHG)-[0-9]+$" }
  - id: long-past-freeze
    effect: deny
    who: everyone
    roles: "*"
    environments: [production]
    during: { from: 2020-12-20T00:00:00Z, to: 2021-01-02T00:00:00Z }
requests: { proof: none }
`;

export const DIRECTORY = `apiVersion: elevation/v1
kind: Directory
jobFunctions:
  dba: {}
  sre: { includes: [dba] }
people:
${each(PEOPLE, (n) => `  person-${n}@example.com: { name: Person ${n}, jobFunctions: [${n % 2 === 0 ? "dba" : "sre"}], identities: { postgres: person_${n} } }`)}
`;

/** Gives the server a login for each person, and the roles that the policy offers. */
export async function makeCompany(server: PostgresServer): Promise<void> {
  await makeOrdersDatabase(server);
  const client = new Client({ connectionString: server.url("postgres", "postgres") });
  await client.connect();
  try {
    await client.query(`DO $$ BEGIN
      FOR n IN 0..${PEOPLE - 1} LOOP EXECUTE format('CREATE ROLE person_%s LOGIN', n); END LOOP;
      FOR n IN 0..${ROLES - 1} LOOP
        EXECUTE format('CREATE ROLE app_%s NOLOGIN', n);
        EXECUTE format('GRANT app_%s TO elevation_manager WITH ADMIN TRUE, INHERIT FALSE, SET FALSE', n);
      END LOOP;
    END $$`);
  } finally {
    await client.end();
  }
}

/** One request file as people write it: `index` names the person and the role. */
export interface BenchRequest {
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, string>>;
}

export function requestOf(index: number, requestedAt: Date): BenchRequest {
  const [person, role] = [index % PEOPLE, Math.floor(index / PEOPLE) % ROLES];
  return {
    metadata: { name: `person-${person}-app-${role}-${index}` },
    spec: {
      requester: `person-${person}@example.com`,
      role: `app-${role}`,
      environment: "production",
      duration: "PT4H",
      requestedAt: requestedAt.toISOString(),
      reason: `Rebuild the index of the orders table after the import of ${index} partners stalled`,
      ticket: `INC-${4711 + index}`,
    },
  };
}

/** Writes so many request files into a workspace, dated now. */
export function writeRequests(workspace: Workspace, count: number): void {
  const now = new Date();
  for (let index = 0; index < count; index++) {
    const { metadata, spec } = requestOf(index, now);
    const lines = Object.entries(spec).map(([field, value]) => `  ${field}: ${value}`);
    const text = [
      "apiVersion: elevation/v1",
      "kind: Request",
      `metadata: { name: ${metadata.name} }`,
      "spec:",
      ...lines,
    ];
    workspace.write(join("stacks", "requests", `${metadata.name}.yaml`), `${text.join("\n")}\n`);
  }
}
