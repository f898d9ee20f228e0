// SPDX-License-Identifier: Apache-2.0
import { DEFAULT_DOCUMENTS, isDocumentError, type Policy, readPolicy } from "@elevation/domain";
import { BadDocuments, inProject, readSource } from "../documents";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { journalFault } from "../faults";
import { readAt } from "../instant-option";
import { openJournal, requireJournal, storeOf } from "../journal-source";
import { renderStanding, standingOf } from "../standing";
import { type StatusReport, statusOf } from "../status-report";
import { renderStatus } from "../status-table";
import { renderStuck } from "../stuck-table";
import type { Terminal } from "../terminal";
import { hear } from "../watch-report";

export interface StatusOptions {
  readonly at?: string;
  readonly journal?: string;
  readonly json?: boolean;
  readonly standing?: boolean;
  readonly policy?: string;
  readonly stuck?: boolean;
}

/**
 * `elevate status`: what the journal says is live, stuck, left over or not ours. It answers what was asked, so also bad
 * news is exit 0: `--json` is there for whoever wants to alarm. With `--standing` also who has the policy's roles without a grant, by asking
 * the targets.
 * `--stuck` asks whether anything is stuck, and yes is exit 4. Changes nothing. Throws CommandError, and BadDocuments for the policy.
 */
export async function status(options: StatusOptions, terminal: Terminal): Promise<ExitCode> {
  const source = requireJournal(terminal, options.journal);
  const at = readAt(options.at);
  const policy = options.standing === true ? policyOf(options, terminal) : requireStanding(options);
  try {
    const store = storeOf(terminal, source);
    const journal = await openJournal(store, source, { isIdRequired: false });
    const view = await journal.view();
    const report = statusOf(store.address, view, await hear(store), at);
    await journal.close();
    if (options.stuck === true) return tellStuck(options, report, terminal);
    const standing = policy === null ? null : await standingOf(policy, terminal.env);
    if (options.json === true) terminal.printJson(standing === null ? report : { ...report, standing });
    else terminal.print(renderStatus(terminal, report));
    if (standing === null) return EXIT.yes;
    if (options.json !== true) terminal.print(`\n${renderStanding(terminal, standing)}`);
    return standing.every(({ reason }) => reason === null) ? EXIT.yes : EXIT.storeFailed;
  } catch (error) {
    throw journalFault(error);
  }
}

/** To look at who has what nothing of a policy need be enforced. */
function policyOf({ policy }: StatusOptions, { cwd }: Terminal): Policy {
  const file = policy ?? inProject(cwd, DEFAULT_DOCUMENTS.policy, "default policy", "give `--policy`");
  try {
    return readPolicy(readSource(cwd, file), "study").value;
  } catch (error) {
    if (isDocumentError(error)) throw new BadDocuments(error.problems);
    throw error;
  }
}

function requireStanding({ policy }: StatusOptions): null {
  if (policy === undefined) return null;
  throw new CommandError(EXIT.badInput, "`--policy` is for `--standing`; give both, or neither");
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
