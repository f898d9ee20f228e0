// SPDX-License-Identifier: Apache-2.0
import type { JournalEvent } from "@elevation/domain";
import type { JournalView } from "@elevation/journal";
import { journalFault } from "./faults";
import { findJournal, openJournal, storeOf } from "./journal-source";
import type { Terminal } from "./terminal";

/** A journal as it is now, for commands that study and change nothing. */
export interface JournalReading {
  readonly view: JournalView;
  /** All events that the view is made of; verified, as it is. */
  readonly events: readonly JournalEvent[];
}

/**
 * Reads the journal of `--journal` or `ELEVATION_JOURNAL`; null where neither is given. Where `ELEVATION_JOURNAL_ID` is set, it must
 * match. Throws CommandError: a journal that is named and can't be trusted is no reason to go on without one.
 */
export async function readJournal(terminal: Terminal, flag: string | undefined): Promise<JournalReading | null> {
  const source = findJournal(terminal, flag);
  if (source === null) return null;
  try {
    const store = storeOf(terminal, source);
    const journal = await openJournal(store, source, { isIdRequired: false });
    const view = await journal.view();
    const events = (await store.read()).filter(({ seq }) => seq <= view.head.seq);
    await journal.close();
    return { view, events };
  } catch (error) {
    throw journalFault(error);
  }
}
