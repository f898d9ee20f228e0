// SPDX-License-Identifier: Apache-2.0
import { Journal, type JournalStore, openStore, readJournalAnchors } from "@elevation/journal";
import { CommandError, EXIT } from "./exit";
import type { Terminal } from "./terminal";

/** The journal that a command reads: its address, the id it must have, and where both were said. */
export interface JournalSource {
  readonly address: string;
  /** `ELEVATION_JOURNAL_ID`; it holds for `--journal` too, so that a copy of another journal is never believed. */
  readonly id: string | null;
  readonly isFromFlag: boolean;
}

/** What `--journal` names, else what `ELEVATION_JOURNAL` names; null where neither is given. */
export function findJournal(terminal: Terminal, flag: string | undefined): JournalSource | null {
  const { address, id } = readJournalAnchors(terminal.env);
  if (flag !== undefined) return { address: flag, id, isFromFlag: true };
  return address === null ? null : { address, id, isFromFlag: false };
}

/** {@link findJournal} for commands that can do nothing without one. Throws CommandError (bad input). */
export function requireJournal(terminal: Terminal, flag: string | undefined): JournalSource {
  const source = findJournal(terminal, flag);
  if (source !== null) return source;
  throw new CommandError(
    EXIT.badInput,
    "no journal is given; set `ELEVATION_JOURNAL` or give `--journal`, as in file:/var/lib/elevation/journal.jsonl",
  );
}

/**
 * Its store. A relative path is good in `--journal` alone: what the environment says must mean the same in every folder.
 * Throws JournalError `address-invalid`.
 */
export function storeOf(terminal: Terminal, source: JournalSource): JournalStore {
  const options = { env: terminal.env, onRepair: (report: string) => terminal.say(report) };
  return openStore(source.address, source.isFromFlag ? { ...options, baseDir: terminal.cwd } : options);
}

/**
 * Reads and verifies it. Without `ELEVATION_JOURNAL_ID`, a journal that is only read is believed to be the one that it
 * says it is; whoever decides by it passes `isIdRequired`. Throws JournalError, as `Journal.open` does.
 */
export async function openJournal(
  store: JournalStore,
  { id }: JournalSource,
  { isIdRequired }: { readonly isIdRequired: boolean },
): Promise<Journal> {
  if (id !== null || isIdRequired) return Journal.open(store, id ?? undefined);
  const [opened] = await store.read();
  return Journal.open(store, opened?.hash);
}
