// SPDX-License-Identifier: Apache-2.0
import { type PostgresAddress as Address, faultOf, type Mask, maskOf, ServerFault } from "@elevation/journal/postgres";
import { Client, type ClientConfig, escapeLiteral, type QueryConfig, type QueryResult } from "pg";
import { GrantError, type GrantErrorCode } from "../../errors";

export { ServerFault };

const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 15_000;
/** A lock that an open transaction of the holder keeps must not keep us for long. */
export const LOCK_TIMEOUT_MS = 5_000;
/** The server ends a statement itself; this ends the wait for a server that says nothing any more. */
const QUERY_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Settings that the session begins with, before any setting of the database or the login takes effect: a holder who owns
 * the database may have set those to hinder us (`ALTER DATABASE … SET default_transaction_read_only = on`).
 * NB. the search path holds nothing that a person can write to, so no object of theirs shadows one of the catalog.
 */
const PINNED = [
  "search_path=pg_catalog",
  `statement_timeout=${STATEMENT_TIMEOUT_MS}`,
  `lock_timeout=${LOCK_TIMEOUT_MS}`,
  "idle_in_transaction_session_timeout=60000",
  "default_transaction_read_only=off",
  "default_transaction_isolation=read\\ committed",
  "default_transaction_deferrable=off",
  "synchronous_commit=on",
  "local_preload_libraries=",
  "role=none",
  // Each statement with parameters is prepared once a session: planning it anew costs several times what running it does.
  "plan_cache_mode=force_generic_plan",
  // The catalogs are small when a run of grants begins and its queries are planned, and not when it ends: by index from the first.
  "seq_page_cost=4",
  "random_page_cost=1",
];
/** Unknown to older servers, which refuse a session that names them: tried first, then without. */
const PINNED_SINCE_14 = ["idle_session_timeout=0"];
const PINNED_SINCE_16 = ["createrole_self_grant="];
const PINNED_SINCE_17 = ["transaction_timeout=0"];

const UNKNOWN_SETTING = "42704";
const OPTIONS = [
  [...PINNED, ...PINNED_SINCE_14, ...PINNED_SINCE_16, ...PINNED_SINCE_17],
  [...PINNED, ...PINNED_SINCE_14, ...PINNED_SINCE_16],
  [...PINNED, ...PINNED_SINCE_14],
  PINNED,
].map((settings) => settings.map((setting) => `-c ${setting}`).join(" "));

/** Of `pg`, and not in its types: whether an open socket keeps the process alive. */
interface Referenced {
  ref(): void;
  unref(): void;
}

const VERSION = `SELECT pg_catalog.current_setting('server_version_num')::int AS version`;
/** From here on a membership has the options INHERIT and SET, and making a role leaves its maker's own row. */
const OPTIONS_SINCE = 160_000;

/** A question that is put often: a constant text, and what its parameters are this time. */
export interface Look {
  readonly sql: string;
  readonly parameters: readonly (string | readonly number[])[];
}

/** Within one message the server keeps its processes as it saw them first. */
const SEE_ANEW = "SELECT pg_catalog.pg_stat_clear_snapshot()";

/** One session at a server. Every call bounds its own time and throws {@link ServerFault} only. */
export class Session {
  readonly connection: string;
  /** The database it really is in: another one than asked for if that one lets nobody in. */
  readonly database: string;
  /** The server's version, as 160014 for 16.14. */
  readonly version: number;
  /** Whether anything ever failed in it, or it was cut: then nobody knows what it is in the middle of. */
  isFaulty = false;
  /** That the server gave no answer in time: whatever is asked next would wait behind that, as long again. */
  private silence: ServerFault | null = null;
  private readonly client: Client;
  private readonly mask: Mask;
  /** Names of what was prepared for {@link aloneThen}. */
  private readonly planned = new Set<string>();

  private constructor(connection: string, address: Address, database: string, client: Client, version: number) {
    this.connection = connection;
    this.database = database;
    this.client = client;
    this.version = version;
    this.mask = maskOf([...address.secrets, ...address.whereabouts]);
    client.on("error", () => {
      this.isFaulty = true;
    });
    client.on("end", () => {
      this.isFaulty = true;
    });
  }

  static async open(connection: string, address: Address, database: string): Promise<Session> {
    const mask = maskOf([...address.secrets, ...address.whereabouts]);
    for (const [attempt, options] of OPTIONS.entries()) {
      const client = new Client(clientConfig(address, database, options));
      // A session that is cut while idle raises an event that would end the process; the next call fails anyhow.
      client.on("error", () => undefined);
      try {
        await client.connect();
        const { rows } = await client.query<{ version: number }>(VERSION);
        return new Session(connection, address, database, client, rows[0]?.version ?? 0);
      } catch (error) {
        await client.end().catch(() => undefined);
        const fault = faultOf(error, mask);
        if (fault.state !== UNKNOWN_SETTING || attempt === OPTIONS.length - 1) throw fault;
      }
    }
    throw new Error("unreachable");
  }

  /** Whether memberships have the options INHERIT and SET. On a server without them SET can't be withheld. */
  get hasOptions(): boolean {
    return this.version >= OPTIONS_SINCE;
  }

  /** The rows of one statement. One with parameters, if only an empty list of them, is a constant text, and prepared. */
  async rows<Row>(sql: string, parameters?: readonly unknown[]): Promise<readonly Row[]> {
    const prepared = parameters && { name: nameOf(sql), text: sql, values: [...parameters] };
    return (await this.query(prepared ?? sql)).rows as Row[];
  }

