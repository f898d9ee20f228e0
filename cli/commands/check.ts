// SPDX-License-Identifier: Apache-2.0
import {
  type Decision,
  type Document,
  formatInstant,
  type Instant,
  type Judge,
  type NewEvent,
  type Request,
  refuseUnenforcedAnchors,
  unservedTarget,
} from "@elevation/domain";
import {
  isJournalError,
  type Journal,
  type JournalError,
  type JournalStore,
  type JournalView,
  judge,
} from "@elevation/journal";
import { renderDecisions } from "../decision-table";
import { readDocuments } from "../documents";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { journalFault } from "../faults";
import { readAt } from "../instant-option";
import { findJournal, type JournalSource, openJournal, storeOf } from "../journal-source";
import { isFolder } from "../request-files";
import type { Terminal } from "../terminal";

export interface CheckOptions {
  readonly at?: string;
  readonly policy?: string;
  readonly directory?: string;
  readonly journal?: string;
  readonly json?: boolean;
  readonly record?: boolean;
  readonly approvals?: string;
  readonly allowedSigners?: string;
}

/** What is known of earlier grants, when requests are judged. */
type Past =
  | { readonly kind: "unknown" }
  | { readonly kind: "known"; readonly journal: Journal }
  | { readonly kind: "untrusted"; readonly reason: string };

interface Question {
  readonly judge: Judge;
  readonly requests: readonly Document<Request>[];
  readonly now: Instant;
}

const NO_JOURNAL =
  "no journal is configured: form and policy are judged as if the request were new; what was granted before is not known";

/**
 * `elevate check`: each request is judged by itself, as the policy pack and the provider do. Changes nothing without
 * `--record`. Throws BadDocuments, CommandError.
 */
export async function check(names: readonly string[], options: CheckOptions, terminal: Terminal): Promise<ExitCode> {
  refuseEnvironment(terminal);
  refuseApprovals(options);
  const source = findJournal(terminal, options.journal);
  if (options.record === true) refuseToRecord(source, options);
  const now = readAt(options.at);
  const store = source === null ? null : openOrSay(terminal, source);
  const question = { ...readDocuments(terminal.cwd, { ...options, requests: names }), now };
  const past = await readPast(source, store);
  if (past.kind === "unknown") terminal.say(NO_JOURNAL);
  const { decisions, fault } = await decideAll(question, past, options.record === true);
  if (past.kind === "known") await past.journal.close();
  if (options.json === true) {
    const isSeveral = decisions.length !== 1 || names.some((name) => isFolder(terminal.cwd, name));
    terminal.printJson(isSeveral ? decisions : decisions[0]);
  } else if (decisions.length > 0) terminal.print(renderDecisions(terminal, question.requests, decisions));
  if (decisions.length === 0) terminal.say("there is no request file in what was named: nothing was judged");
  sayUnserved(terminal, question, decisions);
  if (fault !== null) throw fault;
  return decisions.every(({ outcome }) => outcome === "allow") ? EXIT.yes : EXIT.denied;
}

/** The policy's answer stands; that this version can't act on it is said beside it, as the pack does in preview. */
function sayUnserved(
  terminal: Terminal,
  { judge: { policy }, requests }: Question,
  decisions: readonly Decision[],
): void {
  for (const [index, { value }] of requests.entries()) {
    const sentence = decisions[index]?.outcome === "allow" ? unservedTarget(policy.value, value) : null;
    if (sentence !== null) terminal.say(sentence);
  }
}

function refuseEnvironment(terminal: Terminal): void {
  const sentences = refuseUnenforcedAnchors(terminal.env);
  if (sentences.length > 0) throw new CommandError(EXIT.badInput, sentences.join("; "));
}

/** What this version would pass over is refused, as in the documents. */
function refuseApprovals({ approvals, allowedSigners }: CheckOptions): void {
  const flags = [
    approvals === undefined ? [] : ["`--approvals`"],
    allowedSigners === undefined ? [] : ["`--allowed-signers`"],
  ].flat();
  if (flags.length === 0) return;
  throw new CommandError(
    EXIT.badInput,
    `${flags.join(" and ")} ${flags.length > 1 ? "are" : "is"} given, but this version verifies no approvals; leave ${flags.length > 1 ? "them" : "it"} out, or use a version that does`,
  );
}

