// SPDX-License-Identifier: Apache-2.0
import { ServerFault, type Session } from "./session";

/** Which server a session leads to, asked by whoever takes it. */
export interface Identity {
  /** The system identifier. */
  readonly server: string;
  /** The timeline that it is on. */
  readonly timeline: number;
}

const IDENTITY = (timeline: string) => `
SELECT system_identifier::text AS server, ${timeline} AS timeline FROM pg_catalog.pg_control_system()`;

/** The first eight hex digits of a WAL file's name are the timeline. */
const WRITING = IDENTITY(
  "('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::pg_catalog.bit(32)::int",
);
/** For a standby, which writes none, and for services that don't let anybody read it. It lags until the next checkpoint. */
const CHECKPOINTED = IDENTITY("(SELECT timeline_id FROM pg_catalog.pg_control_checkpoint())");

export async function readIdentity(session: Session): Promise<Identity> {
  const [row] = await session.rows<Identity>(WRITING, []).catch((error: unknown) => {
    if (!(error instanceof ServerFault)) throw error;
    return session.rows<Identity>(CHECKPOINTED, []);
  });
  if (row === undefined) throw new Error("a query without a table gave no row");
  return row;
}
