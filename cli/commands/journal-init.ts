// SPDX-License-Identifier: Apache-2.0
import { refuseUnenforcedAnchors } from "@elevation/domain";
import { initJournal, openStore, readJournalAnchors } from "@elevation/journal";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { journalFault } from "../faults";
import { neutral } from "../neutral";
import type { Terminal } from "../terminal";

export interface JournalInitOptions {
  readonly journal?: string;
  readonly json?: boolean;
}

/**
 * `elevate journal init`: opens the journal that `ELEVATION_JOURNAL` names and prints its id. Not idempotent: where a
 * journal (or any file) is already, nothing is changed. Throws CommandError.
 */
export async function journalInit(options: JournalInitOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.journal !== undefined) {
    throw new CommandError(
      EXIT.badInput,
      "`--journal` is good only where nothing is changed; set `ELEVATION_JOURNAL`, as every job that writes the journal must",
    );
  }
  const refused = refuseUnenforcedAnchors(terminal.env);
  if (refused.length > 0) throw new CommandError(EXIT.badInput, refused.join("; "));
  const { address, id: trusted } = readJournalAnchors(terminal.env);
  if (address === null) {
    throw new CommandError(
      EXIT.badInput,
      "`ELEVATION_JOURNAL` is not set; set it to where the journal shall be, as in file:/var/lib/elevation/journal.jsonl",
    );
  }
  const { journal, id } = await open(address);
  if (trusted !== null)
    terminal.say("`ELEVATION_JOURNAL_ID` is still set to the id of another journal; replace it by the new one");
  if (options.json === true) terminal.printJson({ journal, id });
  else terminal.print(render(journal, id));
  return EXIT.yes;
}

async function open(address: string): Promise<{ journal: string; id: string }> {
  try {
    const store = openStore(address);
    const head = await initJournal(store, { kind: "person", key: "unverified" }, Date.now());
    await store.close();
    return { journal: store.address, id: head.hash };
  } catch (error) {
    throw journalFault(error);
  }
}

function render(journal: string, id: string): string {
  return [
    `opened the journal ${neutral(journal)}, id ${id}`,
    "set in every job that uses it:",
    `  export ELEVATION_JOURNAL=${shellWord(neutral(journal))}`,
    `  export ELEVATION_JOURNAL_ID=${id}`,
  ].join("\n");
}

function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
