// SPDX-License-Identifier: Apache-2.0
import type { Decision, Instant, Judge, LiveGrant, Lock, Request, StackRef, Violation } from "@elevation/domain";
import {
  decide,
  formatInstant,
  lockedBy,
  namedLock,
  parseInstant,
  quote,
  startAtOf,
  targetOf,
} from "@elevation/domain";
import type { JournalView, Revocation } from "./journal-view";
import type { Head } from "./store";

/** What a request is judged by, besides the documents. */
export interface JudgeWhere {
  /** The stack that wants the grant; null where there is none (`elevate check`), and then no stack is refused. */
  readonly stack: StackRef | null;
  readonly now: Instant;
  /** Null: judged as new, because there is no journal to read; the caller says so. */
  readonly view: JournalView | null;
  /** Grants that count as live besides those of the view; none, unless given. */
  readonly also?: readonly LiveGrant[];
  /** The last event of this grant that the state has seen. */
  readonly witness?: Head | undefined;
}

/**
 * The one decision that the policy pack shows, `elevate check` prints and the provider enforces: decide() on what the
 * journal says is live and ended, and what can only be judged with a journal:
 * `journal-untrusted` (it lacks the witness), `locked` (an administrator locked it), `request-elsewhere` (the digest's first intent belongs to another stack),
 * `request-ended` (dated before this journal was opened: a new journal gives old requests no second life; or an order revoked what had
 * not been opened yet, or failed to be). That ends the
 * judgement as decide()'s own `request-ended` does: nothing else is said of the request, unless the journal is untrusted.
 * Never throws on valid documents; changes nothing.
 */
export function judge(documents: Judge, request: Request, where: JudgeWhere): Decision {
  const { policy, directory } = documents;
  const { now, view } = where;
  // No proof and no signature is verified yet: a policy that wants a proof is refused when it is read, and no approval counts.
  const live = withOthers(view?.live ?? [], where.also ?? []);
  const context = { now, proof: null, approvals: null, live, history: view?.history ?? [] };
  const decision = decide(policy.value, directory.value, request, context);
  if (view === null) return decision;
  const untrusted = untrustedViolations(request, view, where.witness);
  const over = endedViolation(request, decision, view);
  if (over !== null) {
    const ended = { ...decision, rule: null, approvals: { required: [], given: [], missing: [] } };
    return deny(ended, [...untrusted, over]);
  }
  const elsewhere = elsewhereViolations(request, decision, view, where.stack);
  const outside = [...untrusted, ...elsewhere, ...lockedViolations(documents, request, decision, view, now)];
  return outside.length === 0 ? decision : deny(decision, [...outside, ...decision.violations]);
}

/** NB. The view's own list where there are no others: decide() indexes a frozen list once. */
function withOthers(live: readonly LiveGrant[], others: readonly LiveGrant[]): readonly LiveGrant[] {
  return others.length === 0 ? live : [...live, ...others];
}

function deny(decision: Decision, violations: readonly Violation[]): Decision {
  return { ...decision, outcome: "deny", activatesAt: null, expiresAt: null, effectiveEnd: null, violations };
}

function untrustedViolations(request: Request, view: JournalView, witness: Head | undefined): Violation[] {
  return witness === undefined || view.has(witness) ? [] : [journalUntrusted(request, witness, view)];
}

function elsewhereViolations(
  request: Request,
  { requestDigest }: Decision,
  view: JournalView,
  stack: StackRef | null,
): Violation[] {
  const owner = view.grant(requestDigest)?.stack;
  return stack === null || owner === undefined || isSame(owner, stack) ? [] : [requestElsewhere(request, owner, stack)];
}

/** A live grant that is locked is ended, not denied. */
function lockedViolations(
  { policy }: Judge,
  request: Request,
  { requestDigest, violations }: Decision,
  view: JournalView,
  now: Instant,
): Violation[] {
  if (view.grant(requestDigest)?.status === "live" || violations.some(({ id }) => id === "request-ended")) return [];
  const { requester, role } = request.spec;
  const connection = targetOf(policy.value, request)?.connection ?? "";
  const at = Math.max(now, startAtOf(request) ?? now);
  const lock = lockedBy(view.locks, { requester, role, connection }, at);
  return lock === null ? [] : [locked(request, lock, at)];
}

/** Of a live grant nothing is judged again, and what decide() found to have ended is said once. */
function endedViolation(
  request: Request,
  { requestDigest, violations }: Decision,
  view: JournalView,
): Violation | null {
  if (view.grant(requestDigest)?.status === "live" || violations.some(({ id }) => id === "request-ended")) return null;
  const requestedAt = parseInstant(request.spec.requestedAt);
  if (requestedAt !== null && requestedAt < view.openedAt) return requestEnded(request, view);
  const revocation = view.revocation(requestDigest);
  return revocation === null ? null : requestRevoked(request, revocation);
}

function journalUntrusted(request: Request, witness: Head, view: JournalView): Violation {
  const name = quote(request.metadata.name);
  const { seq } = view.head;
  return {
    id: "journal-untrusted",
    rule: null,
    path: "",
    observed: `${seq}`,
    limit: `${witness.seq}`,
    message: `the journal, which ends with event ${seq}, lacks event ${witness.seq} that the state of ${name} has seen; bring back the whole journal`,
  };
}

function requestElsewhere(request: Request, owner: StackRef, stack: StackRef): Violation {
  const name = quote(request.metadata.name);
  return {
    id: "request-elsewhere",
    rule: null,
    path: "metadata.name",
    observed: nameOf(stack),
    limit: nameOf(owner),
    message: `${name} belongs to stack ${quote(nameOf(owner))}, where it was first activated, this is ${quote(nameOf(stack))}; write a request of its own for this stack`,
  };
}

function locked(request: Request, lock: Lock, at: Instant): Violation {
  const until = formatInstant(lock.until);
  return {
    id: "locked",
    rule: null,
    path: "spec",
    observed: formatInstant(at),
    limit: until,
    message: `${quote(request.metadata.name)} is locked: ${lock.by} locked ${namedLock(lock.scope)} until ${until} (${quote(lock.reason)}); ask for it after that`,
  };
}

function requestEnded(request: Request, view: JournalView): Violation {
  const name = quote(request.metadata.name);
  const openedAt = formatInstant(view.openedAt);
  return {
    id: "request-ended",
    rule: null,
    path: "spec.requestedAt",
    observed: request.spec.requestedAt,
    limit: openedAt,
    message: `${name} is dated ${quote(request.spec.requestedAt)}, the journal was opened at ${openedAt} and knows nothing older; write a new request`,
  };
}

function requestRevoked(request: Request, { id, by, at }: Revocation): Violation {
  return {
    id: "request-ended",
    rule: null,
    path: "",
    observed: id,
    limit: null,
    message: `${quote(request.metadata.name)} was revoked at ${at} by order ${quote(id)} of ${quote(by)}, before it opened anything; write a new request`,
  };
}

function isSame(one: StackRef, other: StackRef): boolean {
  return one.organization === other.organization && one.project === other.project && one.stack === other.stack;
}

function nameOf({ organization, project, stack }: StackRef): string {
  return `${organization}/${project}/${stack}`;
}
