// SPDX-License-Identifier: Apache-2.0

/** Which journal a job trusts (design §7): from the job's environment only, never from a file that a request could change. */
export interface JournalAnchors {
  /** `ELEVATION_JOURNAL`, as in `file:/var/lib/elevation/journal.jsonl`; null where unset or empty. */
  readonly address: string | null;
  /** `ELEVATION_JOURNAL_ID`, the hash of the journal's first event; null where unset or empty. */
  readonly id: string | null;
}

/** Reads the anchors out of an environment; judges neither of them ({@link openStore} and `Journal.open` do). */
export function readJournalAnchors(env: Record<string, string | undefined>): JournalAnchors {
  return { address: env["ELEVATION_JOURNAL"]?.trim() || null, id: env["ELEVATION_JOURNAL_ID"]?.trim() || null };
}
