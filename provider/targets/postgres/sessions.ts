// SPDX-License-Identifier: Apache-2.0
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { GrantError } from "../../errors";
import { type Look, ServerFault, type Session } from "./session";
import { listed, tick } from "./text";

/** A backend that is told to end does so at its next chance; one inside a foreign library may not. */
const ENDED_WITHIN_MS = 10_000;
const WAIT_ROUND_MS = 500;

interface Backend {
  readonly pid: number;
  readonly name: string;
}

/**
 * The server's processes, as pg_stat_activity has them: that view asks for each what we may see of it, and so goes through
 * all of our roles, one for each grant. Whose a process is may be seen by everybody.
 */
export const BACKENDS = `
(SELECT pg_catalog.pg_stat_get_backend_pid(b.id) AS pid, pg_catalog.pg_stat_get_backend_userid(b.id) AS login
 FROM pg_catalog.pg_stat_get_backend_idset() b (id))`;

const OPEN = `
SELECT a.pid, r.rolname AS name FROM ${BACKENDS} a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.login
WHERE a.login = ANY ($1::oid[]) AND a.pid <> pg_catalog.pg_backend_pid()`;

/** First all are told, then each is waited for, so that they end side by side. */
const END = `
SELECT pg_catalog.pg_terminate_backend(a.pid, $3::bigint) FROM pg_catalog.pg_stat_activity a
WHERE a.usesysid = ANY ($1::oid[]) AND a.pid = ANY ($2::int[])`;

/** A session that takes longer to begin is not one that just happened to begin now. */
const BEGINS_WITHIN_MS = 1_000;
const LOOK_AGAIN_MS = 50;
const NO_RIGHT = "42501";

/**
 * Backends that are past authentication and have taken their settings, and whose login pg_stat_activity doesn't show yet.
 * All of them hold a lock on their database meanwhile.
 */
const BEGINNING = `
SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l
WHERE l.locktype = 'object' AND l.classid = 'pg_catalog.pg_database'::regclass AND l.pid IS NOT NULL
  AND NOT EXISTS (SELECT FROM ${BACKENDS} a WHERE a.pid = l.pid AND a.login <> 0)`;

/** A superuser's can't be ended by us, nor is it a holder's: it is waited for. */
async function endBeginning(session: Session, pid: number): Promise<void> {
  try {
    await session.rows("SELECT pg_catalog.pg_terminate_backend($1::int)", [pid]);
  } catch (error) {
    if (!(error instanceof ServerFault) || error.state !== NO_RIGHT) throw error;
  }
}

/**
 * Waits for the sessions that are beginning now. One may have taken the policy's role as a setting of its start (`role`)
 * before the REVOKE, where SET isn't withheld: before PostgreSQL 16, or by somebody's hand. Another setting of its start
 * (`post_auth_delay`) can hold it back for half an hour, unseen: so one that doesn't come soon is ended, whoever's it is.
 * Sessions that begin later find the access gone.
 */
async function settleBeginnings(session: Session): Promise<void> {
  const beginning = async () => (await session.rows<{ pid: number }>(BEGINNING, [])).map(({ pid }) => pid);
  const first = await beginning();
  if (first.length === 0) return;
  const started = performance.now();
  for (let told = false; ; ) {
    const open = (await beginning()).filter((pid) => first.includes(pid));
    if (open.length === 0) return;
    const waited = performance.now() - started;
    if (waited > ENDED_WITHIN_MS) throw stillBeginning(session, open);
    if (waited > BEGINS_WITHIN_MS && !told) {
      for (const pid of open) await endBeginning(session, pid);
      told = true;
    }
    await setTimeout(LOOK_AGAIN_MS);
  }
}

/**
 * What {@link endSessions} would find: the sessions that are beginning, then those that these logins have open. Without rows there is none, and
 * none is to be ended. NB. in this order, and each look at what is there by then: a session that begins is open afterwards.
 */
export function sessionLooks(logins: readonly number[]): readonly Look[] {
  return [
    { sql: BEGINNING, parameters: [] },
    { sql: OPEN, parameters: [logins] },
  ];
}

/**
 * Ends the sessions that these logins have open now and returns how many. A session opened later is none of them: it
 * began after the memberships were gone, and a holder who reconnects without end must not keep us.
 * Throws GrantError `revoke-failed` if one is still there after ten seconds.
 */
export async function endSessions(session: Session, logins: readonly number[]): Promise<number> {
  await settleBeginnings(session);
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

function stillBeginning(session: Session, pids: readonly number[]): GrantError {
  return new GrantError(
    "revoke-failed",
    `sessions that are beginning at connection \`${session.connection}\` don't end (process ${listed(pids.map(String))}); end them at the server`,
  );
}
