// SPDX-License-Identifier: Apache-2.0
import type { ChainProblem, JournalStore } from "@elevation/journal";
import type { Audit } from "../audited-chain";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { journalFault } from "../faults";
import { auditFile, auditValues, pathOf } from "../journal-lines";
import { type JournalSource, requireJournal, storeOf } from "../journal-source";
import { neutral } from "../neutral";
import { renderInstant } from "../table";
import type { Terminal } from "../terminal";

export interface AuditVerifyOptions {
  readonly journal?: string;
  readonly json?: boolean;
}

/** `elevate audit verify`: whether the chain holds, from its first event to its head. Changes nothing. Throws CommandError. */
export async function auditVerify(options: AuditVerifyOptions, terminal: Terminal): Promise<ExitCode> {
  const source = requireJournal(terminal, options.journal);
  const store = open(terminal, source);
  const audit = await auditOf(terminal, source, store);
  if (audit.count === 0 && audit.problem === null) {
    throw new CommandError(
      EXIT.storeFailed,
      `what stands at \`${store.address}\` holds no finished event, so it is no journal; correct the address`,
    );
  }
  const problem = audit.problem ?? otherId(audit, source);
  if (audit.unfinishedBytes > 0) {
    terminal.say(
      `the last line is not finished (${audit.unfinishedBytes} bytes): a writer is at work, or was killed; it is no part of the chain, and the next writer cuts it off`,
    );
  }
  if (options.json === true) terminal.printJson(report(store, audit, problem));
  else if (problem === null) terminal.print(render(audit));
  else terminal.print(renderBroken(terminal, store, problem));
  return problem === null ? EXIT.yes : EXIT.failed;
}

function open(terminal: Terminal, source: JournalSource): JournalStore {
  try {
    return storeOf(terminal, source);
  } catch (error) {
    throw journalFault(error);
  }
}

async function auditOf(terminal: Terminal, source: JournalSource, store: JournalStore): Promise<Audit> {
  if (store.values === undefined) return auditFile(pathOf(source.address, terminal.cwd), store);
  try {
    return await auditValues(store.values());
  } catch (error) {
    throw journalFault(error);
  } finally {
    await store.close();
  }
}

function otherId({ opened }: Audit, { id }: JournalSource): ChainProblem | null {
  if (id === null || opened === null || opened.hash === id) return null;
  return {
    seq: 1,
    message: `event 1: the id is ${opened.hash}, \`ELEVATION_JOURNAL_ID\` is \`${id}\`: it is another journal`,
  };
}

function report(store: JournalStore, audit: Audit, problem: ChainProblem | null) {
  const { count, withoutData, opened, last, unfinishedBytes } = audit;
  return {
    verified: problem === null,
    journal: store.address,
    events: count,
    withoutData,
    unfinishedBytes,
    head: last === null ? null : { seq: last.seq, hash: last.hash },
    id: opened?.hash ?? null,
    openedAt: opened?.at ?? null,
    ...(problem === null ? {} : { problem }),
  };
}

function render({ count, withoutData, opened, last }: Audit): string {
  const exported =
    withoutData === 0 ? "" : ` (${withoutData === count ? "all" : withoutData} without data, as exported)`;
  return `${count} ${count === 1 ? "event" : "events"} verified${exported}, head ${last?.hash}, opened ${renderInstant(opened?.at ?? null)}, id ${opened?.hash}`;
}

function renderBroken({ colours }: Terminal, store: JournalStore, problem: ChainProblem): string {
  return `${colours.red("not verified")}: ${neutral(store.address)}, ${neutral(problem.message)}`;
}
