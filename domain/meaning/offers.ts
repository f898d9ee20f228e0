// SPDX-License-Identifier: Apache-2.0
import { coolingDown, judgeHours } from "../allow-rules";
import { BREAK_GLASS, outOfReach, reviewOverdue } from "../break-glass";
import { type Case, openCase } from "../case";
import { type CompiledAllow, type CompiledDeny, cappedMax } from "../compiled-policy";
import { whoMatches } from "../compiled-who";
import { cutToDenials, targetViolations } from "../decide";
import type { EndedGrant, LiveGrant, Violation } from "../decision";
import { deniesAt, deniesUntil, denyRulesFor } from "../deny-rules";
import type { Directory } from "../directory";
import { nextOpen } from "../hours";
import { formatInstant, type Instant } from "../instant";
import { conflicts, heldLimit, liveLimits } from "../limits";
import { unapprovablePlaces } from "../lint/approvers";
import type { Policy } from "../policy";
import type { Request } from "../request";
import * as violation from "../violation";
import { breakGlassDemands, type Demands, demandsOf } from "./demands";
import { ALL_LEFT, type Left, leftTo } from "./left";

/** Who would ask for what, and what is known of earlier grants; empty lists where nothing is. */
export interface Wish {
  readonly person: string;
  readonly role: string;
  readonly environment: string;
  readonly at: Instant;
  readonly live: readonly LiveGrant[];
  readonly history: readonly EndedGrant[];
}

/**
 * What a rule that matches the person, or break-glass, makes of a request that meets all its demands, is asked for by the person
 * and activated at that instant.
 */
export interface Offer {
  /** Id of the rule, or `breakGlass`. */
  readonly rule: string;
  readonly demands: Demands;
  /** What stands against it, whatever the request says. */
  readonly obstacles: readonly Violation[];
  /**
   * Rules before it that leave it no such request to decide, in document order: they take each and demand nothing more. Empty, and
   * no obstacles: such a request is allowed, by this rule where it asks for {@link ask}.
   */
  readonly takenBy: readonly string[];
  /** The longest that it gives then, in milliseconds; 0 where it gives nothing. */
  readonly longest: number;
  /** What to ask for to get that: more than it where a rule clamps to less than its `min`, or where an earlier one takes less. */
  readonly ask: number;
  /** When the longest would end; null where it gives nothing. */
  readonly expiresAt: Instant | null;
  /** Where only the time stands against it: the first instant from then on at which nothing does; null where none is in sight. */
  readonly possibleFrom: Instant | null;
}

/**
 * The offers of a policy to a person for a role in an environment at an instant, in document order, break-glass last. Empty where
 * person, role or environment is unknown. INVARIANT (one decision): made of the parts of decide(), and a property test holds both
 * together.
 */
export function offersOf(policy: Policy, directory: Directory, wish: Wish): readonly Offer[] {
  const kase = caseOf(policy, directory, wish, false);
  const { cell, people, person, rules } = kase;
  if (person === null || cell.target === null) return [];
  const offers = cell.allows.matching(people, person, wish.at).map((rule) => offerOf(policy, directory, wish, rule));
  const emergency = rules.breakGlass === null ? null : breakGlassOffer(policy, directory, wish);
  return emergency === null ? offers : [...offers, emergency];
}

const REQUEST_NAME = "a request";

/** Any request of that sort before the judge. Its reason and ticket are never looked at. */
function caseOf(policy: Policy, directory: Directory, wish: Wish, isBreakGlass: boolean): Case {
  const { at, environment, history, live, person, role } = wish;
  const spec = { requester: person, role, environment, requestedAt: formatInstant(at), reason: "any" };
  const request: Request = {
    apiVersion: "elevation/v1",
    kind: "Request",
    metadata: { name: REQUEST_NAME },
    spec: isBreakGlass ? { ...spec, breakGlass: true } : spec,
  };
  return openCase(policy, directory, request, { now: at, proof: null, approvals: null, live, history });
}

