// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./case";
import { whoMatches } from "./compiled-directory";
import { type CompiledAllow, names, type Span, spanOf } from "./compiled-policy";
import type { Violation } from "./decision";
import { own } from "./directory";
import { type OpeningHours, windowAt } from "./hours";
import type { Instant } from "./instant";
import { trimWhiteSpace } from "./text";
import * as violation from "./violation";

/** What an allow rule makes of a request. */
export interface Verdict {
  /** Null where no rule speaks. */
  readonly rule: string | null;
  readonly violations: readonly Violation[];
  /** `t` and the duration, cut to closing time; means nothing where there are violations. */
  readonly end: Instant;
}

/** Step 5 of design §5: the first allow rule that allows the request, else the one that speaks for it. */
export function judgeByAllowRules(kase: Case): Verdict {
  const { environment, requester, role } = kase.request.spec;
  const mine = kase.rules.allows.filter(
    (rule) => names(rule.roles, role) && whoMatches(rule.who, kase.people, requester, kase.at),
  );
  const candidates = mine.filter((rule) => names(rule.environments, environment)).map((rule) => judgeBy(rule, kase));
  let speaker: Verdict | null = null;
  for (const candidate of candidates) {
    if (speaker === null || differentIds(candidate) < differentIds(speaker)) speaker = candidate;
  }
  return speaker ?? { rule: null, violations: [noCandidate(kase, mine)], end: kase.at };
}

function differentIds({ violations }: Verdict): number {
  return new Set(violations.map(({ id }) => id)).size;
}

function noCandidate(kase: Case, mine: readonly CompiledAllow[]): Violation {
  const { environment, role } = kase.request.spec;
  // No candidate: whatever rule is left names other environments, and never all.
  if (mine.length > 0) {
    const elsewhere = new Set(mine.flatMap((rule) => [...(rule.environments ?? [])]));
    const targets = own(kase.policy.roles, role)?.targets ?? {};
    return violation.environmentNotAllowed(
      kase,
      [...elsewhere].filter((name) => own(targets, name) !== undefined),
    );
  }
  const others = kase.rules.allows.filter((rule) => names(rule.roles, role) && names(rule.environments, environment));
  return violation.notEligible(
    kase,
    others.map(({ id }) => id),
  );
}

function judgeBy(rule: CompiledAllow, kase: Case): Verdict {
  const bounds = boundsOf(rule, kase);
  const end = kase.at + Math.min(bounds.asked.milliseconds, bounds.max.milliseconds);
  const window = rule.hours === null ? null : windowAt(rule.hours, kase.at, end);
  const isHeld = rule.hours?.isHold === true && window !== null;
  return {
    rule: rule.id,
    violations: [
      ...durationViolations(rule, kase, bounds),
      ...(rule.hours !== null && window === null ? [closed(rule, kase, rule.hours)] : []),
      ...reasonViolations(rule, kase),
      ...ticketViolations(rule, kase),
    ],
    end: isHeld ? Math.min(end, window.to) : end,
  };
}

function closed(rule: CompiledAllow, kase: Case, hours: OpeningHours): Violation {
  return violation.outsideHours(kase, rule, hours);
}

/** What is asked: the request's duration, else the rule's default, else its effective max. */
function boundsOf(rule: CompiledAllow, { rules, request }: Case): violation.Bounds {
  const cap = rules.maxDurations.get(request.spec.environment);
  const isCapped = cap !== undefined && cap.milliseconds < rule.max.milliseconds;
  const max: Span = isCapped ? cap : rule.max;
  const { duration } = request.spec;
  return { asked: duration === undefined ? (rule.standard ?? max) : spanOf(duration), max, isCapped };
}

/** `min` bounds what is asked, not what a clamp or a cut leaves of it. */
function durationViolations(rule: CompiledAllow, kase: Case, bounds: violation.Bounds): Violation[] {
  const { asked, max } = bounds;
  const isTooShort = asked.milliseconds < rule.min.milliseconds;
  const isTooLong = asked.milliseconds > max.milliseconds && !rule.isClamping;
  return [
    ...(isTooShort ? [violation.durationTooShort(kase, rule, bounds)] : []),
    ...(isTooLong ? [violation.durationTooLong(kase, rule, bounds)] : []),
  ];
}

/** The length is that of the trimmed reason in code points; the pattern looks at the reason as written. */
function reasonViolations(rule: CompiledAllow, kase: Case): Violation[] {
  const { reason } = kase.request.spec;
  const { minLength, matches } = rule.reason;
  const length = [...trimWhiteSpace(reason)].length;
  return [
    ...(length < minLength ? [violation.reasonTooShort(kase, rule, length)] : []),
    ...(matches !== null && !matches.regex.matcher(reason).find()
      ? [violation.reasonNoMatch(kase, rule, matches)]
      : []),
  ];
}

function ticketViolations(rule: CompiledAllow, kase: Case): Violation[] {
  const { ticket } = kase.request.spec;
  if (rule.ticket === null) return [];
  if (ticket === undefined) return [violation.ticketRequired(kase, rule, rule.ticket)];
  return rule.ticket.regex.matcher(ticket).find() ? [] : [violation.ticketInvalid(kase, rule, rule.ticket, ticket)];
}
