// SPDX-License-Identifier: Apache-2.0
import type { Digest } from "@elevation/domain";
import type { PostgresAddress as Address } from "@elevation/journal/postgres";
import { GrantError } from "../../errors";
import type { Effect, Target, Where } from "../../lifecycle/ports";
import { connectionsOf, connectionVariable, readAddress } from "./address";
import { PostgresConnection } from "./connection";
import { effectOf } from "./effect";
import { grantRoleName } from "./grant-role";
import { readIdentity } from "./identity";
import { IdleSessions } from "./idle-sessions";
import { ServerFault, Session } from "./session";
import { SharedLooks } from "./shared-looks";
import { requireTimeline } from "./timeline";

type Env = Readonly<Record<string, string | undefined>>;

const OLDEST = 15;

/** Tried where the connection's own database lets nobody in: roles belong to the whole server. */
const OTHER_DATABASE = "postgres";
/** SQLSTATE classes of a login that was refused: another database would not help. */
const LOGIN_REFUSED = /^28/;

/** PostgreSQL 15 and later: each grant is a role of its own (docs/postgres.md). */
export class PostgresTarget implements Target {
  readonly kind = "postgres";
  private readonly env: Env;
  private readonly idle = new IdleSessions();
  private readonly looks = new Map<string, SharedLooks>();

  constructor(env: Env) {
    this.env = env;
  }

  objectName(digest: Digest): string {
    return grantRoleName(digest);
  }

  effect(where: Where): Effect {
    return effectOf(where);
  }

  connections(): readonly string[] {
    return connectionsOf(this.env);
  }

  /**
   * Throws GrantError `connection-missing`, `connection-failed`, `target-unsupported` or `server-changed`. If the connection's database
   * refuses sessions, as its owner, who may be the holder, can make it do, the connection is to another database of the
   * same server: revoking works there, making anything doesn't.
   */
  async connect(connection: string): Promise<PostgresConnection> {
    const { address, timeline } = readAddress(this.env, connection);
    // By the whole address: another one in the same variable is another connection.
    const key = JSON.stringify([connection, this.env[connectionVariable(connection)]]);
    const release = (session: Session): Promise<void> => this.idle.keep(key, session);
    const looks = this.looks.get(key) ?? new SharedLooks();
    this.looks.set(key, looks);
    const together = { looks, release };
    const waiting = this.idle.take(key);
    if (waiting !== null) {
      try {
        return await introduce(waiting, address.database, timeline, together);
      } catch {
        // It was cut while it waited, or leads to a server that changed: a new one will tell.
        await waiting.close();
      }
    }
    const session = await openSession(connection, address);
    try {
      return await introduce(session, address.database, timeline, together);
    } catch (error) {
      await session.close();
      throw error instanceof ServerFault ? connectionFailed(connection, error) : error;
    }
  }
}

async function openSession(connection: string, address: Address): Promise<Session> {
  try {
    return await Session.open(connection, address, address.database);
  } catch (error) {
    if (!(error instanceof ServerFault)) throw error;
    // An SQLSTATE, five characters with a digit, means that a server answered, and refused.
    const refused = /^(?=.*\d)[0-9A-Z]{5}$/.test(error.state) && !LOGIN_REFUSED.test(error.state);
    const other = refused && address.database !== OTHER_DATABASE;
    const second = other ? await Session.open(connection, address, OTHER_DATABASE).catch(() => null) : null;
    if (second === null) throw connectionFailed(connection, error);
    return second;
  }
}

async function introduce(
  session: Session,
  database: string,
  named: number | null,
  { looks, release }: { readonly looks: SharedLooks; readonly release: (session: Session) => Promise<void> },
): Promise<PostgresConnection> {
  const major = Math.floor(session.version / 10_000);
  if (major < OLDEST) {
    throw new GrantError(
      "target-unsupported",
      `the server at connection \`${session.connection}\` is PostgreSQL ${major}, which is not supported; use ${OLDEST} or later`,
    );
  }
  const identity = await readIdentity(session);
  const timeline = requireTimeline(session.connection, identity.timeline, named);
  return new PostgresConnection(session, identity.server, database, timeline, looks, release);
}

function connectionFailed(connection: string, fault: ServerFault): GrantError {
  return new GrantError(
    "connection-failed",
    `connection \`${connection}\` could not be opened: ${fault.message}; see whether the server runs and the address in the job's environment is right`,
    { cause: fault },
  );
}