function offerOf(policy: Policy, directory: Directory, wish: Wish, rule: CompiledAllow): Offer {
  const kase = caseOf(policy, directory, wish, false);
  const { max, isCapped } = cappedMax(rule.max, kase.rules, wish.environment);
  const isEmpty = !rule.isClamping && rule.min.milliseconds > max.milliseconds;
  const left = leftTo(rule, kase);
  const most = rule.isClamping ? Math.max(rule.min.milliseconds, max.milliseconds) : max.milliseconds;
  const ask = isEmpty ? most : ((rule.isClamping ? left.from(most) : null) ?? left.upTo(most));
  const hours = judgeHours(rule, kase, kase.at + Math.min(ask ?? most, max.milliseconds));
  const obstacles = [
    ...(isEmpty ? [violation.durationTooShort(kase, rule, { asked: max, max, isCapped })] : []),
    ...hours.violations,
    ...nobodyApproves(rule, kase),
    ...coolingDown(rule, kase),
  ];
  return finish(kase, {
    rule: rule.id,
    demands: demandsOf(rule, kase.rules, wish.environment),
    obstacles,
    end: hours.end,
    ask,
    left,
    later: (from) => firstTime(kase, rule, from),
    again: (at) => offerOf(policy, directory, { ...wish, at }, rule),
  });
}

/** Approvals that nobody else could ever give: nobody approves a request of their own. */
function nobodyApproves(rule: CompiledAllow, kase: Case): readonly Violation[] {
  if (rule.approvals === null) return [];
  const missing = unapprovablePlaces(rule.approvals, kase.request.spec.requester, kase);
  return missing.length === 0 ? [] : [violation.nobodyApproves(kase, rule, rule.approvals, missing)];
}

function breakGlassOffer(policy: Policy, directory: Directory, wish: Wish): Offer | null {
  const kase = caseOf(policy, directory, wish, true);
  const { breakGlass } = kase.rules;
  if (breakGlass === null || policy.breakGlass === undefined || outOfReach(kase, breakGlass).length > 0) return null;
  const { max } = cappedMax(breakGlass.max, kase.rules, wish.environment);
  return finish(kase, {
    rule: BREAK_GLASS,
    demands: breakGlassDemands(breakGlass, policy.breakGlass, kase.rules, wish.environment),
    obstacles: reviewOverdue(kase, breakGlass),
    end: kase.at + max.milliseconds,
    ask: max.milliseconds,
    left: ALL_LEFT,
    later: (from) => firstTime(kase, null, from),
    again: (at) => breakGlassOffer(policy, directory, { ...wish, at }),
  });
}

interface Draft {
  readonly rule: string;
  readonly demands: Demands;
  /** Of the rule itself. */
  readonly obstacles: readonly Violation[];
  readonly end: Instant;
  /** Null: earlier rules take all. */
  readonly ask: number | null;
  readonly left: Left;
  /** The first instant from one on at which its times allow it. */
  readonly later: (from: Instant) => Instant | null;
  /** The offer at another instant. */
  readonly again: (at: Instant) => Offer | null;
}

/** What applies whatever the rule: deny rules, limits, conflicts, identity and target. */
function finish(kase: Case, draft: Draft): Offer {
  const { rule, demands } = draft;
  const denyRules = denyRulesFor(kase);
  const denied = denyRules.filter((each) => deniesAt(each, kase.at)).map((each) => violation.denied(kase, each));
  const common = [...denied, ...liveLimits(kase), ...conflicts(kase), ...targetViolations(kase)];
  const uncut = denied.length > 0 ? kase.at : cutToDenials(kase, denyRules, draft.end);
  const held = denied.length > 0 || draft.ask === null ? null : withinHeld(kase, uncut, draft.ask, draft.left);
  const obstacles = [...common, ...draft.obstacles, ...(held?.obstacles ?? [])];
  const isTaken = draft.obstacles.length === 0 && (draft.ask === null || held?.ask === null);
  const offer = { rule, demands, obstacles, takenBy: isTaken ? draft.left.takers : [] };
  if (obstacles.length === 0 && held !== null && held.ask !== null) {
    return { ...offer, longest: held.end - kase.at, ask: held.ask, expiresAt: held.end, possibleFrom: kase.at };
  }
  return {
    ...offer,
    longest: 0,
    ask: draft.ask ?? 0,
    expiresAt: null,
    possibleFrom: possibleFrom(kase, obstacles, draft),
  };
}

interface Held {
  /** Null: earlier rules take all that there is room for. */
  readonly ask: number | null;
  readonly end: Instant;
  readonly obstacles: readonly Violation[];
}

