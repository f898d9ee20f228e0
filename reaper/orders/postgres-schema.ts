// SPDX-License-Identifier: Apache-2.0
import { isRoleName } from "@elevation/journal";

/** Who has which rights on an inbox at a PostgreSQL server. */
export interface InboxRoles {
  /** May put orders in, and neither read nor change any. */
  readonly senders: readonly string[];
  /** Reapers: may read, and say what became of an order. */
  readonly takers: readonly string[];
}

const SCHEMA = `CREATE SCHEMA elevation_orders;

-- A row an order. Who signed it is in it: a sender proves nothing by being able to send.
CREATE TABLE elevation_orders.inbox (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sent_at    timestamptz NOT NULL DEFAULT now(),
  sent_by    text NOT NULL DEFAULT session_user,
  body       text NOT NULL,
  outcome    text CHECK (outcome IN ('done', 'refused')),
  reason     text,
  settled_at timestamptz
);
CREATE INDEX inbox_waiting ON elevation_orders.inbox (id) WHERE outcome IS NULL;

-- Nobody but the owner has a right that isn't given below, whatever ALTER DEFAULT PRIVILEGES gave away.
REVOKE ALL ON SCHEMA elevation_orders FROM PUBLIC;
REVOKE ALL ON elevation_orders.inbox FROM PUBLIC;
`;

/**
 * The SQL that makes an inbox and gives its rights to roles that are there, as `elevate orders sql` prints it: all of it or nothing. Throws
 * TypeError for what is no name of a role.
 */
export function ordersSql({ senders, takers }: InboxRoles): string {
  const rights = [
    ...senders.map((role) => rightsOf(role, "INSERT (body)")),
    ...takers.map((role) => rightsOf(role, "SELECT, UPDATE (outcome, reason, settled_at)")),
  ];
  const begin = "BEGIN;\nSET LOCAL search_path = pg_catalog, pg_temp;\n";
  return [begin, SCHEMA, ...(rights.length === 0 ? [] : [`${rights.join("\n")}\n`]), "COMMIT;\n"].join("\n");
}

function rightsOf(role: string, rights: string): string {
  if (!isRoleName(role)) throw new TypeError("this is no name of a role");
  return `GRANT USAGE ON SCHEMA elevation_orders TO "${role}";\nGRANT ${rights} ON elevation_orders.inbox TO "${role}";`;
}
