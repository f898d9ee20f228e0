// SPDX-License-Identifier: Apache-2.0
import { initJournal, type JournalStore, openStore } from "@elevation/journal";
import { type PostgresServer, startPostgres } from "@elevation/scripts/support/postgres";
import { after } from "mocha";
import { Client } from "pg";
import { JOB, NOON } from "./journal-events";

/** Logins of the journal's server: who owns journals, who appends, who reads, and one without any right. */
const LOGINS = ["journal_owner", "journal_writer", "journal_reader", "stranger"] as const;
export type JournalLogin = (typeof LOGINS)[number] | "postgres";

export const ROLES = { writers: ["journal_writer"], readers: ["journal_reader"] } as const;

/** A throw-away server for journals. */
export interface JournalServer {
  readonly server: PostgresServer;
  /** A new database, in which `journal_owner` may make a journal; none is there yet. */
  database(): Promise<JournalDatabase>;
  stop(): Promise<void>;
}

export interface JournalDatabase {
  readonly name: string;
  /** As the store shows it. */
  readonly shown: string;
  address(login: JournalLogin): string;
  /** A store of its own; all of them are closed by {@link drop}. By another way (a proxy) if a port is given. */
  store(login: JournalLogin, port?: number): JournalStore;
  /** Makes the journal, with the rights of writer and reader; returns its id. */
  open(): Promise<string>;
  /** A session as psql would hold it, ended by {@link drop}. */
  session(login: JournalLogin): Promise<Client>;
  /** One statement in a session of its own: its rows. */
  sql(login: JournalLogin, statement: string): Promise<readonly unknown[][]>;
  /** What the server says to a statement, or null if it did it. */
  refusal(login: JournalLogin, statement: string): Promise<string | null>;
  drop(): Promise<void>;
}

let shared: Promise<JournalServer> | undefined;

/** The one server of a test run, started when it is first asked for. Call this at the top of a test file. */
export function sharedJournalServer(): () => Promise<JournalServer> {
  after("stop the journal's PostgreSQL", async function () {
    this.timeout(30_000);
    const running = shared;
    shared = undefined;
    await (await running)?.stop();
  });
  return () => {
    shared ??= startJournalServer();
    return shared;
  };
}

export async function startJournalServer(): Promise<JournalServer> {
  const server = await startPostgres();
  const admin = new Client({ connectionString: server.url("postgres", "postgres") });
  admin.on("error", () => undefined);
  await admin.connect();
  for (const login of LOGINS) await admin.query(`CREATE ROLE ${login} LOGIN PASSWORD '${server.password(login)}'`);
  let count = 0;
  return {
    server,
    database: async () => {
      const name = `journal_${++count}`;
      await admin.query(`CREATE DATABASE ${name}`);
      await admin.query(`GRANT CREATE ON DATABASE ${name} TO journal_owner`);
      return databaseOf(server, name, () => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
    stop: async () => {
      await admin.end().catch(() => undefined);
      await server.stop();
    },
  };
}

function databaseOf(server: PostgresServer, name: string, drop: () => Promise<unknown>): JournalDatabase {
  const stores: JournalStore[] = [];
  const sessions: Client[] = [];
  const address = (login: JournalLogin) => server.url(login, name);
  const session = async (login: JournalLogin) => {
    const client = new Client({ connectionString: address(login) });
    client.on("error", () => undefined);
    await client.connect();
    sessions.push(client);
    return client;
  };
  const sql = async (login: JournalLogin, statement: string) => {
    const client = await session(login);
    try {
      return (await client.query<unknown[]>({ text: statement, rowMode: "array" })).rows;
    } finally {
      await client.end();
    }
  };
  const store = (login: JournalLogin, port = server.port) => {
    const opened = openStore(address(login).replace(`:${server.port}/`, `:${port}/`), { env: {}, roles: ROLES });
    stores.push(opened);
    return opened;
  };
  return {
    name,
    shown: `postgres://127.0.0.1:${server.port}/${name}`,
    address,
    store,
    open: async () => (await initJournal(store("journal_owner"), JOB, NOON)).hash,
    session,
    sql,
    refusal: (login, statement) =>
      sql(login, statement).then(
        () => null,
        (error: unknown) => (error as Error).message,
      ),
    drop: async () => {
      await Promise.all(stores.map((each) => each.close()));
      await Promise.all(sessions.map((each) => each.end().catch(() => undefined)));
      await drop();
    },
  };
}
