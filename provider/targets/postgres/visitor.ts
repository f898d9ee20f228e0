// SPDX-License-Identifier: Apache-2.0
import {
  faultOf,
  type Mask,
  maskOf,
  type PostgresAddress,
  parsePostgresAddress,
  type ServerFault,
} from "@elevation/journal/postgres";
import { Client, DatabaseError } from "pg";
import { GrantError } from "../../errors";
import type { Visit, Visitor } from "../../lifecycle/ports";
import { Discarding } from "./discarding";
import { classOf } from "./sqlstate";
import { neutral } from "./text";

/** A person's login takes a tenth of a second. What hangs is given up, so that it is told. */
const PATIENCE_MS = 5_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** SQLSTATE insufficient_privilege. Any other failure says nothing about rights: a typing error must not pass for a refusal. */
const RIGHT_LACKING = "42501";

/**
 * After the login, not as options of it: a person's client sends none, and a pooler may refuse them. The server ends the probe even where
 * nobody waits any more.
 */
const FIRST = `SET default_transaction_read_only = on; SET statement_timeout = ${PATIENCE_MS}`;

/** Logs in at PostgreSQL, each time by a connection of its own. */
export class PostgresVisitor implements Visitor {
  fault(login: string): string | null {
    try {
      addressOf(login);
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async enter(login: string): Promise<Visit> {
    const address = addressOf(login);
    const mask = maskOf([...address.secrets, ...address.whereabouts]);
    const { host, port, user, database, ssl } = address;
    const client = new Client({
      ...{ host, port, user, database, ssl },
      // Not a plain one: where that is absent, `PGPASSWORD` and ~/.pgpass count, which are not the canary's.
      password: () => address.password ?? "",
      application_name: "elevation fire drill",
      keepAlive: true,
      keepAliveInitialDelayMillis: 30_000,
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
    });
    withoutDefaults(client);
    const visit = new PostgresVisit(client, mask);
    try {
      await client.connect();
      await client.query(FIRST);
      return visit;
    } catch (error) {
      await visit.close();
      throw failed("no login was possible", faultOf(error, mask));
    }
  }
}

class PostgresVisit implements Visit {
  readonly cut: Promise<void>;
  readonly #client: Client;
  readonly #mask: Mask;

  constructor(client: Client, mask: Mask) {
    this.#client = client;
    this.#mask = mask;
    this.cut = new Promise((resolve) => {
      client.once("end", () => resolve());
    });
    // A session that is cut while idle raises an event that would end the process.
    client.on("error", () => undefined);
  }

  /**
   * INVARIANT (a look changes nothing): one statement, alone in a read-only transaction that is rolled back. It can't be made to write from
   * within, once anything was asked there, nor left without a second statement, which the extended protocol refuses.
   */
  async may(statement: string): Promise<boolean> {
    try {
      await this.#client.query("BEGIN READ ONLY");
      try {
        const probe = new Discarding(statement);
        this.#client.query(probe);
        await probe.done;
      } finally {
        // Where that fails, so will all else in this session.
        await this.#client.query("ROLLBACK").catch(() => undefined);
      }
      return true;
    } catch (error) {
      // NB. what a server says of a statement may hold data of its rows.
      if (!(error instanceof DatabaseError)) throw probeFailed(faultOf(error, this.#mask).message);
      const { code = "" } = error;
      if (code === RIGHT_LACKING) return false;
      throw probeFailed(classOf(neutral(code)));
    }
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    });
    await Promise.race([this.#client.end().catch(() => undefined), late]);
    clearTimeout(timer);
  }
}

/** Throws GrantError `connection-failed`. */
function addressOf(login: string): PostgresAddress {
  const refuse = (problem: string, fix: string) => new GrantError("connection-failed", `${problem}; ${fix}`);
  const address = parsePostgresAddress(login, refuse);
  const isCertified = address.ssl !== false && address.ssl.cert !== undefined;
  if (address.password === undefined && !isCertified) {
    throw refuse(
      "has neither a password nor a client certificate",
      "write postgres://user:password@host/database, or name `sslcert` and `sslkey`",
    );
  }
  return address;
}

/** `pg` takes what a config can't say to be nothing from `PGOPTIONS` and `PGREPLICATION` of the process: nothing of that is the canary's. */
function withoutDefaults(client: Client): void {
  const { connectionParameters } = client as unknown as { readonly connectionParameters: object };
  Object.assign(connectionParameters, { options: undefined, replication: undefined });
}

function probeFailed(why: string): GrantError {
  return new GrantError("connection-failed", `the probe failed, and not for want of a right: ${why}`);
}

function failed(what: string, fault: ServerFault): GrantError {
  return new GrantError("connection-failed", `${what}: ${fault.message}`, { cause: fault });
}