/** The longest grant that the limit on time held leaves room for: as asked, or shorter by what is too much. */
function withinHeld(kase: Case, end: Instant, ask: number, left: Left): Held {
  const all = heldLimit(kase, end);
  if (all.length === 0) return { ask, end, obstacles: [] };
  const room = roomUnder(kase, end);
  if (room < left.min) return { ask, end, obstacles: all };
  const shorter = left.upTo(room);
  return shorter === null ? { ask: null, end, obstacles: [] } : withinHeld(kase, kase.at + shorter, shorter, left);
}

/** How long a grant may be under the limit on time held; 0 where none may. */
function roomUnder(kase: Case, end: Instant): number {
  const fits = (length: number): boolean => heldLimit(kase, kase.at + length).length === 0;
  const all = end - kase.at;
  // Between two of these the time held grows or shrinks evenly, so that it crosses the limit at most once.
  const bends = [...new Set([1, all, ...heldBends(kase)])].filter((bend) => bend >= 1 && bend <= all);
  bends.sort((one, other) => other - one);
  for (const [index, bend] of bends.entries()) {
    if (fits(bend)) return growWhile(fits, bend, bends[index - 1] ?? bend);
  }
  return 0;
}

/** Lengths at which another grant begins or ceases to count. */
function heldBends({ at, history, live, now, request, rules }: Case): number[] {
  const { requester } = request.spec;
  const window = rules.limits.heldPer?.window.milliseconds ?? 0;
  const edges = [
    ...history.ofPerson(requester).flatMap(({ activatedAt, endedAt }) => [activatedAt, endedAt]),
    ...live.ofPerson(requester).flatMap(({ activatedAt, expiresAt }) => [activatedAt, Math.max(expiresAt, now)]),
  ];
  return [window, ...edges.flatMap((edge) => [edge - at, edge - at + window])];
}

/** The last from `low`, which fits, up to `high`, which doesn't unless it is the same. */
function growWhile(fits: (length: number) => boolean, low: number, high: number): number {
  let [good, bad] = [low, high];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

const OF_TIME: ReadonlySet<string> = new Set(["denied", "outside-hours", "cooling-down"]);

function possibleFrom(kase: Case, obstacles: readonly Violation[], { again, later }: Draft): Instant | null {
  if (obstacles.some(({ id }) => !OF_TIME.has(id))) return null;
  const next = later(kase.at);
  if (next === null || next <= kase.at) return null;
  return (again(next)?.expiresAt ?? null) === null ? null : next;
}

/** How often the rule and those that deny take turns before one is open and no other denies; more is not in sight. */
const TURNS = 200;

function firstTime(kase: Case, rule: CompiledAllow | null, from: Instant): Instant | null {
  const { cooldown = null, hours = null } = rule ?? {};
  let at = Math.max(from, cooldown === null ? from : lastEnd(kase, rule?.id) + cooldown.milliseconds);
  for (let turn = 0; turn < TURNS; turn++) {
    const open = hours === null ? at : nextOpen(hours, at);
    if (open === null) return null;
    const denying = denyRulesAt(kase, open).find((each) => deniesAt(each, open));
    if (denying === undefined && isFor(kase, rule, open)) return open;
    const ends = [denying === undefined ? null : deniesUntil(denying, open), nextDutyEdge(kase, open)];
    const next = ends.filter((end) => end !== null);
    if (next.length === 0) return null;
    at = Math.min(...next);
  }
  return null;
}

function lastEnd({ history, request }: Case, rule: string | undefined): Instant {
  const ended = history.ofPerson(request.spec.requester).filter((grant) => grant.rule === rule);
  return ended.reduce((last, { endedAt }) => Math.max(last, endedAt), Number.NEGATIVE_INFINITY);
}

/** {@link denyRulesFor} at another instant: who is on call is another question then. */
function denyRulesAt(kase: Case, at: Instant): readonly CompiledDeny[] {
  return denyRulesFor({ ...kase, at });
}

function isFor({ people, request, rules }: Case, rule: CompiledAllow | null, at: Instant): boolean {
  const who = rule?.who ?? rules.breakGlass?.who;
  return who !== undefined && whoMatches(who, people, request.spec.requester, at);
}

/** The first instant after `at` at which the person begins or ceases to be on call anywhere. */
function nextDutyEdge({ people, request }: Case, at: Instant): Instant | null {
  const edges = [...people.onCall.values()]
    .flatMap((duties) => duties.get(request.spec.requester) ?? [])
    .flatMap(({ from, to }) => [from, to])
    .filter((edge) => edge > at);
  return edges.length === 0 ? null : Math.min(...edges);
}
