// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./case";
import type { CompiledAllow, CompiledDeny, Pattern, Span } from "./compiled-policy";
import type { Violation } from "./decision";
import { renderDuration } from "./duration";
import { nextOpen, type OpeningHours } from "./hours";
import { formatInstant, type Instant } from "./instant";
import { didYouMean, quote, quoteList } from "./text";
import { renderLocal } from "./zone-time";

// One function a violation: what was seen, the limit, and the fix, on one line (design §5).

const KEEPER = "ask whoever keeps the policy";

export function unenforced(kase: Case, fault: string): Violation {
  const message = `${nameOf(kase)} cannot be judged: ${fault}`;
  return { id: "policy-untrusted", rule: null, path: "", observed: null, limit: null, message };
}

export function requestEnded(kase: Case, endedAt: Instant): Violation {
  const ended = formatInstant(endedAt);
  const message = `the grant of ${nameOf(kase)} ended at ${ended}, and a request opens access at most once; write a new request with today's \`requestedAt\``;
  return { id: "request-ended", rule: null, path: "", observed: ended, limit: null, message };
}

export function unknownRequester(kase: Case): Violation {
  const { requester } = kase.request.spec;
  const fix = didYouMean(requester, kase.people.people);
  const message = `${nameOf(kase)} is asked for by ${quote(requester)}, who is not in the directory; ${fix}`;
  return { id: "unknown-requester", rule: null, path: "spec.requester", observed: requester, limit: null, message };
}

export function unknownRole(kase: Case): Violation {
  const { role } = kase.request.spec;
  const fix = didYouMean(role, Object.keys(kase.policy.roles));
  const message = `${nameOf(kase)} asks for role ${quote(role)}, which the policy does not offer; ${fix}`;
  return { id: "unknown-role", rule: null, path: "spec.role", observed: role, limit: null, message };
}

export function unknownEnvironment(kase: Case): Violation {
  const { environment } = kase.request.spec;
  const fix = didYouMean(environment, Object.keys(kase.policy.environments));
  const message = `${nameOf(kase)} asks for environment ${quote(environment)}, which the policy does not have; ${fix}`;
  return {
    id: "unknown-environment",
    rule: null,
    path: "spec.environment",
    observed: environment,
    limit: null,
    message,
  };
}

export function roleNotThere(kase: Case, environments: readonly string[]): Violation {
  const { environment, role } = kase.request.spec;
  const fix =
    environments.length === 0 ? `it has no target anywhere, ${KEEPER}` : `ask for it in ${quoteList(environments)}`;
  const message = `${nameOf(kase)} asks for role ${quote(role)} in ${quote(environment)}, where it does not exist; ${fix}`;
  const limit = environments.length === 0 ? null : environments.join(", ");
  return { id: "unknown-environment", rule: null, path: "spec.environment", observed: environment, limit, message };
}

export function requestNotYet(kase: Case): Violation {
  const [observed, limit] = [formatInstant(kase.requestedAt), formatInstant(kase.now)];
  const message = `${nameOf(kase)} is dated ${observed}, and it is only ${limit}; correct \`requestedAt\``;
  return { id: "request-not-yet", rule: null, path: "spec.requestedAt", observed, limit, message };
}

export function startTooLate(kase: Case, startAt: Instant, latest: Instant): Violation {
  const [observed, limit] = [formatInstant(startAt), formatInstant(latest)];
  const after = renderDuration(kase.rules.startWithin.milliseconds);
  const message = `${nameOf(kase)} starts at ${observed}, more than ${after} after \`requestedAt\`; set \`startAt\` to ${limit} or before`;
  return { id: "start-too-late", rule: null, path: "spec.startAt", observed, limit, message };
}

export function requestLapsed(kase: Case, activateBy: Instant): Violation {
  const [observed, limit] = [formatInstant(kase.at), formatInstant(activateBy)];
  const message = `${nameOf(kase)} had to be activated before ${limit}, and the earliest is ${observed}; write a new request`;
  return { id: "request-lapsed", rule: null, path: "spec.activateBy", observed, limit, message };
}

export function denied(kase: Case, rule: CompiledDeny, until: Instant | null): Violation {
  const { environment, role } = kase.request.spec;
  const observed = formatInstant(kase.at);
  const limit = until === null ? null : formatInstant(until);
  const what = `${nameOf(kase)} asks for ${quote(role)} in ${quote(environment)} at ${observed}, which rule ${quote(rule.id)} denies`;
  const message =
    limit === null ? `${what}; ${KEEPER}` : `${what} until ${limit}; ${startFrom(kase, until ?? kase.at, limit)}`;
  return { id: "denied", rule: rule.id, path: "spec", observed, limit, message };
}

// A start further away than `startWithin` would only be refused in its turn.
function startFrom(kase: Case, start: Instant, text: string): string {
  const latest = kase.requestedAt + kase.rules.startWithin.milliseconds;
  return start <= latest ? `set \`startAt\` to ${text} or later` : `write a new request when it is ${text}`;
}

/** `environments`: where a rule gives it to the person and the role exists; there may be none of that sort. */
export function environmentNotAllowed(kase: Case, environments: readonly string[]): Violation {
  const { environment, role, requester } = kase.request.spec;
  const fix = environments.length === 0 ? KEEPER : `ask for it in ${quoteList(environments)}`;
  const message = `${nameOf(kase)} asks for ${quote(role)} in ${quote(environment)}, where no rule gives it to ${quote(requester)}; ${fix}`;
  const limit = environments.length === 0 ? null : environments.join(", ");
  return { id: "environment-not-allowed", rule: null, path: "spec.environment", observed: environment, limit, message };
}

