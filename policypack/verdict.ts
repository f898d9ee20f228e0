// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Decision,
  type Instant,
  isDocumentError,
  type Judge,
  parseRequest,
  quote,
  type Request,
  readJudge,
  refuseUnenforcedAnchors,
  unservedTarget,
} from "@elevation/domain";
import {
  type Heard,
  isJournalError,
  Journal,
  type JournalView,
  judge,
  missingWitness,
  openStore,
  readJournalAnchors,
  readWitness,
} from "@elevation/journal";
import { z } from "zod";

/** What the pack knows of one Grant. */
export interface Verdict {
  /** Null where the inputs, the documents or the anchors don't allow one: `faults` says why. */
  readonly decision: Decision | null;
  /** Why nothing could be judged; whole sentences. */
  readonly faults: readonly string[];
  /** Why the request was judged as new, without a trusted journal; null where one was read. */
  readonly withoutJournal: WithoutJournal | null;
  /** Why this version can't make what the decision allows anew; a whole sentence, or null. */
  readonly unserved: string | null;
  /** What was judged; null where nothing could be. */
  readonly request: Request | null;
}

/** Why there is no trusted journal. */
export interface WithoutJournal {
  readonly reason: string;
  /** Whether the job names none. */
  readonly isAbsent: boolean;
}

/** What requests are judged by now. */
export interface Ground {
  /** Null: the pack's documents have errors. */
  readonly documents: Judge | null;
  /** Null: there is no journal that can be trusted. */
  readonly view: JournalView | null;
  readonly now: Instant;
  /** What is heard beside the journal of those who end grants, or why that isn't known. */
  readonly hear: () => Promise<Heard | string>;
}

/** Verdicts over Grants. */
export interface Verdicts {
  /** The verdict on a resource's inputs for one rule: the rules of one analysis share it, each takes it once. */
  of(rule: string, urn: string, props: unknown): Promise<Verdict>;
  /** What a rule over the whole stack judges by, read anew. */
  ground(): Promise<Ground>;
}

export interface VerdictSources {
  /** The folder that holds elevation.yaml and directory.yaml. */
  readonly folder: string;
  readonly env: Record<string, string | undefined>;
  readonly clock: () => Instant;
}

const propsSchema = z.object({
  request: z.unknown(),
  origin: z.string(),
  organization: z.string(),
  project: z.string(),
  stack: z.string(),
});

/**
 * One decide() a Grant, cached over the rules of its analysis: judged anew when the same process analyzes it again, by the
 * journal of that moment. A live Grant is not judged again: its liveness comes from
 * the journal, since the engine gives no sign of it.
 */
export function createVerdicts(sources: VerdictSources): Verdicts {
  const cache = new Map<string, { verdict: Promise<Verdict>; taken: Set<string> }>();
  const journal = openTrusted(sources.env);
  const documents = readDocuments(sources.folder);
  return {
    of: (rule, urn, props) => {
      const cached = cache.get(urn);
      // A rule that asks again is in another analysis, later: it is judged anew.
      if (cached !== undefined && !cached.taken.has(rule)) {
        cached.taken.add(rule);
        return cached.verdict;
      }
      const verdict = reach(sources, documents, journal, props);
      cache.set(urn, { verdict, taken: new Set([rule]) });
      return verdict;
    },
    ground: async () => {
      const { view } = await readView(await journal);
      const hear = () => hearBeside(sources.env);
      return { documents: typeof documents === "string" ? null : documents, view, now: sources.clock(), hear };
    },
  };
}

type Trusted = { journal: Journal } | { fault: WithoutJournal };

async function reach(
  { env, clock }: VerdictSources,
  documents: Judge | string,
  journal: Promise<Trusted>,
  props: unknown,
): Promise<Verdict> {
  const { view, fault } = await readView(await journal);
  const witness = readWitness(env);
  const anchors = [...refuseUnenforcedAnchors(env), ...("problem" in witness ? [witness.problem] : [])];
  const refused = (faults: readonly string[]): Verdict => ({
    decision: null,
    faults,
    withoutJournal: fault,
    unserved: null,
    request: null,
  });
  if (anchors.length > 0) return refused(anchors);
  if (typeof documents === "string") return refused([documents]);
  try {
    const { request: value, origin: _origin, ...stack } = propsSchema.parse(props);
    const request = parseRequest(value, "the request");
    const decision = judge(documents, request, { stack, now: clock(), view });
    // A live grant was made already, whatever the policy says of its target today.
    const isNew = decision.outcome === "allow" && view?.grant(decision.requestDigest)?.status !== "live";
    const unserved = isNew ? unservedTarget(documents.policy.value, request) : null;
    return { decision, faults: [], withoutJournal: fault, unserved, request };
  } catch (error) {
    if (isDocumentError(error)) return refused([error.message]);
    if (error instanceof z.ZodError) return refused([z.prettifyError(error)]);
    const unknown = unknownPath(error);
    if (unknown !== null) return refused([unknownValue(unknown)]);
    throw error;
  }
}

/**
 * NB. Thrown on, it would make each mandatory rule advisory, and the preview of a Grant that nobody could judge would
 * succeed. `Grant` takes plain values only; a program that goes past its constructor is refused here.
 */
function unknownValue(path: string): string {
  return `${quote(path)} of this Grant is not known before \`up\`, and what can't be judged is refused; write a plain value`;
}

/** Which property the pack's SDK says is not known yet; null for any other error. It keeps the class to itself. */
function unknownPath(error: unknown): string | null {
  if (!(error instanceof Error) || !("unknownTypeSentinel" in error) || !("props" in error)) return null;
  return Array.isArray(error.props) ? error.props.map(String).join(".") : "";
}

async function readView(trusted: Trusted): Promise<{ view: JournalView | null; fault: WithoutJournal | null }> {
  if ("fault" in trusted) return { view: null, fault: trusted.fault };
  try {
    return { view: await trusted.journal.view(), fault: null };
  } catch (error) {
    if (isJournalError(error)) return { view: null, fault: untrusted(error.message) };
    throw error;
  }
}

async function openTrusted(env: Record<string, string | undefined>): Promise<Trusted> {
  const { address, id } = readJournalAnchors(env);
  if (address === null) return { fault: { reason: "`ELEVATION_JOURNAL` is not set", isAbsent: true } };
  const read = readWitness(env);
  if ("problem" in read) return { fault: untrusted(read.problem) };
  try {
    const journal = await Journal.open(openStore(address), id ?? undefined);
    const missing = missingWitness(await journal.view(), read.witness);
    return missing === null ? { journal } : { fault: untrusted(missing) };
  } catch (error) {
    if (isJournalError(error)) return { fault: untrusted(error.message) };
    throw error;
  }
}

async function hearBeside(env: Record<string, string | undefined>): Promise<Heard | string> {
  const { address } = readJournalAnchors(env);
  const beats = address === null ? undefined : openStore(address).beats?.();
  if (beats === undefined) return { beats: [], copiedAt: null };
  try {
    return await beats.hear();
  } catch (error) {
    if (isJournalError(error)) return error.message;
    throw error;
  } finally {
    await beats.close();
  }
}

function untrusted(reason: string): WithoutJournal {
  return { reason, isAbsent: false };
}

function readDocuments(folder: string): Judge | string {
  const [policy, directory] = [join(folder, "elevation.yaml"), join(folder, "directory.yaml")];
  try {
    return readJudge(
      { file: policy, text: readFileSync(policy, "utf8") },
      { file: directory, text: readFileSync(directory, "utf8") },
    );
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
