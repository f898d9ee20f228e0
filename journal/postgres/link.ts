// SPDX-License-Identifier: Apache-2.0
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import type { PostgresAddress } from "./address";
import { faultOf, ServerFault } from "./server-fault";
import { maskOf } from "./text";

const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;
/** What a statement may take beyond waiting for other writers. */
const STATEMENT_TIMEOUT_MS = 15_000;
/** The server ends a statement itself; this ends the wait for a server that says nothing any more. */
const GRACE_MS = 5_000;
/** Classes of SQLSTATE and system codes that mean: the connection is gone. What became of the statement is not known. */
const LOST = /^(08|57P|E[A-Z]+$|$)/;
/** States of a server that is down, starting or full, which pass; a wrong password, say, would not. */
const PASSING = /^(08|57P|53|E[A-Z]+$|$)/;
/**
 * How long a server that was up in this process is waited for, in ms: a restart or a failover takes less. One that never
 * answered, or was waited for in vain, is not waited for.
 */
const RECOVERY_MS = 10_000;
const RECOVERY_PAUSE_MS = 100;

/** Where a statement failed: before it was sent, for a fault of the server, or so that nobody knows what became of it. */
export type FaultPhase = "opening" | "refused" | "lost";

/** A fault of a statement of a {@link Link}, or of the way to the server. */
export class LinkFault extends ServerFault {
  readonly phase: FaultPhase;

  constructor({ state, bare, detail }: ServerFault, phase: FaultPhase) {
    super(state, bare, detail);
    this.phase = phase;
  }
}

/** node-postgres has these, its types don't. */
interface Idle {
  ref(): void;
  unref(): void;
}

/**
 * The way to one database: a connection that is made when it is needed and made anew after it was lost. Between two calls
 * it keeps no process alive, because programs that use a journal may end without closing it. Calls must not overlap.
 */
export class Link {
  readonly #address: PostgresAddress;
  readonly #lockWait: number;
  readonly #name: string;
  readonly #mask: (text: string) => string;
  #client: Client | null = null;
  #wasUp = false;

  /** `lockWait`, in ms, is how long a statement waits for others' transactions; `name` is what the server shows of the session. */
  constructor(address: PostgresAddress, lockWait: number, name = "elevation journal") {
    this.#address = address;
    this.#lockWait = lockWait;
    this.#name = name;
    this.#mask = maskOf(address.secrets);
  }

  /** One statement, or several without parameters, which are then one transaction. Throws {@link LinkFault} only. */
  async query<Row>(
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<{ readonly rows: readonly Row[]; readonly count: number }> {
    const client = await this.#open();
    idle(client).ref();
    try {
      const result = await client.query(sql, parameters === undefined ? undefined : [...parameters]);
      return { rows: (result.rows ?? []) as Row[], count: result.rowCount ?? 0 };
    } catch (error) {
      const fault = faultOf(error, this.#mask);
      const isLost = LOST.test(fault.state);
      if (isLost) this.#drop(client);
      throw new LinkFault(fault, isLost ? "lost" : "refused");
    } finally {
      idle(client).unref();
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    if (client === null) return;
    // NB. An unreferenced socket would let the process end before its caller goes on.
    idle(client).ref();
    const late = new AbortController();
    await Promise.race([
      client.end().catch(() => undefined),
      delay(CLOSE_TIMEOUT_MS, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
  }

  async #open(): Promise<Client> {
    const deadline = performance.now() + RECOVERY_MS;
    while (this.#client === null) {
      try {
        this.#client = await this.#connect();
        this.#wasUp = true;
      } catch (error) {
        const fault = new LinkFault(faultOf(error, this.#mask), "opening");
        this.#wasUp &&= PASSING.test(fault.state) && performance.now() < deadline;
        if (!this.#wasUp) throw fault;
        await delay(RECOVERY_PAUSE_MS);
      }
    }
    return this.#client;
  }

  async #connect(): Promise<Client> {
    const { host, port, user, password, database, ssl } = this.#address;
    const client = new Client({
      host,
      port,
      user,
      database,
      ssl,
      ...(password === undefined ? {} : { password }),
      options: this.#options(),
      application_name: this.#name,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: this.#lockWait + STATEMENT_TIMEOUT_MS + GRACE_MS,
      keepAlive: true,
    });
    // A connection that is cut while idle raises an event that would end the process; here the next call makes a new one.
    client.on("error", () => this.#drop(client));
    client.on("end", () => this.#drop(client));
    try {
      await client.connect();
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
    idle(client).unref();
    return client;
  }

  /** What the session begins with, whatever role and database have set. NB. `off` and `local` would not be durable. */
  #options(): string {
    return [
      "search_path=pg_catalog",
      `lock_timeout=${this.#lockWait}`,
      `statement_timeout=${this.#lockWait + STATEMENT_TIMEOUT_MS}`,
      "synchronous_commit=on",
      "default_transaction_read_only=off",
      "default_transaction_isolation=read\\ committed",
      "default_transaction_deferrable=off",
      "client_min_messages=warning",
      "role=none",
    ]
      .map((setting) => `-c ${setting}`)
      .join(" ");
  }

  #drop(client: Client): void {
    if (this.#client === client) this.#client = null;
    // With a statement under way, this ends the socket without waiting for the server.
    void client.end().catch(() => undefined);
  }
}

function idle(client: Client): Idle {
  return client as unknown as Idle;
}
