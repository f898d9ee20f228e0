// SPDX-License-Identifier: Apache-2.0
import type { ExitCode } from "../exit";
import { EXIT } from "../exit";
import { journalFault } from "../faults";
import { readAt } from "../instant-option";
import { openJournal, requireJournal, storeOf } from "../journal-source";
import { statusOf } from "../status-report";
import { renderStatus } from "../status-table";
import type { Terminal } from "../terminal";

export interface StatusOptions {
  readonly at?: string;
  readonly journal?: string;
  readonly json?: boolean;
}

/**
 * `elevate status`: what the journal says is live, stuck, left over or not ours. It answers what was asked, so also bad
 * news is exit 0: `--json` is there for whoever wants to alarm. Changes nothing. Throws CommandError.
 */
export async function status(options: StatusOptions, terminal: Terminal): Promise<ExitCode> {
  const source = requireJournal(terminal, options.journal);
  const at = readAt(options.at);
  try {
    const store = storeOf(terminal, source);
    const journal = await openJournal(store, source, { isIdRequired: false });
    const view = await journal.view();
    const report = statusOf(store.address, view, at);
    await journal.close();
    if (options.json === true) terminal.printJson(report);
    else terminal.print(renderStatus(terminal, report));
    return EXIT.yes;
  } catch (error) {
    throw journalFault(error);
  }
}
