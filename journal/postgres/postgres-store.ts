// SPDX-License-Identifier: Apache-2.0

import { setTimeout as delay } from "node:timers/promises";
import type { JournalEvent, NewEvent } from "@elevation/domain";
import type { Beats } from "../beats/beats";
import { verifyChain } from "../chain";
import { sealEvent, shapeProblem } from "../event-line";
import { JournalError } from "../journal-error";
import { SerialQueue } from "../serial-queue";
import { GENESIS, type Head, type JournalStore } from "../store";
import type { PostgresAddress } from "./address";
import { createJournal, exists } from "./create";
import { contentOf, type EventRow, INSERT_SQL, insertParameters, SELECTED } from "./event-row";
import { Link, LinkFault } from "./link";
import { PostgresBeats } from "./postgres-beats";
import type { JournalRoles } from "./schema";
import { type Difference, differenceSql } from "./standing";
import { absent, isHeadMoved, readFault, unguarded, unknownOutcome, writeFault } from "./store-fault";

/** Rows in one reading: a million events don't stand in memory twice. */
const BATCH = 2_000;
/** How often an append without a condition is tried on the newest head; each lost race is another writer's success. */
const RACES = 200;
/** The longest pause after a lost race, in ms. */
const PAUSE = 16;
/** How often a statement is sent, if the connection is lost each time; making it anew waits for a server that restarts. */
const SENDINGS = 5;

const READ_SQL = `SELECT ${SELECTED.replace("j.data", "CASE WHEN j.seq > $1 THEN j.data END AS data")}
FROM elevation.journal AS j WHERE j.seq >= $1 ORDER BY j.seq LIMIT ${BATCH}`;
const LAST_SQL = `SELECT ${SELECTED} FROM elevation.journal AS j ORDER BY j.seq DESC LIMIT 1`;
const DIFFERENCE_SQL = differenceSql({ isOwn: false, isWhole: false, roles: null });

/**
 * A journal in a PostgreSQL database, in the table `elevation.journal` (docs/journal.md). Writers take no lock: an event's
 * place is a primary key, and the server itself refuses what doesn't follow the last event. One append is one statement.
 */
export class PostgresStore implements JournalStore {
  readonly address: string;
  readonly #where: PostgresAddress;
  readonly #lockWait: number;
  readonly #link: Link;
  readonly #roles: JournalRoles;
  readonly #queue = new SerialQueue();
  /** The last event that was read or appended here, where appends without a condition begin. */
  #head: Head | null = null;
  #server: string | null = null;
  #isGuarded = false;

  /** `lockWait` is in ms; `roles` get their rights when the journal is made here. */
  constructor(address: PostgresAddress, lockWait: number, roles: JournalRoles) {
    this.address = address.shown;
    this.#where = address;
    this.#lockWait = lockWait;
    this.#link = new Link(address, lockWait);
    this.#roles = roles;
  }

  read(after?: Head): Promise<readonly JournalEvent[]> {
    return this.#queue.run(() => this.#read(after ?? GENESIS));
  }

  append(events: readonly NewEvent[], ifHead?: Head): Promise<readonly JournalEvent[]> {
    if (events.length === 0) return Promise.resolve([]);
    return this.#queue.run(() => (ifHead?.seq === GENESIS.seq ? this.#create(events) : this.#append(events, ifHead)));
  }

