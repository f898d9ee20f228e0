// SPDX-License-Identifier: Apache-2.0
import type { Session } from "./session";

/**
 * From which transactions on a change may have been made with the grant's rights: those that were still open when the
 * role was made, and all later ones. 64-bit transaction ids, in digits.
 */
export interface Beginning {
  /** This one and all later ones. */
  readonly since: string;
  /** Older ones that were open then, oldest first. */
  readonly open: readonly string[];
}

/** The oldest are the ones that count: they can be hours old. What is left out makes `since` older, never a change unseen. */
const MOST_OPEN = 32;

/**
 * What is open, and which of it may have a subtransaction: that has an id of its own, which is in no snapshot. NB. the statement's
 * snapshot is taken before sessions are looked at, and an id is given out together with its session's count of subtransactions. So of
 * a transaction without any, no id older than `next` but its own can write later. What no lock tells the session of counts as having
 * some. A prepared transaction writes no more.
 */
const OPEN = `
WITH locks AS MATERIALIZED (
  SELECT l.transactionid AS xid, l.pid FROM pg_catalog.pg_locks l
  WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted),
backends AS MATERIALIZED (
  SELECT pg_catalog.pg_stat_get_backend_pid(b.id) AS pid, s.subxact_count AS nested
  FROM pg_catalog.pg_stat_get_backend_idset() b (id) CROSS JOIN LATERAL pg_catalog.pg_stat_get_backend_subxact(b.id) s)
SELECT pg_catalog.pg_snapshot_xmax(now)::text AS next, coalesce((
  SELECT pg_catalog.json_agg(pg_catalog.json_build_object('xid', x::text, 'isFlat', EXISTS (
    SELECT FROM locks l LEFT JOIN backends b ON b.pid = l.pid
    WHERE l.xid = x::xid AND (l.pid IS NULL OR b.nested = 0))) ORDER BY x)
  FROM pg_catalog.pg_snapshot_xip(now) x), '[]') AS open
FROM pg_catalog.pg_current_snapshot() now`;

/** Before 16 nothing tells of subtransactions: all from the oldest open transaction on. */
const OLDEST = "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text AS next, '[]'::json AS open";

interface Open {
  readonly xid: string;
  readonly isFlat: boolean;
}

/** What is open at this moment. Call it before the grant's role is made, outside of a transaction. */
export async function readBeginning(session: Session): Promise<Beginning> {
  const [row] = await session.rows<{ next: string; open: readonly Open[] }>(session.hasOptions ? OPEN : OLDEST, []);
  if (row === undefined) throw new Error("a query without a table gave no row");
  const told = row.open.findIndex(({ isFlat }, index) => !isFlat || index === MOST_OPEN);
  const open = (told === -1 ? row.open : row.open.slice(0, told)).map(({ xid }) => xid);
  return { since: row.open[told]?.xid ?? row.next, open };
}
