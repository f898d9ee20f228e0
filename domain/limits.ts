// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./case";
import type { EndedGrant, LiveGrant, Violation } from "./decision";
import { type Found, NONE } from "./found";
import type { Interval } from "./hours";
import type { Instant } from "./instant";
import * as violation from "./violation";

/** How many grants may be live at once (design §5 "Limits"); the grant that this one prolongs doesn't count. */
export function liveLimits(kase: Case): Found {
  const { environment, requester, role } = kase.request.spec;
  const { livePerPerson, livePerRole } = kase.rules.limits;
  const perRole = livePerRole.get(role);
  if (livePerPerson === null && perRole === undefined) return NONE;
  const isCounted = (grant: LiveGrant): boolean => grant !== kase.extended;
  const violations: Violation[] = [];
  if (livePerPerson !== null) {
    const live = kase.live.ofPerson(requester).filter(isCounted);
    if (live.length >= livePerPerson) violations.push(violation.tooManyOfPerson(kase, live, livePerPerson));
  }
  if (perRole !== undefined) {
    const live = kase.live.ofRole(role, environment).filter(isCounted);
    if (live.length >= perRole) violations.push(violation.tooManyOfRole(kase, live, perRole));
  }
  return violations;
}

/**
 * How long the person holds access in the window that ends with this grant, at `end`: grants that overlap count each. Only where
 * a rule speaks and nothing is denied, since there is no end otherwise.
 */
export function heldLimit(kase: Case, end: Instant): Found {
  const { heldPer } = kase.rules.limits;
  if (heldPer === null) return NONE;
  const { requester } = kase.request.spec;
  const window = { from: end - heldPer.window.milliseconds, to: end };
  const before = [
    ...kase.history.ofPerson(requester).map(heldWhenEnded),
    ...kase.live.ofPerson(requester).map(({ activatedAt, expiresAt }) => ({
      from: activatedAt,
      to: Math.max(expiresAt, kase.now),
    })),
  ].reduce((sum, held) => sum + overlap(held, window), 0);
  const own = overlap({ from: kase.at, to: end }, window);
  const held = before + own;
  return held <= heldPer.max.milliseconds ? [] : [violation.heldTooLong(kase, { held, own, ...heldPer })];
}

/** Separation of duties: the person's live grants of roles that exclude this one, the last to end for each role and environment. */
export function conflicts(kase: Case): Found {
  const { requester, role } = kase.request.spec;
  const excluded = kase.rules.conflicts.get(role);
  if (excluded === undefined) return NONE;
  const found = new Map<string, LiveGrant>();
  for (const grant of kase.live.ofPerson(requester)) {
    const key = `${grant.role} ${grant.environment}`;
    const ends = found.get(key)?.expiresAt ?? Number.NEGATIVE_INFINITY;
    if (excluded.has(grant.role) && grant.expiresAt > ends) found.set(key, grant);
  }
  return [...found.keys()].sort().flatMap((key) => {
    const grant = found.get(key);
    return grant === undefined ? [] : [violation.conflictingRoles(kase, grant)];
  });
}

function heldWhenEnded({ activatedAt, endedAt }: EndedGrant): Interval {
  return { from: activatedAt, to: endedAt };
}

function overlap(one: Interval, other: Interval): number {
  return Math.max(0, Math.min(one.to, other.to) - Math.max(one.from, other.from));
}
