// SPDX-License-Identifier: Apache-2.0
import { type Digest, formatInstant, type NewEvent, type Place } from "@elevation/domain";
import { type GrantRecord, type JournalView, type Orphan, orphanKey } from "@elevation/journal";
import type { Standing } from "./ports";
import { asError, journalCall, reasonOf, type Trusted, type World } from "./world";

/** Something at a target that stands under a name of ours, that no live grant explains, and that is left there. */
export interface FoundOrphan {
  /** The digest that it is made of, where that is known. */
  readonly digest: Digest | null;
  readonly place: Place;
  /** Its own end; null where it bears no note of ours. */
  readonly expiresAt: string | null;
  /** Whether our login made it. */
  readonly isOurs: boolean;
  /** Whole sentences without a final period. */
  readonly differences: readonly string[];
  /** Whether the journal didn't know it like this before. */
  readonly isNews: boolean;
}

/** `reason`: why it could not be ended, where it should have been. */
export function orphanOf(
  { place, isOurs, note, doubts }: Standing,
  record: GrantRecord | undefined,
  reason: string | null = null,
): Omit<FoundOrphan, "isNews"> {
  const expiresAt = note === null || !isOurs ? null : formatInstant(note.expiresAt);
  const digest = record?.digest ?? (isOurs ? (note?.digest ?? null) : null);
  const unexplained =
    `no grant of this journal explains it, and \`${place.identity}\` has \`${place.role}\` by it until ${expiresAt}, its own end; ` +
    `bring back the journal that knows it, or end it now with \`elevate reap --once --unwanted ${place.object}\``;
  const differences = reason !== null ? [reason] : doubts.length > 0 ? doubts : [unexplained];
  return { digest, place, expiresAt, isOurs, differences };
}

/**
 * Journals orphans when they are first seen, when they look different, and when those that were looked at are gone or explained. What
 * can't be journaled now is found again by the next reconciliation.
 */
export async function journalOrphans(
  world: World,
  { journal }: Trusted,
  orphans: readonly Omit<FoundOrphan, "isNews">[],
  wasLookedAt: (orphan: Orphan) => boolean,
): Promise<readonly FoundOrphan[]> {
  const found = new Map(orphans.map((orphan) => [orphanKey(orphan.place), orphan]));
  const judge = (view: JournalView) => {
    const known = new Map(view.orphans.map((orphan) => [orphanKey(orphan), orphan]));
    const news = orphans.filter(
      ({ place, differences }) => known.get(orphanKey(place))?.differences.join() !== differences.join(),
    );
    const gone = [...known.values()].filter((orphan) => !found.has(orphanKey(orphan)) && wasLookedAt(orphan));
    const events = [
      ...news.map((orphan) => event(world, orphan)),
      ...gone.map((orphan) => event(world, goneOf(orphan))),
    ];
    return { events, result: new Set(news) };
  };
  try {
    const { result } = await journalCall(() => journal.step(judge));
    return orphans.map((orphan) => ({ ...orphan, isNews: result.has(orphan) }));
  } catch (error) {
    world.say(`what was found at the targets can't be journaled: ${reasonOf(asError(error))}`);
    return orphans.map((orphan) => ({ ...orphan, isNews: true }));
  }
}

/** One with nothing to say of it. */
function goneOf({ request, kind, connection, server, object }: Orphan) {
  const place = { kind, connection, server, object, role: "", identity: "" } as Place;
  return { digest: request as Digest | null, place, differences: [] };
}

function event(
  { clock, actor }: World,
  { digest, place, differences }: Pick<FoundOrphan, "digest" | "place" | "differences">,
): NewEvent {
  return { at: formatInstant(clock()), request: digest, actor, type: "orphan", data: { place, differences } };
}
