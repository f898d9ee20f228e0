// SPDX-License-Identifier: Apache-2.0
import { judgeByAllowRules, mayAsk, type Verdict } from "./allow-rules";
import { type ApprovalReport, NO_APPROVALS } from "./approvals";
import { judgeByBreakGlass } from "./break-glass";
import { activateByOf, type Case, openCase } from "./case";
import type { CompiledDeny } from "./compiled-policy";
import type { Decision, DecisionContext, Violation } from "./decision";
import { deniesAt, deniesNext, denyRulesFor } from "./deny-rules";
import type { Directory } from "./directory";
import { extensionViolations } from "./extension";
import { type Found, joined, NONE } from "./found";
import { formatInstant, type Instant } from "./instant";
import { conflicts, heldLimit, liveLimits } from "./limits";
import type { Policy } from "./policy";
import type { Request } from "./request";
import { outlives } from "./target-kinds";
import * as violation from "./violation";

/**
 * The policy's answer to a request at an instant (design §5). Pure and total: no clock, no I/O, and it never throws on documents
 * that were read. The same inputs give the same answer, whatever the order of `live`, `history` and `approvals`.
 */
export function decide(policy: Policy, directory: Directory, request: Request, context: DecisionContext): Decision {
  const kase = openCase(policy, directory, request, context);
  const live = kase.live.ofRequest(kase.requestDigest);
  if (live !== undefined) return allow(kase, live.rule ?? null, live.activatedAt, live.expiresAt, NO_APPROVALS);
  const ended = kase.history.ofRequest(kase.requestDigest);
  if (ended !== undefined) return deny(kase, null, [violation.requestEnded(kase, ended.endedAt)], NO_APPROVALS);
  for (const step of [unknownNames, untimely]) {
    const violations = step(kase);
    if (violations.length > 0) return deny(kase, null, violations, NO_APPROVALS);
  }
  return judge(kase);
}

/** Steps 3 to 6. */
function judge(kase: Case): Decision {
  const denyRules = denyRulesFor(kase);
  const denied = deniedBy(kase, denyRules);
  const verdict = kase.isBreakGlass ? judgeByBreakGlass(kase) : judgeByAllowRules(kase);
  const isBounded = denied.length === 0 && verdict.rule !== null;
  const end = isBounded ? cutToDenials(kase, denyRules, verdict.end) : kase.at;
  const violations = joined(
    denied,
    verdict.violations,
    liveLimits(kase),
    isBounded ? heldLimit(kase, end) : NONE,
    conflicts(kase),
    extensionViolations(kase, verdict),
    targetViolations(kase),
  );
  if (violations.length > 0) return deny(kase, verdict.rule, violations, verdict.approvals);
  return allow(kase, verdict.rule, kase.at, end, verdict.approvals);
}

function deniedBy(kase: Case, denyRules: readonly CompiledDeny[]): Found {
  if (denyRules.length === 0) return NONE;
  return denyRules.filter((rule) => deniesAt(rule, kase.at)).map((rule) => violation.denied(kase, rule));
}

/** No access stands inside a window that denies it. */
export function cutToDenials(kase: Case, denyRules: readonly CompiledDeny[], end: Instant): Instant {
  return denyRules.reduce((earliest, rule) => deniesNext(rule, kase.at, earliest) ?? earliest, end);
}

/** Step 1. */
function unknownNames(kase: Case): Found {
  if (kase.person !== null && kase.cell.target !== null) return NONE;
  const { environment, role } = kase.request.spec;
  const violations: Violation[] = [];
  if (kase.person === null) violations.push(violation.unknownRequester(kase));
  const offered = kase.rules.targets.get(role);
  if (offered === undefined) violations.push(violation.unknownRole(kase));
  if (!kase.rules.environments.has(environment)) violations.push(violation.unknownEnvironment(kase));
  else if (offered !== undefined && kase.cell.target === null) {
    violations.push(violation.roleNotThere(kase, [...offered.keys()]));
  }
  return violations;
}

/** Step 2. */
function untimely(kase: Case): Found {
  const { now, requestedAt, start, startAt } = kase;
  const latestStart = requestedAt + kase.rules.startWithin.milliseconds;
  const activateBy = activateByOf(kase.policy, kase.request);
  return joined(
    requestedAt > now ? [violation.requestNotYet(kase)] : NONE,
    startAt !== null && startAt > latestStart ? [violation.startTooLate(kase, startAt, latestStart)] : NONE,
    start >= activateBy ? [violation.requestLapsed(kase, activateBy)] : NONE,
    unproven(kase),
  );
}

/**
 * The requester asked, or somebody whom a rule that could allow it lets ask for others. A signature proves as much as being the
 * author of the change, and more.
 */
function unproven(kase: Case): Found {
  const { proof, rules, people, person, request } = kase;
  if (rules.proof === "none") return NONE;
  if (proof === null || (rules.proof === "signature" && proof.how !== "signature")) {
    return [violation.requestUnproven(kase, rules.proof)];
  }
  const { requester } = request.spec;
  if (proof.by === requester) return NONE;
  const isLet =
    !kase.isBreakGlass && kase.cell.allows.matching(people, person, kase.at).some((rule) => mayAsk(kase, rule));
  return isLet ? NONE : [violation.askedByAnother(kase, proof.by)];
}

/** Step 6: the person's identity at the target, and how long access may outlive the grant there. */
export function targetViolations(kase: Case): Found {
  const { environment, role } = kase.request.spec;
  const kind = kindOf(kase);
  const missing = kase.person?.kinds.has(kind) === true ? NONE : [violation.noIdentity(kase, kind)];
  const most = kase.rules.maxOutlives.get(role);
  if (most === undefined || outlives(kind) <= most.milliseconds) return missing;
  return [...missing, violation.outlivesTooLong(kase, environment, outlives(kind), most)];
}

function allow(
  kase: Case,
  rule: string | null,
  activatesAt: Instant,
  expiresAt: Instant,
  approvals: ApprovalReport,
): Decision {
  const end = formatInstant(expiresAt);
  const longer = outlives(kindOf(kase));
  const effectiveEnd = longer === 0 ? end : formatInstant(expiresAt + longer);
  return answer(
    kase,
    "allow",
    rule,
    { activatesAt: formatInstant(activatesAt), expiresAt: end, effectiveEnd },
    [],
    approvals,
  );
}

/** Of the target; a live grant is allowed even where its role has none any more. */
function kindOf({ cell }: Case): string {
  return cell.target?.kind ?? "";
}

function deny(
  kase: Case,
  rule: Verdict["rule"],
  violations: readonly Violation[],
  approvals: ApprovalReport,
): Decision {
  return answer(kase, "deny", rule, NO_TIMES, violations, approvals);
}

type Times = Pick<Decision, "activatesAt" | "expiresAt" | "effectiveEnd">;

const NO_TIMES: Times = { activatesAt: null, expiresAt: null, effectiveEnd: null };

function answer(
  kase: Case,
  outcome: Decision["outcome"],
  rule: string | null,
  { activatesAt, expiresAt, effectiveEnd }: Times,
  violations: readonly Violation[],
  approvals: ApprovalReport,
): Decision {
  return {
    outcome,
    rule,
    activatesAt,
    expiresAt,
    effectiveEnd,
    violations,
    approvals,
    requestDigest: kase.requestDigest,
    policyDigest: kase.rules.digest,
    directoryDigest: kase.people.digest,
    decidedAt: formatInstant(kase.now),
  };
}
