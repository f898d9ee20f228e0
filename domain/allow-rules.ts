// SPDX-License-Identifier: Apache-2.0
import { type ApprovalReport, judgeApprovals, NO_APPROVALS, rejections } from "./approvals";
import type { Case } from "./case";
import { type CompiledAllow, type CompiledReason, cappedMax, type Span } from "./compiled-policy";
import { whoMatches } from "./compiled-who";
import type { Violation } from "./decision";
import { type Found, joined, NONE } from "./found";
import { windowAt } from "./hours";
import type { Instant } from "./instant";
import { allowsOfRole } from "./rule-index";
import * as violation from "./violation";

/** What a rule, or break-glass, makes of a request. */
export interface Verdict {
  /** Id of the allow rule that allows or speaks for the request, or `breakGlass`; null where none does. */
  readonly rule: string | null;
  /** The allow rule of that id. */
  readonly allow: CompiledAllow | null;
  readonly violations: readonly Violation[];
  readonly approvals: ApprovalReport;
  /** What is asked, after a clamp, in milliseconds. */
  readonly duration: number;
  /** `t` and the duration, cut to closing time. */
  readonly end: Instant;
}

/** Step 5 of design §5: the first allow rule that allows the request, else the one that speaks for it; and rejections. */
export function judgeByAllowRules(kase: Case): Verdict {
  const { at, cell, people, person } = kase;
  let speaker: Verdict | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const rule of cell.allows.matching(people, person, at)) {
    if (!mayAsk(kase, rule)) continue;
    const candidate = judgeBy(rule, kase);
    const ids = differentIds(candidate);
    if (ids < fewest) [speaker, fewest] = [candidate, ids];
    if (ids === 0) break;
  }
  const verdict = speaker ?? nobody(kase);
  const rejects = rejections(kase, cell.allows.all);
  if (rejects.length === 0) return verdict;
  return { ...verdict, violations: [...verdict.violations, ...rejects.map((one) => violation.rejected(kase, one))] };
}

/** Whether a request that is proven to come from somebody else may be judged by a rule; nobody proven is step 2's matter. */
export function mayAsk({ rules, people, proof, request, at }: Case, { onBehalf }: CompiledAllow): boolean {
  if (rules.proof === "none" || proof === null || proof.by === request.spec.requester) return true;
  return onBehalf !== null && whoMatches(onBehalf, people, proof.by, at);
}

/** A reason's length is that of the trimmed text in code points; the pattern looks at the reason as written. */
export function reasonViolations(kase: Case, rule: string, { minLength, matches }: CompiledReason): Found {
  const { reasonLength: length, request } = kase;
  const short = length < minLength ? [violation.reasonTooShort(kase, rule, length, minLength)] : NONE;
  if (matches === null || matches.regex.test(request.spec.reason)) return short;
  return [...short, violation.reasonNoMatch(kase, rule, matches)];
}

function nobody(kase: Case): Verdict {
  const violations = [noCandidate(kase)];
  return { rule: null, allow: null, violations, approvals: NO_APPROVALS, duration: 0, end: kase.at };
}

function differentIds({ violations }: Verdict): number {
  if (violations.length < 2) return violations.length;
  return new Set(violations.map(({ id }) => id)).size;
}

function noCandidate(kase: Case): Violation {
  const { role } = kase.request.spec;
  const rules = allowsOfRole(kase.rules, role).matching(kase.people, kase.person, kase.at);
  if (rules.length === 0) return violation.notEligible(kase, kase.cell.allows.all);
  // NB. none of them is for all environments, nor for this one: it would be a candidate.
  const named = new Set(rules.flatMap(({ environments }) => [...(environments ?? [])]));
  const targets = kase.rules.targets.get(role);
  return violation.environmentNotAllowed(
    kase,
    [...named].filter((name) => targets?.has(name)),
  );
}

function judgeBy(rule: CompiledAllow, kase: Case): Verdict {
  const bounds = boundsOf(rule, kase);
  const duration = rule.isClamping
    ? Math.min(bounds.asked.milliseconds, bounds.max.milliseconds)
    : bounds.asked.milliseconds;
  const hours = judgeHours(rule, kase, kase.at + duration);
  const approvals = judgeApprovals(kase, rule, duration);
  const violations = joined(
    durationViolations(rule, kase, bounds),
    hours.violations,
    reasonViolations(kase, rule.id, rule.reason),
    ticketViolations(rule, kase),
    rule.approvals !== null && approvals.missing.length > 0
      ? [violation.approvalsMissing(kase, rule, rule.approvals, approvals)]
      : NONE,
    coolingDown(rule, kase),
  );
  return { rule: rule.id, allow: rule, violations, approvals, duration, end: hours.end };
}

/**
 * The hours contain `t`; those of an extension contain now, and `t` as well where they hold. Where they hold, the end is cut to
 * closing time.
 */
export function judgeHours(rule: CompiledAllow, kase: Case, end: Instant): { violations: Found; end: Instant } {
  const { hours } = rule;
  if (hours === null) return { violations: NONE, end };
  const { at, extended, now } = kase;
  const window = windowAt(hours, at, end);
  const isOpen = extended === null ? window !== null : windowAt(hours, now, now) !== null;
  const cut = hours.isHold && window !== null ? Math.min(end, window.to) : end;
  if (!isOpen)
    return { violations: [violation.outsideHours(kase, rule, hours, extended === null ? at : now)], end: cut };
  if (hours.isHold && window === null) return { violations: [violation.outsideHours(kase, rule, hours, at)], end: cut };
  return { violations: NONE, end: cut };
}

/** What is asked: the request's duration, else the rule's default, else its effective max. */
function boundsOf(rule: CompiledAllow, { rules, request, duration }: Case): violation.Bounds {
  const { max, isCapped } = cappedMax(rule.max, rules, request.spec.environment);
  const asked: Span = duration ?? rule.standard ?? max;
  return { asked, max, isCapped };
}

/** `min` bounds what is asked, not what a clamp or a cut leaves of it. */
function durationViolations(rule: CompiledAllow, kase: Case, bounds: violation.Bounds): Found {
  const { asked, max } = bounds;
  const short = asked.milliseconds < rule.min.milliseconds ? [violation.durationTooShort(kase, rule, bounds)] : NONE;
  if (asked.milliseconds <= max.milliseconds || rule.isClamping) return short;
  return [...short, violation.durationTooLong(kase, rule, bounds)];
}

function ticketViolations(rule: CompiledAllow, kase: Case): Found {
  const { ticket } = kase.request.spec;
  if (rule.ticket === null) return NONE;
  if (ticket === undefined) return [violation.ticketRequired(kase, rule, rule.ticket)];
  return rule.ticket.regex.test(ticket) ? NONE : [violation.ticketInvalid(kase, rule, rule.ticket, ticket)];
}

/** Since the latest of the person's grants by this rule ended. An extension is not judged by it. */
export function coolingDown(rule: CompiledAllow, kase: Case): Found {
  const { at, extended } = kase;
  const { cooldown } = rule;
  if (cooldown === null || extended !== null) return NONE;
  const ends = kase.history
    .ofPerson(kase.request.spec.requester)
    .filter((grant) => grant.rule === rule.id)
    .map(({ endedAt }) => endedAt);
  const last = ends.reduce((latest, end) => Math.max(latest, end), Number.NEGATIVE_INFINITY);
  if (at >= last + cooldown.milliseconds) return [];
  return [violation.coolingDown(kase, rule, cooldown, last)];
}
