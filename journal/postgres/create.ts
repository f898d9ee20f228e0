// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent } from "@elevation/domain";
import { escapeLiteral } from "pg";
import { JournalError } from "../journal-error";
import { rowOf } from "./event-row";
import { type Link, LinkFault } from "./link";
import { COLUMNS, grantsSql, type JournalRoles, SCHEMA_SQL, STATE } from "./schema";
import { type Difference, differenceSql, requireStandingSql } from "./standing";
import { different, unknownOutcome, writeFault } from "./store-fault";

const ALREADY_THERE = ["42P06", "42P07", "23505"];

interface Found {
  readonly there: boolean;
  readonly encoding: string;
}

interface FoundRole {
  readonly name: string;
  readonly isOwner: boolean;
}

/**
 * Makes schema, table, triggers, rights and the first event in one transaction. True: the table is there already, as
 * SQL run by hand left it, and the first event is yet to be appended. Throws JournalError.
 */
export async function createJournal(
  link: Link,
  address: string,
  sealed: readonly JournalEvent[],
  roles: JournalRoles,
): Promise<boolean> {
  try {
    const { rows } = await link.query<Found>(
      `SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'elevation' AND c.relname = 'journal') AS there,
         pg_catalog.current_setting('server_encoding') AS encoding`,
    );
    await requireRoles(link, roles);
    if (rows[0]?.there === true) {
      await takeOver(link, address, roles);
      return true;
    }
    if (rows[0]?.encoding !== "UTF8") throw notUtf8(address, rows[0]?.encoding ?? "");
  } catch (error) {
    if (!(error instanceof LinkFault)) throw error;
    throw differentFault(error, address) ?? writeFault(error, address);
  }
  await create(link, address, sealed, roles);
  return false;
}

/**
 * A table that its owner made by hand: all of it is the current user's, is what {@link SCHEMA_SQL} makes, and is empty.
 * Where roles are named, nobody else has a right.
 */
async function takeOver(link: Link, address: string, roles: JournalRoles): Promise<void> {
  const isNamed = roles.writers.length + roles.readers.length > 0;
  const question = { isOwn: true, isWhole: true, roles: isNamed ? roles : null };
  // INVARIANT (judged-unread): a table of somebody's is not read before the catalogs say that it is ours, and plain.
  const [difference] = (await link.query<Difference>(differenceSql(question))).rows;
  if (difference !== undefined) throw different(difference, address);
  const { rows } = await link.query<{ filled: boolean }>("SELECT EXISTS (SELECT FROM elevation.journal) AS filled");
  if (rows[0]?.filled === true) throw exists(address);
  if (isNamed) await link.query(`${grantsSql(roles)}\n${requireStandingSql(question)}`);
}

async function create(link: Link, address: string, sealed: readonly JournalEvent[], roles: JournalRoles) {
  const last = sealed.at(-1) ?? { seq: 0, hash: "" };
  const check = requireStandingSql({ isOwn: true, isWhole: false, roles });
  try {
    // Several statements in one message are one transaction.
    await link.query(`${SCHEMA_SQL}\n${grantsSql(roles)}\n${check}\n${sealed.map(insertSql).join(";\n")}`);
  } catch (error) {
    if (!(error instanceof LinkFault)) throw error;
    if (error.phase === "lost") {
      if (await stands(link, last.hash)) return;
      throw unknownOutcome(error, address, last);
    }
    if (ALREADY_THERE.includes(error.state)) throw exists(address, error);
    throw differentFault(error, address) ?? notMade(error, address);
  }
}

/** A row by literals: parameters are for one statement alone. */
function insertSql(event: JournalEvent): string {
  const row = rowOf(event);
  const values = COLUMNS.map((column) => (row[column] === null ? "NULL" : escapeLiteral(row[column])));
  return `INSERT INTO elevation.journal (${COLUMNS.join(", ")}) VALUES (${values.join(", ")})`;
}

/**
 * Roles must be there, and a role that gets rights must not be one that can switch the triggers off.
 */
async function requireRoles(link: Link, { writers, readers }: JournalRoles): Promise<void> {
  const wanted = [...new Set([...writers, ...readers])];
  if (wanted.length === 0) return;
  const { rows } = await link.query<FoundRole>(
    `SELECT r.rolname AS name, r.rolsuper OR pg_catalog.pg_has_role(r.oid, owner.oid, 'MEMBER') AS "isOwner"
       FROM pg_catalog.pg_roles r,
         (SELECT coalesce((SELECT c.relowner FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'elevation' AND c.relname = 'journal'), CURRENT_USER::pg_catalog.regrole::pg_catalog.oid) AS oid) owner
       WHERE r.rolname = ANY ($1::text[])`,
    [wanted],
  );
  for (const role of wanted) {
    const found = rows.find(({ name }) => name === role);
    if (found === undefined) {
      throw new JournalError(
        "write-failed",
        `there is no role \`${role}\` on the journal's server; make it first, as in CREATE ROLE "${role}" LOGIN`,
      );
    }
    if (found.isOwner) {
      throw new JournalError(
        "write-failed",
        `role \`${role}\` is a superuser, or is or can become the journal's owner, and so could switch its triggers off; name another role`,
      );
    }
  }
}

async function stands(link: Link, hash: string): Promise<boolean> {
  try {
    const { rows } = await link.query<{ hash: string }>("SELECT j.hash FROM elevation.journal AS j WHERE j.seq = 1");
    return rows[0]?.hash === hash;
  } catch {
    return false;
  }
}

/** A journal is made once. */
export function exists(address: string, cause?: unknown): JournalError {
  return new JournalError(
    "exists",
    `something stands at \`${address}\` already; use the journal that it is, or choose another database`,
    { cause },
  );
}

/** What {@link requireStandingSql} raised, or null for another fault. */
function differentFault(fault: LinkFault, address: string): JournalError | null {
  if (fault.state !== STATE.different) return null;
  return different({ kind: fault.detail as Difference["kind"], problem: fault.bare }, address);
}

function notMade(fault: LinkFault, address: string): JournalError {
  return new JournalError(
    "write-failed",
    `the journal \`${address}\` cannot be made: ${fault.message}; run it as the administrator who shall own the journal, with CREATE on the database`,
    { cause: fault },
  );
}

function notUtf8(address: string, encoding: string): JournalError {
  return new JournalError(
    "write-failed",
    `the database of the journal \`${address}\` has the encoding ${encoding}, which can't hold every event; make one with ENCODING 'UTF8'`,
  );
}
