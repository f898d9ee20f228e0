// SPDX-License-Identifier: Apache-2.0
import type { ExitCode } from "../exit";
import { EXIT } from "../exit";
import { journalFault } from "../faults";
import { readAt } from "../instant-option";
import { openJournal, requireJournal, storeOf } from "../journal-source";
import { type StatusReport, statusOf } from "../status-report";
import { renderStatus } from "../status-table";
import { renderStuck } from "../stuck-table";
import type { Terminal } from "../terminal";
import { hear } from "../watch-report";

export interface StatusOptions {
  readonly at?: string;
  readonly journal?: string;
  readonly json?: boolean;
  readonly stuck?: boolean;
}

/**
 * `elevate status`: what the journal says is live, stuck, left over or not ours. It answers what was asked, so also bad
 * news is exit 0. `--stuck` asks whether anything is stuck, and yes is exit 4. Changes nothing. Throws CommandError.
 */
export async function status(options: StatusOptions, terminal: Terminal): Promise<ExitCode> {
  const source = requireJournal(terminal, options.journal);
  const at = readAt(options.at);
  try {
    const store = storeOf(terminal, source);
    const journal = await openJournal(store, source, { isIdRequired: false });
    const view = await journal.view();
    const report = statusOf(store.address, view, await hear(store), at);
    await journal.close();
    if (options.stuck === true) return tellStuck(options, report, terminal);
    if (options.json === true) terminal.printJson(report);
    else terminal.print(renderStatus(terminal, report));
    return EXIT.yes;
  } catch (error) {
    throw journalFault(error);
  }
}

function tellStuck(
  { json }: StatusOptions,
  { journal, id, head, at, stuck }: StatusReport,
  terminal: Terminal,
): ExitCode {
  const report = { journal, id, head, at, stuck };
  if (json === true) terminal.printJson(report);
  else terminal.print(renderStuck(terminal, report));
  return stuck.length === 0 ? EXIT.yes : EXIT.storeFailed;
}
