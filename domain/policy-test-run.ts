// SPDX-License-Identifier: Apache-2.0
import { requestDigestOf } from "./case";
import { instantOfText } from "./compiled-policy";
import { decide } from "./decide";
import type { Decision, EndedGrant, LiveGrant } from "./decision";
import type { Digest } from "./digest";
import type { Directory } from "./directory";
import { formatInstant } from "./instant";
import type { Policy } from "./policy";
import { type Expectation, type PolicyTestCase, THIS_REQUEST } from "./policy-test";
import type { Request } from "./request";

/** How long before `at` a request was asked for that doesn't say when, in milliseconds (design §4.5). */
const ASKED_BEFORE = 3_600_000;
/** The first instant that a document can name. */
const EARLIEST = Date.parse("0000-01-01T00:00:00Z");
const NAME_LENGTH = 63;

/** What became of a case. */
export interface CaseRun {
  readonly actual: Decision;
  /** The fields of `expect` that the decision differs in; the case passed where there are none. */
  readonly differing: readonly (keyof Expectation)[];
  /** Whether the policy was asked at all: a request that is live already is not judged again. */
  readonly isJudged: boolean;
}

/** Judges the request of a case, and compares. Pure, like decide(). */
export function runCase(policy: Policy, directory: Directory, test: PolicyTestCase): CaseRun {
  const request = requestOf(test);
  const own = requestDigestOf(request);
  const live = (test.live ?? []).map((grant) => grantOf(grant, own));
  const actual = decide(policy, directory, request, {
    now: instantOfText(test.at),
    proof: { by: request.spec.requester, how: "signature" },
    approvals: (test.approvals ?? []).map((approval) => ({ ...approval, at: instantOfText(approval.at) })),
    live,
    history: (test.history ?? []).map(({ endedAt, ...grant }): EndedGrant => {
      return { ...grantOf(grant, own), endedAt: instantOfText(endedAt) };
    }),
  });
  return {
    actual,
    differing: differences(test.expect, actual),
    isJudged: live.every((grant) => grant.request !== own),
  };
}

/** The ids of a decision's violations, each once, in the order in which they are reported. */
export function violationIds(decision: Decision): readonly string[] {
  return [...new Set(decision.violations.map(({ id }) => id))];
}

/** NB. Not what a file would hold: the digest of a case's request is its own affair. */
function requestOf({ name, at, request }: PolicyTestCase): Request {
  return {
    apiVersion: "elevation/v1",
    kind: "Request",
    metadata: { name: nameOf(name) },
    spec: {
      ...request,
      requestedAt: request.requestedAt ?? formatInstant(Math.max(EARLIEST, instantOfText(at) - ASKED_BEFORE)),
    },
  };
}

/** What messages call the request: the sentence that names the case, as a name. */
function nameOf(sentence: string): string {
  const plain = sentence
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[\p{M}'’]/gu, "");
  const dashed = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-/, "");
  return dashed.slice(0, NAME_LENGTH).replace(/-$/, "") || "case";
}

function grantOf(grant: NonNullable<PolicyTestCase["live"]>[number], own: Digest): LiveGrant {
  const { activatedAt, expiresAt, request, reviewedAt, ...rest } = grant;
  return {
    ...rest,
    activatedAt: instantOfText(activatedAt),
    expiresAt: instantOfText(expiresAt),
    ...(request === undefined ? {} : { request: request === THIS_REQUEST ? own : (request as Digest) }),
    ...(reviewedAt === undefined ? {} : { reviewedAt: instantOfText(reviewedAt) }),
  };
}

function differences(expected: Expectation, actual: Decision): (keyof Expectation)[] {
  const { outcome, violations, rule, activatesAt, expiresAt } = expected;
  const differing: (keyof Expectation)[] = [];
  if (outcome !== actual.outcome) differing.push("outcome");
  if (violations !== undefined && !isSameSet(violations, violationIds(actual))) differing.push("violations");
  if (rule !== undefined && rule !== actual.rule) differing.push("rule");
  if (activatesAt !== undefined && !isSameInstant(activatesAt, actual.activatesAt)) differing.push("activatesAt");
  if (expiresAt !== undefined && !isSameInstant(expiresAt, actual.expiresAt)) differing.push("expiresAt");
  return differing;
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one));
}

function isSameInstant(expected: string | null, actual: string | null): boolean {
  return expected === null ? actual === null : formatInstant(instantOfText(expected)) === actual;
}
