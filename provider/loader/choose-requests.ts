// SPDX-License-Identifier: Apache-2.0
import {
  activateByOf,
  type Decision,
  type Instant,
  isInert,
  type Judge,
  type LiveGrant,
  parseInstant,
  type StackRef,
  startAtOf,
  unservedTarget,
} from "@elevation/domain";
import { type JournalView, judge } from "@elevation/journal";
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
  const allowed: LiveGrant[] = [];
  for (const file of [...files].sort(byRequestedAt)) {
    if (isElsewhere(file, by)) {
      elsewhere.push(file);
      continue;
    }
    const decision = judgeFile(file, by, allowed);
    const fate = fateOf(file, decision, by);
    chosen[fate].push({ file, decision });
    if (fate === "declare" && by.deploying && willBeLive(file, decision, by)) allowed.push(asLive(file, decision));
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

/** A live one is in the view already, and counts once; a scheduled one isn't live, one that prolongs another is made at once. */
function willBeLive(file: RequestFile, { outcome }: Decision, { now, view }: ChooseBy): boolean {
  return outcome === "allow" && !isLive(file, view) && (startAtOf(file.document.value) ?? now) <= now;
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

function judgeFile({ document }: RequestFile, by: ChooseBy, allowed: readonly LiveGrant[]): Decision {
  const { documents, stack, now, view } = by;
  // NB. Only what is live prolongs: the run makes its grants side by side, so one allowed a moment ago may come too late.
  const others = allowed.filter(({ request }) => request !== document.value.spec.extends);
  return judge(documents, document.value, { stack, now, view: view === null ? null : withAllowed(view, others) });
}

/** Those allowed a moment ago count as live for those behind them. */
function withAllowed(view: JournalView, allowed: readonly LiveGrant[]): JournalView {
  return allowed.length === 0 ? view : Object.create(view, { live: { value: [...view.live, ...allowed] } });
}

function asLive({ document }: RequestFile, decision: Decision): LiveGrant {
  const { requester, role, environment, breakGlass } = document.value.spec;
  const activatedAt = parseInstant(decision.activatesAt ?? "") ?? 0;
  const expiresAt = parseInstant(decision.expiresAt ?? "") ?? 0;
  const rule = decision.rule === null ? {} : { rule: decision.rule };
  return {
    requester,
    role,
    environment,
    activatedAt,
    expiresAt,
    request: document.digest,
    ...rule,
    ...(breakGlass === true ? { breakGlass } : {}),
  };
}

function byRequestedAt(one: RequestFile, other: RequestFile): number {
  const at = ({ document }: RequestFile) => parseInstant(document.value.spec.requestedAt) ?? 0;
  return at(one) - at(other) || (one.document.digest < other.document.digest ? -1 : 1);
}
