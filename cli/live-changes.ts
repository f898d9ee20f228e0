// SPDX-License-Identifier: Apache-2.0
import {
  type DecisionContext,
  type Digest,
  decide,
  formatInstant,
  type Instant,
  type Judge,
  parseRequest,
  type Violation,
  type ViolationId,
} from "@elevation/domain";
import type { GrantRecord, JournalView } from "@elevation/journal";
import { approvalsOf } from "./replay";

/** A live grant that the change would deny, if it were asked for today. */
export interface LiveChange {
  /** The request's digest. */
  readonly request: Digest;
  readonly name: string;
  readonly requester: string;
  readonly role: string;
  readonly environment: string;
  readonly expiresAt: string;
  /** Whether it must end at once: the person left, or a deny rule matches (design §6 "Judged again"). Otherwise it lives on. */
  readonly ends: boolean;
  /** What the new side has against it and the old one hasn't. */
  readonly violations: readonly Violation[];
}

const ENDING: ReadonlySet<ViolationId> = new Set(["unknown-requester", "denied"] as const);

/**
 * The live grants of a journal that the new side denies at an instant and the old one doesn't: each judged as if it were asked for then
 * by its requester, as a grant of its own, beside what else is live and with the approvals that were given to it.
 */
export function liveChanges(
  view: JournalView,
  [old, now]: readonly [Judge, Judge],
  at: Instant,
): readonly LiveChange[] {
  return [...view.grants].flatMap((record) => {
    if (record.status !== "live") return [];
    const known = knownOf(record.digest, view, at);
    const before = new Set(against(record, known, old, at).map(keyOf));
    const violations = against(record, known, now, at).filter((violation) => !before.has(keyOf(violation)));
    if (violations.length === 0) return [];
    const { digest, intent } = record;
    const { environment, expiresAt, requester, role } = intent;
    const ends = violations.some(({ id }) => ENDING.has(id));
    const name = intent.request.metadata.name;
    return [{ request: digest, name, requester, role, environment, expiresAt, ends, violations }];
  });
}

function against(
  { intent }: GrantRecord,
  known: Known,
  { directory, policy }: Judge,
  at: Instant,
): readonly Violation[] {
  const { activateBy: _, extends: __, startAt: ___, ...spec } = intent.request.spec;
  const request = parseRequest({ ...intent.request, spec: { ...spec, requestedAt: formatInstant(at) } }, "journal");
  const proof = { by: intent.requester, how: "signature" } as const;
  return decide(policy.value, directory.value, request, { now: at, proof, ...known }).violations;
}

type Known = Pick<DecisionContext, "approvals" | "history" | "live">;

/** What a grant of a request is judged by, as if it weren't there. */
function knownOf(digest: Digest, view: JournalView, at: Instant): Known {
  // Those that prolong one another are one access, and none stands in the way of another.
  const chain = new Set<string>(view.chain(digest));
  return {
    approvals: approvalsOf(view.lastDecision(digest), at),
    live: view.live.filter((grant) => grant.request === undefined || !chain.has(grant.request)),
    history: view.history,
  };
}

/** Two limits, of one id, are told apart by what they are about. */
function keyOf({ id, path, rule }: Violation): string {
  return `${id} ${rule} ${path}`;
}
