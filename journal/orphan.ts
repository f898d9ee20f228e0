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

interface Seen {
  readonly key: string;
  readonly seq: number;
  readonly orphan: Orphan;
  /** The event that settled it, or the next one of the same orphan; absent while it stands. */
  until?: number;
}

/** The orphans that a chain tells of. Only ever added to, so that an earlier view keeps what it had. */
export class Orphans {
  readonly #seen: Seen[] = [];

  /** `event`: verified, but nothing has looked at the data of an orphan's event yet: what it lacks is null here. */
  add(event: JournalEvent): void {
    if (SETTLING.includes(event.type)) this.#close(event.seq, ({ orphan }) => orphan.request === event.request);
    if (event.type !== "orphan") return;
    const orphan = orphanOf(event);
    const key = orphanKey(orphan);
    this.#close(event.seq, (seen) => seen.key === key);
    // One with nothing to say of it is gone, or explained.
    if (orphan.differences.length > 0) this.#seen.push({ key, seq: event.seq, orphan });
  }

  /** Those that nothing has settled up to an event, the latest event of each. */
  upTo(seq: number): readonly Orphan[] {
    return this.#seen
      .filter((seen) => seen.seq <= seq && (seen.until === undefined || seen.until > seq))
      .map(({ orphan }) => orphan);
  }

  #close(seq: number, isMeant: (seen: Seen) => boolean): void {
    for (const seen of this.#seen) if (seen.until === undefined && isMeant(seen)) seen.until = seq;
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
