// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent } from "@elevation/domain";

/** Something at a target that stands under a name of ours and that no live grant explains. */
export interface Orphan {
  /** When that was journaled. */
  readonly at: string;
  readonly request: string | null;
  readonly kind: string | null;
  readonly connection: string | null;
  readonly server: string | null;
  readonly object: string | null;
  /** Whole sentences without a final period. */
  readonly differences: readonly string[];
}

/** Which thing an orphan is, and through which connection it was seen: whether it is ours depends on whose login that is. */
export function orphanKey({
  kind,
  connection,
  server,
  object,
}: Pick<Orphan, "kind" | "connection" | "server" | "object">): string {
  return JSON.stringify([kind, connection, server, object]);
}

/** Events after which the object of that digest is known to be ours, or gone. */
const SETTLING: readonly string[] = ["activated", "revoked", "expired"];

/**
 * The orphans by their keys after one more event; the same map where it changes none. One with nothing to say of it is gone, or
 * explained. Nothing looks at the data of an orphan's event when a journal is verified: what it lacks is null here.
 */
export function nextOrphans(orphans: ReadonlyMap<string, Orphan>, event: JournalEvent): ReadonlyMap<string, Orphan> {
  if (event.type === "orphan") {
    const orphan = orphanOf(event);
    const next = new Map(orphans);
    next.delete(orphanKey(orphan));
    if (orphan.differences.length > 0) next.set(orphanKey(orphan), orphan);
    return next;
  }
  if (orphans.size === 0 || !SETTLING.includes(event.type)) return orphans;
  const left = [...orphans].filter(([, { request }]) => request !== event.request);
  return left.length === orphans.size ? orphans : new Map(left);
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
