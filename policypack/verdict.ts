// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Decision,
  type Instant,
  isDocumentError,
  type Judge,
  parseRequest,
  readJudge,
  refuseUnenforcedAnchors,
} from "@elevation/domain";
import { isJournalError, Journal, type JournalView, judge, openStore, readJournalAnchors } from "@elevation/journal";
import { z } from "zod";

/** What the pack knows of one Grant. */
export interface Verdict {
  /** Null where the inputs, the documents or the anchors don't allow one: `faults` says why. */
  readonly decision: Decision | null;
  /** Why nothing could be judged; whole sentences. */
  readonly faults: readonly string[];
  /** Why the request was judged as new, without a journal; null where a trusted journal was read. */
  readonly withoutJournal: string | null;
}

/** Verdicts over Grants. */
export interface Verdicts {
  /** The verdict on a resource's inputs for one rule: the rules of one analysis share it, each takes it once. */
  of(rule: string, urn: string, props: unknown): Promise<Verdict>;
}

export interface VerdictSources {
  /** The folder that holds elevation.yaml and directory.yaml. */
  readonly folder: string;
  readonly env: Record<string, string | undefined>;
  readonly clock: () => Instant;
}

const propsSchema = z.object({
  request: z.unknown(),
  organization: z.string(),
  project: z.string(),
  stack: z.string(),
});

/**
 * One decide() a Grant, cached over the rules of its analysis. A live Grant is not judged again: its liveness comes from
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
  };
}

type Trusted = { journal: Journal } | { fault: string };

async function reach(
  { env, clock }: VerdictSources,
  documents: Judge | string,
  journal: Promise<Trusted>,
  props: unknown,
): Promise<Verdict> {
  const { view, fault } = await readView(await journal);
  const anchors = refuseUnenforcedAnchors(env);
  if (anchors.length > 0) return { decision: null, faults: anchors, withoutJournal: fault };
  if (typeof documents === "string") return { decision: null, faults: [documents], withoutJournal: fault };
  try {
    const { request, ...stack } = propsSchema.parse(props);
    const decision = judge(documents, parseRequest(request, "the request"), { stack, now: clock(), view });
    return { decision, faults: [], withoutJournal: fault };
  } catch (error) {
    if (isDocumentError(error)) return { decision: null, faults: [error.message], withoutJournal: fault };
    if (error instanceof z.ZodError) return { decision: null, faults: [z.prettifyError(error)], withoutJournal: fault };
    throw error;
  }
}

async function readView(trusted: Trusted): Promise<{ view: JournalView | null; fault: string | null }> {
  if ("fault" in trusted) return { view: null, fault: trusted.fault };
  try {
    return { view: await trusted.journal.view(), fault: null };
  } catch (error) {
    if (isJournalError(error)) return { view: null, fault: error.message };
    throw error;
  }
}

async function openTrusted(env: Record<string, string | undefined>): Promise<Trusted> {
  const { address, id } = readJournalAnchors(env);
  if (address === null) return { fault: "`ELEVATION_JOURNAL` is not set" };
  try {
    return { journal: await Journal.open(openStore(address), id ?? undefined) };
  } catch (error) {
    if (isJournalError(error)) return { fault: error.message };
    throw error;
  }
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
