// SPDX-License-Identifier: Apache-2.0
import { parsePostgresAddress, type RefuseAddress } from "@elevation/journal/postgres";
import { Link } from "@elevation/journal/postgres/link";
import { type Inbox, LETTERS_AT_ONCE, type Letter, MAX_LETTER_BYTES, type Settlement } from "./inbox";

/** How long a statement waits for others' transactions, in milliseconds: an order must not wait behind somebody's open one. */
const LOCK_WAIT = 2_000;

/**
 * From a place by chance on, and then from the first on: each by the index, however many there are. NB. of a huge letter not even the
 * first page is fetched.
 */
const WAITING = `WITH waiting AS NOT MATERIALIZED (SELECT id, body FROM elevation_orders.inbox WHERE outcome IS NULL AND id <> ALL ($1::bigint[])),
  place AS (SELECT min(id) + floor((max(id) - min(id) + 1) * $2::float8)::bigint AS id FROM elevation_orders.inbox WHERE outcome IS NULL)
  SELECT id::text AS name, CASE WHEN octet_length(body) <= ${MAX_LETTER_BYTES} THEN body END AS text FROM (
    (SELECT 1 AS turn, * FROM waiting WHERE id >= (SELECT id FROM place) ORDER BY id LIMIT ${LETTERS_AT_ONCE}) UNION ALL
    (SELECT 2 AS turn, * FROM waiting WHERE id < (SELECT id FROM place) ORDER BY id LIMIT ${LETTERS_AT_ONCE})
  ) AS letters ORDER BY turn, letters.id LIMIT ${LETTERS_AT_ONCE}`;
const SETTLE = `UPDATE elevation_orders.inbox SET outcome = $2, reason = $3, settled_at = now()
  WHERE id = $1::bigint AND outcome IS NULL`;

/** The table that `elevate orders sql` makes: whoever may insert sends, and the reaper writes beside each order what became of it. */
export class PostgresInbox implements Inbox {
  readonly address: string;
  readonly #link: Link;
  /** A link serves one statement at a time. */
  #last: Promise<unknown> = Promise.resolve();

  /** Throws what `refuse` makes of an address that can't be used. Connects at the first use. */
  constructor(address: string, refuse: RefuseAddress, env: Readonly<Record<string, string | undefined>>) {
    const parsed = parsePostgresAddress(address, refuse, { user: env["PGUSER"], password: env["PGPASSWORD"] });
    this.address = parsed.shown;
    this.#link = new Link(parsed, LOCK_WAIT, "elevation orders");
  }

  async waiting(but: ReadonlySet<string>, random: () => number): Promise<readonly Letter[]> {
    const { rows } = await this.#query<{ name: string; text: string | null }>(WAITING, [[...but], random()]);
    const fault = `it has more than ${MAX_LETTER_BYTES} bytes, which no order needs; make it shorter`;
    return rows.map(({ name, text }) => ({ name, text, fault: text === null ? fault : null }));
  }

  async settle({ name }: Letter, settlement: Settlement, reason: string): Promise<void> {
    await this.#query(SETTLE, [name, settlement, reason]);
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#link.close();
  }

  #query<Row>(sql: string, parameters: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }> {
    const asked = this.#last.then(() => this.#link.query<Row>(sql, parameters));
    this.#last = asked.catch(() => undefined);
    return asked;
  }
}
