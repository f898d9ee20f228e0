// SPDX-License-Identifier: Apache-2.0
import { judgeByAllowRules } from "./allow-rules";
import { activateByOf, type Case, openCase } from "./case";
import type { Decision, DecisionContext, LiveGrant, Violation } from "./decision";
import { deniesAt, deniesNext, deniesUntil, denyRulesFor } from "./deny-rules";
import { type Directory, identityOf, own } from "./directory";
import { formatInstant, type Instant } from "./instant";
import { type Policy, targetOf } from "./policy";
import type { Request } from "./request";
import { unenforcedInRequest } from "./unenforced";
import * as violation from "./violation";

/**
 * The policy's answer to a request at an instant (design §5). Pure and total: no clock, no I/O, and it never throws on documents
 * that were read. The same inputs give the same answer, whatever the order of `live` and `history`.
 *
 * What this version does not enforce never gets past readPolicy() and readRequest(). Where it reaches decide() all the same, the
 * answer is deny with one `policy-untrusted` for each such field; a grant that is live already is still allowed (step 0), since
 * nothing would be gained by breaking it.
 */
export function decide(policy: Policy, directory: Directory, request: Request, context: DecisionContext): Decision {
  const kase = openCase(policy, directory, request, context.now);
  const isThis = (grant: LiveGrant): boolean => grant.request === kase.requestDigest;
  const live = context.live.find(isThis);
  if (live !== undefined) return allow(kase, live.rule ?? null, live.activatedAt, live.expiresAt);
  const ended = context.history.find(isThis);
  if (ended !== undefined) return deny(kase, null, [violation.requestEnded(kase, ended.endedAt)]);
  for (const step of [unenforcedFields, unknownNames, untimely]) {
    const violations = step(kase);
    if (violations.length > 0) return deny(kase, null, violations);
  }
  return judge(kase);
}

/** Steps 3 to 6. */
function judge(kase: Case): Decision {
  const denyRules = denyRulesFor(kase);
  const denials = denyRules
    .filter((rule) => deniesAt(rule, kase.at))
    .map((rule) => violation.denied(kase, rule, deniesUntil(rule, kase.at)));
  const verdict = judgeByAllowRules(kase);
  const violations = [...denials, ...verdict.violations, ...missingIdentity(kase)];
  if (violations.length > 0) return deny(kase, verdict.rule, violations);
  const cuts = denyRules.map((rule) => deniesNext(rule, kase.at, verdict.end) ?? verdict.end);
  return allow(kase, verdict.rule, kase.at, Math.min(verdict.end, ...cuts));
}

function unenforcedFields(kase: Case): Violation[] {
  const inRequest = unenforcedInRequest({ value: kase.request, path: [] }).map(({ message }) => message);
  return [...kase.rules.unenforced, ...inRequest].map((fault) => violation.unenforced(kase, fault));
}

/** Step 1. */
function unknownNames(kase: Case): Violation[] {
  const { environment, requester, role } = kase.request.spec;
  const violations: Violation[] = [];
  if (!kase.people.people.has(requester)) violations.push(violation.unknownRequester(kase));
  const offered = own(kase.policy.roles, role);
  if (offered === undefined) violations.push(violation.unknownRole(kase));
  if (own(kase.policy.environments, environment) === undefined) violations.push(violation.unknownEnvironment(kase));
  else if (offered !== undefined && own(offered.targets, environment) === undefined) {
    violations.push(violation.roleNotThere(kase, Object.keys(offered.targets)));
  }
  return violations;
}

/** Step 2. */
function untimely(kase: Case): Violation[] {
  const latestStart = kase.requestedAt + kase.rules.startWithin.milliseconds;
  const activateBy = activateByOf(kase.policy, kase.request);
  const violations: Violation[] = [];
  if (kase.requestedAt > kase.now) violations.push(violation.requestNotYet(kase));
  if (kase.startAt !== null && kase.startAt > latestStart) {
    violations.push(violation.startTooLate(kase, kase.startAt, latestStart));
  }
  if (kase.at >= activateBy) violations.push(violation.requestLapsed(kase, activateBy));
  return violations;
}

/** Step 6, as far as this version goes. */
function missingIdentity(kase: Case): Violation[] {
  const kind = targetOf(kase.policy, kase.request)?.kind;
  if (kind === undefined || identityOf(kase.directory, kase.request.spec.requester, kind) !== null) return [];
  return [violation.noIdentity(kase, kind)];
}

function allow(kase: Case, rule: string | null, activatesAt: Instant, expiresAt: Instant): Decision {
  const end = formatInstant(expiresAt);
  return {
    ...answer(kase, rule, []),
    outcome: "allow",
    activatesAt: formatInstant(activatesAt),
    expiresAt: end,
    effectiveEnd: end,
  };
}

function deny(kase: Case, rule: string | null, violations: readonly Violation[]): Decision {
  return answer(kase, rule, violations);
}

function answer(kase: Case, rule: string | null, violations: readonly Violation[]): Decision {
  return {
    outcome: "deny",
    rule,
    activatesAt: null,
    expiresAt: null,
    effectiveEnd: null,
    violations,
    approvals: { required: [], given: [], missing: [] },
    requestDigest: kase.requestDigest,
    policyDigest: kase.rules.digest,
    directoryDigest: kase.people.digest,
    decidedAt: formatInstant(kase.now),
  };
}