  /** NB. of several statements in one text pg gives an array, which its types don't say. */
  private async query(query: string | QueryConfig): Promise<QueryResult> {
    if (this.silence !== null) throw this.silence;
    try {
      return await this.client.query(query);
    } catch (error) {
      this.isFaulty = true;
      const fault = faultOf(error, this.mask);
      if (fault.state === NO_ANSWER) this.silence = fault;
      throw fault;
    }
  }

  /** Lets the process end while the session is open, and not. */
  unref(): void {
    (this.client as unknown as Referenced).unref();
  }

  ref(): void {
    (this.client as unknown as Referenced).ref();
  }

  /** Runs the statements, and after them `look`, in one transaction, which is committed only if that resolves. */
  async transaction(lockTimeoutMs: number, statements: readonly string[], look: () => Promise<void>): Promise<void> {
    await this.orRollBack(async () => {
      await this.rows([begin(lockTimeoutMs), ...statements].join("; "));
      await look();
      await this.rows("COMMIT");
    });
  }

  /** Runs one statement in a transaction of its own, all of it in one message. */
  async alone(lockTimeoutMs: number, statement: string): Promise<void> {
    await this.orRollBack(() => this.query([begin(lockTimeoutMs), statement, "COMMIT"].join("; ")));
  }

  /**
   * As {@link alone}, and then looks, one after the other and each at what is there by then, all in the same message: each further one costs
   * both sides more than most looks. Returns the rows of each look. A fault leaves open whether the statement was committed.
   */
  async aloneThen(lockTimeoutMs: number, statement: string, looks: readonly Look[]): Promise<readonly unknown[][]> {
    const plan = looks.filter(({ sql }) => !this.planned.has(sql));
    if (plan.length > 0) await this.rows(plan.map(({ sql }) => `PREPARE ${ownNameOf(sql)} AS ${sql}`).join("; "));
    for (const { sql } of plan) this.planned.add(sql);
    const asked = looks.flatMap((look) => [SEE_ANEW, executionOf(look)]);
    const text = [begin(lockTimeoutMs), statement, "COMMIT", ...asked].join("; ");
    // The server bounds each statement by itself.
    const message = { text, query_timeout: QUERY_TIMEOUT_MS * (1 + looks.length) };
    const results = (await this.orRollBack(() => this.query(message))) as unknown as readonly QueryResult[];
    return looks.map((_, n) => {
      const result = results.at(2 * (n - looks.length) + 1);
      if (result === undefined) throw new Error("a message was answered with fewer results than it has statements");
      return result.rows;
    });
  }

  /** NB. of a message nothing is run after what failed, so that no COMMIT in it is reached. */
  private async orRollBack<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      await this.rows("ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    });
    await Promise.race([this.client.end().catch(() => undefined), late]);
    clearTimeout(timer);
  }
}

const statementNames = new Map<string, string>();

/** The same for the same text. NB. PostgreSQL cuts names to 63 bytes. */
function nameOf(sql: string): string {
  const known = statementNames.get(sql) ?? `elevation_${statementNames.size + 1}`;
  statementNames.set(sql, known);
  return known;
}

/** Of what SQL prepares: what the protocol prepared is known to pg, and has the name without the ending. */
function ownNameOf(sql: string): string {
  return `${nameOf(sql)}_sql`;
}

function executionOf({ sql, parameters }: Look): string {
  const literals = parameters.map((one) => escapeLiteral(typeof one === "string" ? one : `{${one.join()}}`));
  return `EXECUTE ${ownNameOf(sql)}${literals.length === 0 ? "" : `(${literals.join(", ")})`}`;
}

function begin(lockTimeoutMs: number): string {
  return `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = ${lockTimeoutMs}; SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`;
}

function clientConfig(address: Address, database: string, options: string): ClientConfig {
  const { host, port, user, password, ssl } = address;
  return {
    host,
    port,
    user,
    database,
    ssl,
    options,
    ...(password === undefined ? {} : { password }),
    application_name: "elevation",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
  };
}

/** How `faultOf` calls the end of the client's own wait. */
const NO_ANSWER = "ETIMEDOUT";
/** SQLSTATEs of a lock or statement that took too long, and of a server that doesn't answer. */
const TOO_LATE = ["55P03", "57014", NO_ANSWER];
/** Classes of SQLSTATE and system codes that mean: the connection is gone or was never there. */
const LOST = /^(08|57P|E[A-Z]+$|$)/;

/**
 * A fault as a GrantError that says what was tried; GrantErrors pass through. `code` is for faults of no clearer kind;
 * `revoke-failed` is kept whatever the kind, because what failed to end is what counts.
 */
export function grantErrorOf(error: unknown, code: GrantErrorCode, what: string): GrantError {
  if (error instanceof GrantError) return error;
  if (!(error instanceof ServerFault)) throw error;
  const kind = TOO_LATE.includes(error.state)
    ? "timed-out"
    : LOST.test(error.state)
      ? "connection-failed"
      : error.state === "42501"
        ? "rights-missing"
        : code;
  return new GrantError(
    code === "revoke-failed" ? code : kind,
    `${what}: ${error.message}; ${FIXES[kind] ?? FALLBACK_FIX}`,
    { cause: error },
  );
}

const FALLBACK_FIX = "see the server's log";
const FIXES: Partial<Record<GrantErrorCode, string>> = {
  "timed-out": "see who holds the lock in pg_locks, and try again",
  "connection-failed": "see whether the server runs, and try again",
  "rights-missing": "compare the manager's rights with docs/postgres.md",
};
