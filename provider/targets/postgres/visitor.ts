// SPDX-License-Identifier: Apache-2.0
import {
  faultOf,
  type Mask,
  maskOf,
  type PostgresAddress,
  parsePostgresAddress,
  type ServerFault,
} from "@elevation/journal/postgres";
import { Client, type QueryConfig } from "pg";
import { GrantError } from "../../errors";
import type { Visit, Visitor } from "../../lifecycle/ports";

/** A person's login takes a tenth of a second. What hangs is given up, so that it is told. */
const PATIENCE_MS = 5_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** SQLSTATE insufficient_privilege. Any other failure says nothing about rights: a typing error must not pass for a refusal. */
const RIGHT_LACKING = "42501";

/** After the login, not as options of it: a person's client sends none, and a pooler may refuse them. The server ends a probe even where nobody waits any more. */
const FIRST = `SET statement_timeout = ${PATIENCE_MS}`;
/** NB. the probe is sent by the extended protocol, which takes one statement: it can end no transaction and write something after that. */
const BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY";

/** Logs in at PostgreSQL, each time by a connection of its own. */
export class PostgresVisitor implements Visitor {
  fault(login: string): string | null {
    try {
      const { password, ssl } = addressOf(login);
      // Else `pg` sends the password that this process has for another server.
      if (password === undefined && !hasCertificate(ssl))
        return "has no password and no client certificate; write the canary's own into it";
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async enter(login: string): Promise<Visit> {
    const address = addressOf(login);
    const mask = maskOf([...address.secrets, ...address.whereabouts]);
    const { host, port, user, database, ssl, password } = address;
    const client = new Client({
      ...{ host, port, user, database, ssl, ...(password === undefined ? {} : { password }) },
      application_name: "elevation fire drill",
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      // One whose cut never comes, because something between forgot it, must be noticed.
      keepAlive: true,
      keepAliveInitialDelayMillis: 30_000,
      // Else `pg` takes what the environment of this process has for others.
      options: "",
    });
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

  async may(statement: string): Promise<boolean> {
    try {
      await this.#client.query(BEGIN);
      await this.#client.query({ text: statement, queryMode: "extended" } as QueryConfig);
      return true;
    } catch (error) {
      const fault = faultOf(error, this.#mask);
      if (fault.state === RIGHT_LACKING) return false;
      throw failed("the probe failed, and not for want of a right", fault);
    } finally {
      // NB. a session that was cut has nothing to take back.
      await this.#client.query("ROLLBACK").catch(() => undefined);
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

function hasCertificate(ssl: PostgresAddress["ssl"]): boolean {
  return typeof ssl === "object" && ssl.cert !== undefined;
}

/** Throws GrantError `connection-failed`. */
function addressOf(login: string): PostgresAddress {
  return parsePostgresAddress(login, (problem, fix) => new GrantError("connection-failed", `${problem}; ${fix}`));
}

function failed(what: string, fault: ServerFault): GrantError {
  return new GrantError("connection-failed", `${what}: ${fault.message}`, { cause: fault });
}
