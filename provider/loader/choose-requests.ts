// SPDX-License-Identifier: Apache-2.0
import {
  activateByOf,
  type Decision,
  type Instant,
  isInert,
  type Judge,
  type StackRef,
  unservedTarget,
} from "@elevation/domain";
import { byTurn, type JournalView, judgeInTurn } from "@elevation/journal";
import type { RequestFile } from "./request-files";

/** What the requests of a folder are chosen by. */
export interface ChooseBy {
  readonly documents: Judge;
  /** Null: there is no journal that can be trusted. */
  readonly view: JournalView | null;
  readonly stack: StackRef;
  /** The environments that this stack may use. */
  readonly served: readonly string[];
  readonly now: Instant;
  /** Whether `ELEVATION_DEPLOY=1`: new requests are judged here, so that a denied one stops nobody. */
  readonly deploying: boolean;
}

/** A request file and what was decided on it. */
export interface Judged {
  readonly file: RequestFile;
  readonly decision: Decision;
}

/**
 * `declare`: becomes a Grant. `inert`: can open nothing any more, it ended or lapsed. Only while deploying: `denied`, and
 * `unserved`, allowed at a target that this version can't grant at.
 */
type Fate = "declare" | "inert" | "denied" | "unserved";

/** What becomes of each request file; each list in the order in which it was judged. */
export interface Choice extends Readonly<Record<Fate, readonly Judged[]>> {
  /** For an environment that the policy knows and this stack doesn't serve: they are another stack's. */
  readonly elsewhere: readonly RequestFile[];
}

/**
 * Which request files become Grants. Pure: the same inputs give the same answer, whatever the order of the files.
 *
 * They are judged in order of `requestedAt`, then digest. Live ones are declared, whatever the policy says today; ended and
 * lapsed ones are inert. While deploying, a new one is declared only if it is allowed, and then counts as live for those
 * behind it, unless it starts later: a scheduled grant isn't live. Otherwise every new one is declared, and the policy
 * pack shows its violations. Without a trusted journal all are declared: ignorance never becomes a deletion.
 *
 * A file for an environment that the policy doesn't know is nobody's, and must not vanish like one for another stack: it
 * is judged in every stack (`unknown-environment`, with the nearest name), so that previews fail and a deploy reports and
 * journals it.
 */
export function chooseRequests(files: readonly RequestFile[], by: ChooseBy): Choice {
  const chosen: Record<Fate, Judged[]> = { declare: [], inert: [], denied: [], unserved: [] };
  const elsewhere: RequestFile[] = [];
  const turns = judgeInTurn(by.documents, { stack: by.stack, now: by.now, view: by.view });
  for (const file of [...files].sort((one, other) => byTurn(one.document, other.document))) {
    if (isElsewhere(file, by)) {
      elsewhere.push(file);
      continue;
    }
    const decision = turns.judge(file.document);
    const fate = fateOf(file, decision, by);
    chosen[fate].push({ file, decision });
    if (fate === "declare" && by.deploying && by.view !== null) turns.count(file.document, decision);
  }
  return { ...chosen, elsewhere };
}

function fateOf(file: RequestFile, decision: Decision, by: ChooseBy): Fate {
  const request = file.document.value;
  if (by.view === null && (by.served.includes(request.spec.environment) || !by.deploying)) return "declare";
  const isAllowed = decision.outcome === "allow";
  if (isAllowed && isLive(file, by.view)) return "declare";
  if (isSpent(file, decision, by)) return "inert";
  if (!by.deploying) return "declare";
  if (!isAllowed) return "denied";
  return unservedTarget(by.documents.policy.value, request) === null ? "declare" : "unserved";
}

/** NB. A live grant of an environment that this stack serves no more is left out as before, and so withdrawn: it would fail every `up`. */
function isElsewhere(file: RequestFile, { documents, served, view }: ChooseBy): boolean {
  const { environment } = file.document.value.spec;
  if (served.includes(environment)) return false;
  return Object.hasOwn(documents.policy.value.environments, environment) || isLive(file, view);
}

function isLive({ document }: RequestFile, view: JournalView | null): boolean {
  return view?.grant(document.digest)?.status === "live";
}

/** Ended or lapsed; also where decide() stopped at a name that it doesn't know, before it looked at the time. */
function isSpent({ document }: RequestFile, decision: Decision, { documents, now }: ChooseBy): boolean {
  if (isInert(decision)) return true;
  return decision.outcome === "deny" && now >= activateByOf(documents.policy.value, document.value);
}
