// SPDX-License-Identifier: Apache-2.0
import { performance } from "node:perf_hooks";
import { GrantError } from "../../errors";
import type { Session } from "./session";
import { listed, tick } from "./text";

/** A backend that is told to end does so at its next chance; one inside a foreign library may not. */
const ENDED_WITHIN_MS = 10_000;
const WAIT_ROUND_MS = 500;

interface Backend {
  readonly pid: number;
  readonly name: string;
}

const OPEN = `
SELECT a.pid, a.usename AS name FROM pg_catalog.pg_stat_activity a
WHERE a.usesysid = ANY ($1::oid[]) AND a.pid <> pg_catalog.pg_backend_pid()`;

/** First all are told, then each is waited for, so that they end side by side. */
const END = `
SELECT pg_catalog.pg_terminate_backend(a.pid, $3::bigint) FROM pg_catalog.pg_stat_activity a
WHERE a.usesysid = ANY ($1::oid[]) AND a.pid = ANY ($2::int[])`;

/**
 * Ends the sessions that these logins have open now and returns how many. A session opened later is none of them: it
 * began after the memberships were gone, and a holder who reconnects without end must not keep us.
 * Throws GrantError `revoke-failed` if one is still there after ten seconds.
 */
export async function endSessions(session: Session, logins: readonly number[]): Promise<number> {
  if (logins.length === 0) return 0;
  const found = await session.rows<Backend>(OPEN, [logins]);
  const pids = found.map((backend) => backend.pid);
  if (pids.length === 0) return 0;
  await session.rows(END, [logins, pids, 0]);
  const deadline = performance.now() + ENDED_WITHIN_MS;
  for (;;) {
    const open = (await session.rows<Backend>(OPEN, [logins])).filter((backend) => pids.includes(backend.pid));
    const [next] = open;
    if (next === undefined) return pids.length;
    if (performance.now() > deadline) throw stillOpen(session, open);
    await session.rows(END, [logins, [next.pid], WAIT_ROUND_MS]);
  }
}

function stillOpen(session: Session, open: readonly Backend[]): GrantError {
  const who = listed([...new Set(open.map((backend) => tick(backend.name)))]);
  const pids = listed(open.map((backend) => String(backend.pid)));
  return new GrantError(
    "revoke-failed",
    `sessions of ${who} at connection \`${session.connection}\` don't end (process ${pids}); end them at the server`,
  );
}
