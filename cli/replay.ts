// SPDX-License-Identifier: Apache-2.0
import {
  type Approval,
  type Decision,
  decide,
  type EventData,
  type Instant,
  type JournalEvent,
  type Judge,
  parseInstant,
  type Request,
} from "@elevation/domain";
import { type JournalView, viewsBefore } from "@elevation/journal";

/** A decision of the past that would be another one today. */
export interface ReplayChange {
  readonly seq: number;
  readonly type: "decided" | "activating";
  readonly at: string;
  readonly request: string;
  readonly name: string;
  readonly requester: string;
  readonly role: string;
  readonly environment: string;
  readonly from: ReplayedDecision;
  readonly to: ReplayedDecision;
}

export interface ReplayedDecision {
  readonly outcome: "allow" | "deny";
  readonly rule: string | null;
  readonly expiresAt: string | null;
  /** Ids, each once. */
  readonly violations: readonly string[];
}

export interface Replay {
  /** How many decisions were judged again. */
  readonly judged: number;
  readonly changes: readonly ReplayChange[];
}

/**
 * Judges every request of a journal again, at the instant of its decision or activation, by what was live and had ended then. Who
 * approved is what the recorded decision says; every requester counts as proven.
 */
export function replay(events: readonly JournalEvent[], judge: Judge): Replay {
  let judged = 0;
  const changes: ReplayChange[] = [];
  for (const { event, view } of viewsBefore(events, ({ type }) => type === "decided" || type === "activating")) {
    const past = pastOf(event, view);
    if (past === null) continue;
    judged++;
    const { from, ...where } = past;
    const to = summaryOf(judgeAgain(judge, past, view));
    if (isSame(from, to)) continue;
    const { environment, requester, role } = where.request.spec;
    const { name } = where.request.metadata;
    changes.push({
      ...{ seq: event.seq, type: past.type, at: event.at, request: event.request ?? "", name },
      ...{ requester, role, environment, from, to },
    });
  }
  return { judged, changes };
}

interface Past {
  readonly type: "decided" | "activating";
  readonly request: Request;
  readonly at: Instant;
  readonly approvals: readonly Approval[];
  readonly from: ReplayedDecision;
}

/** Null: a repeated intent of a live grant, which nobody judged again, or a journal that wasn't trusted then. */
function pastOf(event: JournalEvent, view: JournalView): Past | null {
  if (event.type === "decided") {
    const { decision, request } = event.data as EventData["decided"];
    if (decision.violations.some(({ id }) => id === "journal-untrusted")) return null;
    const at = parseInstant(decision.decidedAt) ?? Number.NaN;
    return { type: "decided", request, at, approvals: approvalsOf(decision, at), from: summaryOf(decision) };
  }
  const { activatedAt, expiresAt, request, rule } = event.data as EventData["activating"];
  if (event.request === null || view.grant(event.request)?.status === "live") return null;
  const at = parseInstant(activatedAt) ?? Number.NaN;
  const approvals = approvalsOf(view.lastDecision(event.request), at);
  return { type: "activating", request, at, approvals, from: { outcome: "allow", rule, expiresAt, violations: [] } };
}

/** The people whose verdicts counted, as if given at that instant. */
export function approvalsOf(decision: Decision | null, at: Instant): readonly Approval[] {
  if (decision === null) return [];
  const rejecters = decision.violations.flatMap(({ id, observed }) =>
    id === "rejected" && observed !== null ? [observed] : [],
  );
  return [
    ...decision.approvals.given.map((approver) => ({ approver, verdict: "approve", at }) as const),
    ...rejecters.map((approver) => ({ approver, verdict: "reject", at }) as const),
  ];
}

function judgeAgain(
  { directory, policy }: Judge,
  { approvals, at, request }: Past,
  { history, live }: JournalView,
): Decision {
  const proof = { by: request.spec.requester, how: "signature" } as const;
  return decide(policy.value, directory.value, request, { now: at, proof, approvals, live, history });
}

function summaryOf({ expiresAt, outcome, rule, violations }: Decision): ReplayedDecision {
  return { outcome, rule, expiresAt, violations: [...new Set(violations.map(({ id }) => id))].sort() };
}

/** Another rule that gives the same is no other decision. */
function isSame(one: ReplayedDecision, other: ReplayedDecision): boolean {
  return one.outcome === other.outcome && one.expiresAt === other.expiresAt;
}
