// SPDX-License-Identifier: Apache-2.0
import { formatInstant, type Instant } from "@elevation/domain";
import {
  type Heard,
  isHeard,
  isJournalError,
  isOf,
  type JournalStore,
  type JournalView,
  RETRIED_WITHIN,
  silences,
} from "@elevation/journal";

/** Who ends grants and says so, in `elevate status --json`: fields are added, never changed. */
export interface WatchReport {
  readonly watchers: readonly Watcher[];
  /** Environments with live grants where nobody was heard of for two intervals. */
  readonly silent: readonly { readonly environment: string; readonly live: number; readonly since: string | null }[];
  /** Why it is not known who watches; null where it is. */
  readonly problem: string | null;
}

interface Watcher {
  readonly by: "reaper" | "schedule";
  /** Null: all. */
  readonly environments: readonly string[] | null;
  /** When it was heard last. */
  readonly at: string;
  readonly everySeconds: number;
  /** Not heard for two intervals. */
  readonly silent: boolean;
  /** It was told to stop. */
  readonly stopped: boolean;
}

const NOBODY: Heard = { beats: [], copiedAt: null };

/** What is heard beside a journal, or why that isn't known. */
export async function hear(store: JournalStore): Promise<Heard | string> {
  const beats = store.beats?.();
  if (beats === undefined) return NOBODY;
  try {
    return await beats.hear();
  } catch (error) {
    if (isJournalError(error)) return error.message;
    throw error;
  } finally {
    await beats.close();
  }
}

export function watchOf(heard: Heard | string, view: JournalView, at: Instant): WatchReport {
  if (typeof heard === "string") return { watchers: [], silent: [], problem: heard };
  const now = heard.copiedAt ?? at;
  return {
    watchers: heard.beats.map((beat) => ({
      by: beat.by,
      environments: beat.environments,
      at: formatInstant(beat.at),
      everySeconds: beat.every / 1000,
      silent: !isHeard(beat, now),
      stopped: beat.stopped,
    })),
    silent: silences(heard, view.live, at).map(({ environment, live, since }) => {
      return { environment, live, since: since === null ? null : formatInstant(since) };
    }),
    problem: null,
  };
}

/**
 * By when what could not be ended is tried again at the latest, by what those say who end grants there; null where nobody
 * is heard of.
 */
export function nextTryBy(
  heard: Heard | string,
  { environment, triedAt }: { readonly environment: string; readonly triedAt: Instant },
  at: Instant,
): Instant | null {
  if (typeof heard === "string" || heard.copiedAt !== null) return null;
  const tries = heard.beats
    .filter((beat) => !beat.stopped && isOf(beat, environment) && isHeard(beat, at))
    .map((beat) => {
      const [last, pause] = beat.by === "reaper" ? [triedAt, RETRIED_WITHIN] : [beat.at, beat.every];
      // What should have been by now is under way, or could not be recorded.
      return last + pause < at ? at + pause : last + pause;
    });
  return tries.length === 0 ? null : Math.min(...tries);
}
