// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatInstant, type Request } from "@elevation/domain";
import { initJournal, openStore } from "@elevation/journal";
import type { GrantInputs } from "@elevation/provider/lifecycle";
import { makeOrdersDatabase } from "@elevation/scripts/support/orders-database";
import { type PostgresServer, startPostgres } from "@elevation/scripts/support/postgres";
import { after } from "mocha";
import { Client } from "pg";
import { aRequest, inputsOf } from "../support/lifecycle";

/** How many people there are, each with a role of their own: `worker_1` may be given `work_1`. */
export const PEOPLE = 64;
export const NUMBERS: readonly number[] = Array.from({ length: PEOPLE }, (_, index) => index + 1);

/** Environments beside production. */
const BATCHES = 8;
const ENVIRONMENTS = ["production", ...Array.from({ length: BATCHES }, (_, index) => batchOf(index + 1))];

const HOUR = 3_600_000;
const JOB = { kind: "job", key: "unverified" } as const;

const POLICY = `
apiVersion: elevation/v1
kind: Policy
environments: { ${ENVIRONMENTS.map((name) => `${name}: {}`).join(", ")} }
roles:
${NUMBERS.map((n) => `  work-${n}: { targets: { ${targetsOf(n)} } }`).join("\n")}
rules:
  - { id: anybody, effect: allow, who: everyone, roles: "*", environments: "*", duration: { min: PT1S, max: PT1H } }
requests: { proof: none }
`;

const DIRECTORY = `
apiVersion: elevation/v1
kind: Directory
jobFunctions: {}
people:
${NUMBERS.map((n) => `  worker-${n}@example.com: { name: Worker ${n}, identities: { postgres: worker_${n} } }`).join("\n")}
`;

function targetsOf(n: number): string {
  return ENVIRONMENTS.map((name) => `${name}: { kind: postgres, connection: orders, role: work_${n} }`).join(", ");
}

/** The name of an environment, from 1 on, all at the same server. */
export function batchOf(index: number): string {
  return `batch-${index}`;
}

let shared: Promise<Shop> | undefined;

/** The one shop of several test files, opened when it is first asked for. Call this at the top of a test file. */
export function sharedShop(): () => Promise<Shop> {
  after("close the shop", async function () {
    this.timeout(30_000);
    const open = shared;
    shared = undefined;
    await (await open)?.close();
  });
  return () => {
    shared ??= Shop.open();
    return shared;
  };
}

/** A real PostgreSQL, a project whose documents let each worker work, and a journal with an fsync for each event. */
export class Shop {
  readonly server: PostgresServer;
  /** Of the project. */
  readonly folder: string;
  readonly #superuser: Client;

  private constructor(server: PostgresServer, folder: string, superuser: Client) {
    this.server = server;
    this.folder = folder;
    this.#superuser = superuser;
  }

  static async open(): Promise<Shop> {
    const folder = mkdtempSync(join(tmpdir(), "elevation-faults-"));
    mkdirSync(join(folder, "policypack"));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: elevation\nruntime: nodejs\n");
    writeFileSync(join(folder, "policypack", "elevation.yaml"), POLICY);
    writeFileSync(join(folder, "policypack", "directory.yaml"), DIRECTORY);
    const server = await startPostgres({ settings: { max_connections: "200" } });
    await makeOrdersDatabase(server);
    const superuser = new Client({ connectionString: server.url("postgres", "orders") });
    await superuser.connect();
    const shop = new Shop(server, folder, superuser);
    for (const n of NUMBERS)
      await shop.rows(`
        CREATE ROLE worker_${n} LOGIN PASSWORD '${server.password(`worker_${n}`)}';
        CREATE ROLE work_${n} NOLOGIN;
        GRANT work_${n} TO elevation_manager WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`);
    return shop;
  }

  /** A new journal, opened an hour ago: what a process's environment holds for it and for the server, by another way (a proxy) if a port is given. */
  async newJournal(name: string, port = this.server.port): Promise<Record<string, string>> {
    const ELEVATION_JOURNAL = `file:${join(this.folder, `${name}.jsonl`)}`;
    const { hash } = await initJournal(openStore(ELEVATION_JOURNAL), JOB, Date.now() - HOUR);
    return { ELEVATION_JOURNAL, ELEVATION_JOURNAL_ID: hash, ...this.connection(port) };
  }

  connection(port = this.server.port): Record<string, string> {
    const url = this.server.url("elevation_manager", "orders").replace(`:${this.server.port}/`, `:${port}/`);
    return { ELEVATION_CONNECTION_ORDERS: url };
  }

  /** A request of one worker for their work. */
  ask(name: string, n: number, spec: Partial<Request["spec"]> = {}): GrantInputs {
    const requestedAt = formatInstant(Date.now() - 60_000);
    const who = { requester: `worker-${n}@example.com`, role: `work-${n}`, requestedAt, duration: "PT1H" };
    return inputsOf(aRequest({ ...who, ...spec }, name));
  }

  /** Whether a grant's role stands. */
  async stands({ digest }: Pick<GrantInputs, "digest">): Promise<boolean> {
    return (await this.rows(`SELECT FROM pg_roles WHERE rolname = 'elev_${digest.slice(7, 47)}'`)).length > 0;
  }

  /** As the superuser. */
  async rows<Row = Record<string, unknown>>(statement: string): Promise<readonly Row[]> {
    return (await this.#superuser.query(statement)).rows as Row[];
  }

  /** What a worker may do who logs in now: the numbers of the work. */
  async workOf(n: number): Promise<readonly number[]> {
    const client = new Client({ connectionString: this.server.url(`worker_${n}`, "orders") });
    await client.connect();
    try {
      const { rows } = await client.query<{ n: number }>(
        `SELECT n FROM generate_series(1, ${PEOPLE}) n WHERE pg_has_role('work_' || n, 'USAGE') ORDER BY n`,
      );
      return rows.map(({ n }) => n);
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    await this.#superuser.end();
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
