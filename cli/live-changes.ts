// SPDX-License-Identifier: Apache-2.0
import {
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

/** Of the moment, or of what is not in a request alone: no answer to whether one like it could be had. */
const PASSED_OVER: ReadonlySet<ViolationId> = new Set([
  "outside-hours",
  "cooling-down",
  "limit-exceeded",
  "conflicting-roles",
  "approvals-missing",
  "rejected",
  "break-glass-review-overdue",
  "extension-not-allowed",
] as const);

const ENDING: ReadonlySet<ViolationId> = new Set(["unknown-requester", "denied"] as const);

/** The live grants of a journal that the new side denies at an instant and the old one doesn't. */
export function liveChanges(
  view: JournalView,
  [old, now]: readonly [Judge, Judge],
  at: Instant,
): readonly LiveChange[] {
  return [...view.grants].flatMap((record) => {
    if (record.status !== "live") return [];
    const before = new Set(against(record, old, at).map(keyOf));
    const violations = against(record, now, at).filter((violation) => !before.has(keyOf(violation)));
    if (violations.length === 0) return [];
    const { digest, intent } = record;
    const { environment, expiresAt, requester, role } = intent;
    const ends = violations.some(({ id }) => ENDING.has(id));
    const name = intent.request.metadata.name;
    return [{ request: digest, name, requester, role, environment, expiresAt, ends, violations }];
  });
}

function against({ intent }: GrantRecord, { directory, policy }: Judge, at: Instant): readonly Violation[] {
  const { activateBy: _, extends: __, startAt: ___, ...spec } = intent.request.spec;
  const request = parseRequest({ ...intent.request, spec: { ...spec, requestedAt: formatInstant(at) } }, "journal");
  const proof = { by: intent.requester, how: "signature" } as const;
  const context = { now: at, proof, approvals: [], live: [], history: [] };
  const { violations } = decide(policy.value, directory.value, request, context);
  return violations.filter(({ id }) => !PASSED_OVER.has(id));
}

function keyOf({ id, rule }: Violation): string {
  return `${id} ${rule}`;
}
