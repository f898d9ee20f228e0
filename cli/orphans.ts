// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent } from "@elevation/domain";
import type { JournalView } from "@elevation/journal";

/** Something at a target that stands under a name of ours and that we did not make. */
export interface Orphan {
  /** When it was last seen. */
  readonly at: string;
  readonly request: string | null;
  readonly kind: string | null;
  readonly connection: string | null;
  readonly object: string | null;
  readonly differences: readonly string[];
}

/** Events after which the object of that digest is known to be ours, or gone. */
const SETTLING: readonly string[] = ["activated", "revoked", "expired"];

/**
 * Orphans that nothing has settled since, the latest event of each. The view's chain is verified, but nothing has looked
 * at the data of an orphan's event yet: what it lacks is null here.
 */
export function findOrphans(events: readonly JournalEvent[], view: JournalView): readonly Orphan[] {
  const orphans = new Map<string, Orphan>();
  for (const event of events) {
    if (event.seq > view.head.seq) break;
    if (SETTLING.includes(event.type)) {
      for (const [key, { request }] of orphans) if (request === event.request) orphans.delete(key);
    }
    if (event.type !== "orphan") continue;
    const orphan = orphanOf(event);
    orphans.set(JSON.stringify([orphan.request, orphan.connection, orphan.object]), orphan);
  }
  return [...orphans.values()];
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
