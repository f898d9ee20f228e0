// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent } from "@elevation/domain";
import { canonicalJson } from "@elevation/domain";
import { COLUMNS } from "./schema";

/** A row as node-postgres gives it: a bigint is text. */
export type EventRow = Readonly<Record<(typeof COLUMNS)[number], string | null>>;

/** The columns that make an {@link EventRow}. */
export const SELECTED = COLUMNS.map((column) => `j.${column}`).join(", ");

const TYPES = COLUMNS.map((column) => (column === "seq" ? "bigint[]" : "text[]"));

/**
 * Appends all rows in order, or none: one statement, which is a transaction of its own.
 * NB. `unnest` of several arrays is syntax, and takes no schema.
 */
export const INSERT_SQL = `INSERT INTO elevation.journal (${COLUMNS.join(", ")})
SELECT ${SELECTED} FROM unnest(${TYPES.map((type, i) => `$${i + 1}::${type}`).join(", ")}) AS j (${COLUMNS.join(", ")}) ORDER BY j.seq`;

/** The parameters of {@link INSERT_SQL}: one array for each column. */
export function insertParameters(events: readonly JournalEvent[]): readonly (readonly (string | null)[])[] {
  const rows = events.map(rowOf);
  return COLUMNS.map((column) => rows.map((row) => row[column]));
}

/** The values of an event in the order of the columns. */
export function rowOf(event: JournalEvent): EventRow {
  const { seq, at, type, request, actor, digest, prev, hash, data, salt } = event;
  return {
    seq: String(seq),
    at,
    type,
    request,
    actor_kind: actor.kind,
    actor_key: actor.key,
    digest,
    prev,
    hash,
    data: canonicalJson(data),
    salt: salt ?? null,
  };
}

/**
 * What stands in a row, in the shape of an event; whether it is one is for the reader to judge. Data that is no JSON, or
 * not written as {@link rowOf} writes it, is left out, which no reader takes for an event: in data with a key that stands
 * twice, who queries the table could be shown another value than the one that the digest covers.
 */
export function contentOf(row: EventRow): unknown {
  const { actor_kind: kind, actor_key: key, seq, at, type, request, digest, prev, hash, data, salt } = row;
  const value = { seq: Number(seq), at, type, request, actor: { kind, key }, digest, prev, hash };
  try {
    const parsed: unknown = JSON.parse(data ?? "");
    if (canonicalJson(parsed) === data) return { ...value, data: parsed, salt };
  } catch {
    // Said below, by what is missing.
  }
  return { ...value, salt };
}
