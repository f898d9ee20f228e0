// SPDX-License-Identifier: Apache-2.0
import { openStore, readJournalAnchors } from "@elevation/journal";
import { CommandError, EXIT } from "./exit";
import { journalFault } from "./faults";
import type { Terminal } from "./terminal";

/** The journal that a command writes to, as it may be shown: only the environment says where. Throws CommandError. */
export function requireAddress(terminal: Terminal): string {
  const { address } = readJournalAnchors(terminal.env);
  if (address !== null) return shownAddress(address);
  throw new CommandError(
    EXIT.badInput,
    "no journal is given; set `ELEVATION_JOURNAL`, as in file:/var/lib/elevation/journal.jsonl",
  );
}

/** As the store shows it: an address may hold a password. */
function shownAddress(address: string): string {
  try {
    return openStore(address).address;
  } catch (error) {
    throw journalFault(error);
  }
}