export function notEligible(kase: Case, others: readonly string[]): Violation {
  const { environment, role, requester } = kase.request.spec;
  const rules = `${others.length === 1 ? "rule" : "rules"} ${quoteList(others, "and")}`;
  const whom = others.length === 0 ? "anybody" : `${quote(requester)}, ${rules} only to others`;
  const message = `${nameOf(kase)} asks for ${quote(role)} in ${quote(environment)}, which no rule gives to ${whom}; ${KEEPER}`;
  return { id: "not-eligible", rule: null, path: "spec.requester", observed: requester, limit: null, message };
}

/** What a rule makes of the length of a request. */
export interface Bounds {
  readonly asked: Span;
  readonly max: Span;
  /** Whether the environment's maxDuration is the limit, not the rule's own. */
  readonly isCapped: boolean;
}

export function durationTooShort(kase: Case, rule: CompiledAllow, { asked, max }: Bounds): Violation {
  // A clamp gives max to whoever asks for `min` or more, also where `min` is the longer of the two.
  const upTo = fits(rule, max) ? `, up to ${max.text}` : "";
  const fix =
    fits(rule, max) || rule.isClamping ? `set \`duration\` to ${rule.min.text} or more${upTo}` : impossible(rule, max);
  const message = `${nameOf(kase)} asks for ${render(asked)}, rule ${quote(rule.id)} gives no less than ${render(rule.min)}; ${fix}`;
  return durationViolation("duration-too-short", rule, asked, rule.min, message);
}

export function durationTooLong(kase: Case, rule: CompiledAllow, { asked, max, isCapped }: Bounds): Violation {
  const fix = fits(rule, max) ? `set \`duration\` to ${max.text} or less` : impossible(rule, max);
  const where = isCapped ? ` in ${quote(kase.request.spec.environment)}` : "";
  const message = `${nameOf(kase)} asks for ${render(asked)}, rule ${quote(rule.id)} allows ${render(max)}${where}; ${fix}`;
  return durationViolation("duration-too-long", rule, asked, max, message);
}

function fits(rule: CompiledAllow, max: Span): boolean {
  return rule.min.milliseconds <= max.milliseconds;
}

function impossible(rule: CompiledAllow, max: Span): string {
  return `no duration is at least ${rule.min.text} and at most ${max.text}, ${KEEPER}`;
}

function durationViolation(
  id: "duration-too-short" | "duration-too-long",
  rule: CompiledAllow,
  asked: Span,
  limit: Span,
  message: string,
): Violation {
  return { id, rule: rule.id, path: "spec.duration", observed: asked.text, limit: limit.text, message };
}

export function outsideHours(kase: Case, rule: CompiledAllow, hours: OpeningHours): Violation {
  const observed = formatInstant(kase.at);
  const opening = nextOpen(hours, kase.at);
  const seen = `${nameOf(kase)} would start at ${observed} (${renderLocal(hours.zone, kase.at)}), rule ${quote(rule.id)} allows ${hours.text}`;
  const when = opening === null ? null : `${formatInstant(opening)} (${renderLocal(hours.zone, opening)})`;
  const message = when === null ? `${seen}; ${KEEPER}` : `${seen}; ${startFrom(kase, opening ?? kase.at, when)}`;
  return { id: "outside-hours", rule: rule.id, path: "spec.startAt", observed, limit: hours.text, message };
}

export function reasonTooShort(kase: Case, rule: CompiledAllow, length: number): Violation {
  const least = rule.reason.minLength;
  const message = `the reason of ${nameOf(kase)} has ${characters(length)}, rule ${quote(rule.id)} wants ${least} or more; say more about what the access is for`;
  return reasonViolation(rule, String(length), String(least), message);
}

export function reasonNoMatch(kase: Case, rule: CompiledAllow, pattern: Pattern): Violation {
  const { reason } = kase.request.spec;
  const message = `the reason of ${nameOf(kase)} is ${quote(reason)}, rule ${quote(rule.id)} wants one that matches ${quote(pattern.text)}; write \`reason\` like that`;
  return reasonViolation(rule, reason, pattern.text, message);
}

function reasonViolation(rule: CompiledAllow, observed: string, limit: string, message: string): Violation {
  return { id: "reason-insufficient", rule: rule.id, path: "spec.reason", observed, limit, message };
}

export function ticketRequired(kase: Case, rule: CompiledAllow, pattern: Pattern): Violation {
  const message = `${nameOf(kase)} names no ticket, rule ${quote(rule.id)} wants one that matches ${quote(pattern.text)}; add \`ticket\``;
  return { id: "ticket-required", rule: rule.id, path: "spec.ticket", observed: null, limit: pattern.text, message };
}

export function ticketInvalid(kase: Case, rule: CompiledAllow, pattern: Pattern, ticket: string): Violation {
  const message = `${nameOf(kase)} names ticket ${quote(ticket)}, rule ${quote(rule.id)} wants one that matches ${quote(pattern.text)}; correct \`ticket\``;
  return { id: "ticket-invalid", rule: rule.id, path: "spec.ticket", observed: ticket, limit: pattern.text, message };
}

export function noIdentity(kase: Case, kind: string): Violation {
  const { environment, role, requester } = kase.request.spec;
  const message = `${quote(requester)} has no ${quote(kind)} identity, which ${quote(role)} in ${quote(environment)} takes; add it to \`identities\` in the directory`;
  return { id: "no-identity", rule: null, path: "spec.requester", observed: null, limit: kind, message };
}

function nameOf(kase: Case): string {
  return quote(kase.request.metadata.name);
}

function render(span: Span): string {
  return renderDuration(span.milliseconds);
}

function characters(count: number): string {
  return count === 1 ? "1 character" : `${count} characters`;
}
