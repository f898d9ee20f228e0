// SPDX-License-Identifier: Apache-2.0
import type { EventType, JournalEvent } from "@elevation/domain";

/** Something at a target that stands under a name of ours and that no live grant explains. */
export interface Orphan {
  /** When it was last seen. */
  readonly at: string;
  readonly request: string | null;
  readonly kind: string | null;
  readonly connection: string | null;
  readonly server: string | null;
  readonly object: string | null;
  readonly differences: readonly string[];
}

/** Events after which the object of that digest is known to be ours, or gone. */
const SETTLING: readonly EventType[] = ["activated", "revoked", "expired"];

/** The orphans that a chain tells of and that nothing has settled: of years of them no more is kept than of those that stand. */
export class Orphans {
  /** By what makes them one, the latest seen last. */
  readonly #standing = new Map<string, Orphan>();
  /** Null: there was a change since it was made. */
  #snapshot: readonly Orphan[] | null = null;

  /** `event`: verified, but nothing has looked at the data of an orphan's event yet: what it lacks is null here. */
  add(event: JournalEvent): void {
    if (SETTLING.includes(event.type)) {
      for (const [key, { request }] of this.#standing) if (request === event.request) this.#remove(key);
    }
    if (event.type !== "orphan") return;
    const orphan = orphanOf(event);
    const key = orphanKey(orphan);
    this.#remove(key);
    // One with nothing to say of it is gone, or explained.
    if (orphan.differences.length === 0) return;
    this.#standing.set(key, orphan);
    this.#snapshot = null;
  }

  /** Those that stand now, the latest event of each; what is given out never changes. */
  snapshot(): readonly Orphan[] {
    this.#snapshot ??= [...this.#standing.values()];
    return this.#snapshot;
  }

  #remove(key: string): void {
    if (this.#standing.delete(key)) this.#snapshot = null;
  }
}

/** What makes two sightings one orphan: the thing, and the connection, for whether it is ours depends on whose login that is. */
export function orphanKey({
  kind,
  connection,
  server,
  object,
}: Pick<Orphan, "kind" | "connection" | "server" | "object">): string {
  return JSON.stringify([kind, connection, server, object]);
}

function orphanOf({ at, request, data }: JournalEvent): Orphan {
  const fields = fieldsOf(data);
  const place = fieldsOf(fields["place"]);
  const differences = Array.isArray(fields["differences"]) ? fields["differences"] : [];
  return {
    at,
    request,
    kind: textOf(place["kind"]),
    connection: textOf(place["connection"]),
    server: textOf(place["server"]),
    object: textOf(place["object"]),
    differences: differences.filter((sentence) => typeof sentence === "string"),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
