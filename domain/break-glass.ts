// SPDX-License-Identifier: Apache-2.0
import { reasonViolations, type Verdict } from "./allow-rules";
import { NO_APPROVALS } from "./approvals";
import type { Case } from "./case";
import { type CompiledBreakGlass, cappedMax, names } from "./compiled-policy";
import { whoMatches } from "./compiled-who";
import type { Violation } from "./decision";
import * as violation from "./violation";

/** What decisions, journal and messages call the rule that a policy's `breakGlass` is; no rule can have this id. */
export const BREAK_GLASS = "breakGlass";

/** Step 4 of design §5: a break-glass request is judged by the policy's `breakGlass` alone. */
export function judgeByBreakGlass(kase: Case): Verdict {
  const { at, rules, request } = kase;
  const { breakGlass } = rules;
  const common = { allow: null, approvals: NO_APPROVALS };
  if (breakGlass === null) {
    return { ...common, rule: null, violations: [violation.noBreakGlass(kase)], duration: 0, end: at };
  }
  const { max, isCapped } = cappedMax(breakGlass.max, rules, request.spec.environment);
  const asked = kase.duration ?? max;
  const isTooLong = asked.milliseconds > max.milliseconds;
  return {
    ...common,
    rule: BREAK_GLASS,
    violations: [
      ...outOfReach(kase, breakGlass),
      ...(isTooLong ? [violation.breakGlassTooLong(kase, { asked, max, isCapped })] : []),
      ...reasonViolations(kase, BREAK_GLASS, breakGlass.reason),
      ...reviewOverdue(kase, breakGlass),
    ],
    duration: asked.milliseconds,
    end: at + asked.milliseconds,
  };
}

export function outOfReach(kase: Case, { who, roles, environments }: CompiledBreakGlass): Violation[] {
  const { environment, requester, role } = kase.request.spec;
  return [
    ...(whoMatches(who, kase.people, requester, kase.at) ? [] : [violation.breakGlassNotAllowed(kase, "requester")]),
    ...(names(roles, role) ? [] : [violation.breakGlassNotAllowed(kase, "role")]),
    ...(names(environments, environment) ? [] : [violation.breakGlassNotAllowed(kase, "environment")]),
  ];
}

/** Of the person's break-glass grants one is overdue, or so many are unreviewed that there may be no more. */
export function reviewOverdue(kase: Case, { reviewWithin, unreviewed }: CompiledBreakGlass): Violation[] {
  const { requester } = kase.request.spec;
  const open = [...kase.live.ofPerson(requester), ...kase.history.ofPerson(requester)].filter(
    (grant) => grant.breakGlass === true && grant.reviewedAt === undefined,
  );
  const dues = open.map(({ activatedAt }) => activatedAt + reviewWithin.milliseconds);
  const due = dues.reduce((first, one) => Math.min(first, one), Number.POSITIVE_INFINITY);
  if (kase.now >= due) return [violation.reviewOverdue(kase, due)];
  return open.length < unreviewed ? [] : [violation.tooManyUnreviewed(kase, open.length, unreviewed)];
}
