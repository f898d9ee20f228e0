// SPDX-License-Identifier: Apache-2.0
import type { Actor, Instant } from "@elevation/domain";
import { formatInstant } from "@elevation/domain";
import { GENESIS, type Head, type JournalStore } from "./store";

/**
 * Makes a journal, the only way there is: appends the first event, `opened`. The hash of the head returned is the
 * journal's id, to be kept as `ELEVATION_JOURNAL_ID`. Not idempotent: throws JournalError `exists` where there is one.
 */
export async function initJournal(store: JournalStore, actor: Actor, now: Instant): Promise<Head> {
  const opened = { at: formatInstant(now), type: "opened", request: null, actor, data: { version: 1 } } as const;
  const [event] = await store.append([opened], GENESIS);
  if (event === undefined) throw new TypeError(`the store \`${store.address}\` appended nothing and threw nothing`);
  return { seq: event.seq, hash: event.hash };
}