function refuseToRecord(source: JournalSource | null, options: CheckOptions): void {
  const flags = [
    options.at === undefined ? [] : ["`--at`"],
    options.journal === undefined ? [] : ["`--journal`"],
  ].flat();
  if (flags.length > 0) {
    throw new CommandError(
      EXIT.badInput,
      `\`--record\` is given with ${flags.join(" and ")}, good only where nothing is changed; leave ${flags.length > 1 ? "them" : "it"} out: now is recorded, in the journal of \`ELEVATION_JOURNAL\``,
    );
  }
  if (source === null) {
    throw new CommandError(
      EXIT.badInput,
      "`--record` has no journal to write to; set `ELEVATION_JOURNAL` and `ELEVATION_JOURNAL_ID`",
    );
  }
}

/** A wrong `--journal` is a wrong argument; what is wrong with `ELEVATION_JOURNAL` is a reason why it can't be trusted. */
function openOrSay(terminal: Terminal, source: JournalSource): JournalStore | JournalError {
  try {
    return storeOf(terminal, source);
  } catch (error) {
    if (!isJournalError(error) || source.isFromFlag) throw journalFault(error);
    return error;
  }
}

/** A journal that is configured and can't be trusted is no reason to judge without one. */
async function readPast(source: JournalSource | null, store: JournalStore | JournalError | null): Promise<Past> {
  if (source === null || store === null) return { kind: "unknown" };
  if (isJournalError(store)) return { kind: "untrusted", reason: store.message };
  try {
    return { kind: "known", journal: await openJournal(store, source, { isIdRequired: !source.isFromFlag }) };
  } catch (error) {
    if (!isJournalError(error)) throw error;
    return { kind: "untrusted", reason: error.message };
  }
}

/** The decisions, and what kept them from being recorded: they are shown all the same. */
async function decideAll(
  question: Question,
  past: Past,
  isRecorded: boolean,
): Promise<{ readonly decisions: readonly Decision[]; readonly fault: unknown }> {
  if (past.kind === "unknown") return { decisions: judgeAll(question, null), fault: null };
  if (past.kind === "untrusted") {
    const decisions = question.requests.map((request) => untrusted(question, request, past.reason));
    const fault = isRecorded ? notRecorded(past.reason) : null;
    return { decisions, fault };
  }
  if (!isRecorded) return { decisions: judgeAll(question, await past.journal.view()), fault: null };
  return record(question, past.journal);
}

function judgeAll(question: Question, view: JournalView | null): readonly Decision[] {
  const { judge: documents, requests, now } = question;
  return requests.map((request) => judge(documents, request.value, { stack: null, now, view }));
}

async function record(question: Question, journal: Journal) {
  let decisions: readonly Decision[] = [];
  try {
    await journal.step((view) => {
      decisions = judgeAll(question, view);
      return { events: decisions.map((decision, index) => decided(question, decision, index)), result: null };
    });
    return { decisions, fault: null };
  } catch (error) {
    if (!isJournalError(error)) throw error;
    return { decisions, fault: notRecorded(error.message, error) };
  }
}

function decided({ requests, now }: Question, decision: Decision, index: number): NewEvent {
  const request = requests[index]?.value;
  if (request === undefined) throw new TypeError("a decision without a request");
  const actor = { kind: "job", key: "unverified" } as const;
  return {
    at: formatInstant(now),
    type: "decided",
    request: decision.requestDigest,
    actor,
    data: { decision, request },
  };
}

function notRecorded(reason: string, cause?: unknown): CommandError {
  return new CommandError(EXIT.storeFailed, `nothing was journaled: ${reason}`, { cause });
}

/** Only the form of the request is known to be good: nothing else is said about it. */
function untrusted(
  { judge: { policy, directory }, now }: Question,
  request: Document<Request>,
  reason: string,
): Decision {
  return {
    outcome: "deny",
    rule: null,
    activatesAt: null,
    expiresAt: null,
    effectiveEnd: null,
    violations: [{ id: "journal-untrusted", rule: null, path: "", observed: null, limit: null, message: reason }],
    approvals: { required: [], given: [], missing: [] },
    requestDigest: request.digest,
    policyDigest: policy.digest,
    directoryDigest: directory.digest,
    decidedAt: formatInstant(now),
  };
}