  /** PostgreSQL's system identifier. Throws JournalError `unreadable`. */
  server(): Promise<string> {
    return this.#queue.run(async () => {
      if (this.#server !== null) return this.#server;
      const [row] = await this.#rows<{ server: string }>(
        "SELECT system_identifier::text AS server FROM pg_catalog.pg_control_system()",
      );
      if (row === undefined) throw new Error("pg_control_system gave no row");
      this.#server = row.server;
      return row.server;
    });
  }

  async *values(): AsyncGenerator<readonly unknown[]> {
    let seq = 0;
    for (;;) {
      const from = seq;
      const rows = await this.#queue.run(() => this.#rows<EventRow>(READ_SQL, [from]));
      const values = rows.filter((row) => Number(row.seq) > from).map(contentOf);
      if (values.length > 0) yield values;
      if (rows.length < BATCH) return;
      seq = Number(rows.at(-1)?.seq);
    }
  }

  beats(): Beats {
    return new PostgresBeats(this.#where, this.#lockWait);
  }

  close(): Promise<void> {
    return this.#queue.run(() => this.#link.close());
  }

  async #read(after: Head): Promise<readonly JournalEvent[]> {
    const events: JournalEvent[] = [];
    let head = after;
    for (;;) {
      const rows = await this.#rows<EventRow>(READ_SQL, [head.seq]);
      // NB. The row of `head` itself comes first: what was read before must still be there.
      const [known, added] = head.seq === GENESIS.seq ? [head, rows] : [headOf(rows[0]), rows.slice(1)];
      if (known?.seq !== head.seq || known.hash !== head.hash) {
        throw this.#untrusted(`event ${head.seq}, which was read before, is no longer in it`);
      }
      for (const row of added) {
        const event = this.#eventOf(row, head.seq + 1);
        events.push(event);
        head = { seq: event.seq, hash: event.hash };
      }
      if (rows.length < BATCH) break;
    }
    if (head.seq === GENESIS.seq) throw absent(this.address);
    this.#head = head;
    return events;
  }

  #eventOf(row: EventRow, seq: number): JournalEvent {
    const value = contentOf(row);
    const problem = shapeProblem(value);
    if (problem !== null) throw this.#untrusted(`event ${seq}: ${problem}`);
    const event = value as JournalEvent;
    if (event.seq !== seq) throw this.#untrusted(`event ${seq}: its \`seq\` is ${event.seq}`);
    return event;
  }

  async #append(events: readonly NewEvent[], ifHead: Head | undefined): Promise<readonly JournalEvent[]> {
    await this.#requireGuarded();
    for (let race = 1; ; race++) {
      const head = ifHead ?? this.#head ?? (await this.#last());
      const sealed = seal(events, head);
      if (await this.#insert(sealed)) return sealed;
      this.#head = null;
      if (ifHead !== undefined || race === RACES) {
        throw new JournalError(
          "head-moved",
          `the journal \`${this.address}\` does not end with event ${head.seq} as it was judged; judge again`,
        );
      }
      await delay(Math.random() * Math.min(PAUSE, race));
    }
  }

  /**
   * Appends, or returns false where another writer was faster. A statement whose answer was lost is sent again, the very
   * same: if the first one happened, or still happens, the two meet at the primary key, and what stands there tells.
   */
  async #insert(sealed: readonly JournalEvent[]): Promise<boolean> {
    const last = sealed.at(-1) ?? GENESIS;
    let lost: LinkFault | null = null;
    for (let sending = 1; ; sending++) {
      try {
        if (lost !== null && (await this.#stands(last))) break;
        const { count } = await this.#link.query(INSERT_SQL, insertParameters(sealed));
        // A trigger that somebody added can swallow rows without a word.
        if (count !== sealed.length) throw this.#swallowed(count, sealed.length);
        break;
      } catch (error) {
        if (!(error instanceof LinkFault)) throw error;
        if (isHeadMoved(error)) {
          if (lost === null) return false;
          if (await this.#standsAtLast(last, lost)) break;
          return false;
        }
        if (lost === null && error.phase !== "lost") throw writeFault(error, this.address);
        lost ??= error;
        if (error.phase !== "lost" || sending === SENDINGS) throw unknownOutcome(lost, this.address, last);
      }
    }
    this.#head = { seq: last.seq, hash: last.hash };
    return true;
  }

  async #stands({ seq, hash }: Head): Promise<boolean> {
    const { rows } = await this.#link.query<{ hash: string }>(
      "SELECT j.hash FROM elevation.journal AS j WHERE j.seq = $1",
      [seq],
    );
    return rows[0]?.hash === hash;
  }

  async #standsAtLast(head: Head, lost: LinkFault): Promise<boolean> {
    try {
      return await this.#stands(head);
    } catch {
      throw unknownOutcome(lost, this.address, head);
    }
  }

  async #create(events: readonly NewEvent[]): Promise<readonly JournalEvent[]> {
    const sealed = seal(events, GENESIS);
    const isThere = await createJournal(this.#link, this.address, sealed, this.#roles);
    if (isThere && !(await this.#insert(sealed))) throw exists(this.address);
    this.#head = sealed.at(-1) ?? null;
    return sealed;
  }

  /** Once a store, before its first append: what makes the table append-only is still there. */
  async #requireGuarded(): Promise<void> {
    if (this.#isGuarded) return;
    const [difference] = await this.#rows<Difference>(DIFFERENCE_SQL);
    if (difference !== undefined) throw unguarded(difference, this.address);
    this.#isGuarded = true;
  }

  /** The last event, whole and verified in itself: nothing is chained to what does not verify. */
  async #last(): Promise<Head> {
    const [row] = await this.#rows<EventRow>(LAST_SQL);
    if (row === undefined) throw absent(this.address);
    const event = this.#eventOf(row, Number(row.seq));
    const problem = verifyChain([event], { seq: event.seq - 1, hash: event.prev });
    if (problem !== null) throw this.#untrusted(problem.message);
    return { seq: event.seq, hash: event.hash };
  }

  /** Reading is safe to do again. */
  async #rows<Row>(sql: string, parameters?: readonly unknown[]): Promise<readonly Row[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.#link.query<Row>(sql, parameters)).rows;
      } catch (error) {
        if (!(error instanceof LinkFault)) throw error;
        if (error.phase !== "lost" || attempt === SENDINGS) throw readFault(error, this.address);
      }
    }
  }

  #swallowed(count: number, wanted: number): JournalError {
    return new JournalError(
      "write-failed",
      `the journal \`${this.address}\` took ${count} of ${wanted} events without an error; remove whatever was added to its table`,
    );
  }

  #untrusted(what: string): JournalError {
    return new JournalError(
      "untrusted",
      `the journal \`${this.address}\` cannot be trusted: ${what}; restore it from a copy that verifies`,
    );
  }
}

function seal(events: readonly NewEvent[], head: Head): readonly JournalEvent[] {
  const sealed: JournalEvent[] = [];
  for (const event of events) sealed.push(sealEvent(event, sealed.at(-1) ?? head));
  return sealed;
}

function headOf(row: EventRow | undefined): Head | null {
  return row === undefined ? null : { seq: Number(row.seq), hash: row.hash ?? "" };
}
