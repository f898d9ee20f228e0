// SPDX-License-Identifier: Apache-2.0
import { type ApprovalReport, quotedDemand } from "./approvals";
import type { Case } from "./case";
import type { CompiledAllow, CompiledApprovals, CompiledDeny, Pattern, Span } from "./compiled-policy";
import type { Approval, LiveGrant, Violation, ViolationId } from "./decision";
import { deniesUntil } from "./deny-rules";
import { formatDuration, renderDuration } from "./duration";
import { nextOpen, type OpeningHours } from "./hours";
import { formatInstant, type Instant } from "./instant";
import { withLazy } from "./lazy";
import { didYouMean, quote, quoteList } from "./text";
import { renderLocal } from "./zone-time";

// One function a violation: what was seen, the limit, and the fix, on one line (design §5).

const KEEPER = "ask whoever keeps the policy";

interface Facts {
  readonly id: ViolationId;
  readonly rule: string | null;
  readonly path: string;
  readonly observed: string | null;
  readonly limit: string | null;
}

/** NB. most messages are never read: a decision is made far more often than it is shown. */
function violation({ id, rule, path, observed, limit }: Facts, message: () => string): Violation {
  return withLazy({ id, rule, path, observed, limit }, { message });
}

export function requestEnded(kase: Case, endedAt: Instant): Violation {
  const observed = formatInstant(endedAt);
  return violation(
    { id: "request-ended", rule: null, path: "", observed, limit: null },
    () =>
      `the grant of ${nameOf(kase)} ended at ${observed}, and a request opens access at most once; write a new request with today's \`requestedAt\``,
  );
}

export function unknownRequester(kase: Case): Violation {
  const { requester } = kase.request.spec;
  return violation(
    { id: "unknown-requester", rule: null, path: "spec.requester", observed: requester, limit: null },
    () =>
      `${nameOf(kase)} is asked for by ${quote(requester)}, who is not in the directory; ${didYouMean(requester, kase.people.people.keys())}`,
  );
}

export function unknownRole(kase: Case): Violation {
  const { role } = kase.request.spec;
  return violation(
    { id: "unknown-role", rule: null, path: "spec.role", observed: role, limit: null },
    () =>
      `${nameOf(kase)} asks for role ${quote(role)}, which the policy does not offer; ${didYouMean(role, Object.keys(kase.policy.roles))}`,
  );
}

export function unknownEnvironment(kase: Case): Violation {
  const { environment } = kase.request.spec;
  return violation(
    { id: "unknown-environment", rule: null, path: "spec.environment", observed: environment, limit: null },
    () =>
      `${nameOf(kase)} asks for environment ${quote(environment)}, which the policy does not have; ${didYouMean(environment, Object.keys(kase.policy.environments))}`,
  );
}

export function roleNotThere(kase: Case, environments: readonly string[]): Violation {
  const { environment, role } = kase.request.spec;
  const limit = environments.length === 0 ? null : environments.join(", ");
  return violation(
    { id: "unknown-environment", rule: null, path: "spec.environment", observed: environment, limit },
    () => {
      const fix = limit === null ? `it has no target anywhere, ${KEEPER}` : `ask for it in ${quoteList(environments)}`;
      return `${nameOf(kase)} asks for role ${quote(role)} in ${quote(environment)}, where it does not exist; ${fix}`;
    },
  );
}

export function requestNotYet(kase: Case): Violation {
  const [observed, limit] = [formatInstant(kase.requestedAt), formatInstant(kase.now)];
  return violation(
    { id: "request-not-yet", rule: null, path: "spec.requestedAt", observed, limit },
    () => `${nameOf(kase)} is dated ${observed}, and it is only ${limit}; correct \`requestedAt\``,
  );
}

export function startTooLate(kase: Case, startAt: Instant, latest: Instant): Violation {
  const [observed, limit] = [formatInstant(startAt), formatInstant(latest)];
  return violation({ id: "start-too-late", rule: null, path: "spec.startAt", observed, limit }, () => {
    const after = renderDuration(kase.rules.startWithin.milliseconds);
    return `${nameOf(kase)} starts at ${observed}, more than ${after} after \`requestedAt\`; set \`startAt\` to ${limit} or before`;
  });
}

export function requestLapsed(kase: Case, activateBy: Instant): Violation {
  const [observed, limit] = [formatInstant(kase.start), formatInstant(activateBy)];
  return violation(
    { id: "request-lapsed", rule: null, path: "spec.activateBy", observed, limit },
    () => `${nameOf(kase)} had to be activated before ${limit}, and the earliest is ${observed}; write a new request`,
  );
}

export function requestUnproven(kase: Case, wanted: "signature" | "author"): Violation {
  const { requester } = kase.request.spec;
  return violation(
    { id: "request-unproven", rule: null, path: "signature", observed: kase.proof?.how ?? null, limit: wanted },
    () => {
      const what =
        wanted === "signature"
          ? `the policy wants the requester's signature; sign it as ${quote(requester)}`
          : `the policy wants the requester to be the author of the change; let ${quote(requester)} propose it, or sign it`;
      return `${nameOf(kase)} is not proven to come from ${quote(requester)}, ${what}`;
    },
  );
}

export function askedByAnother(kase: Case, by: string): Violation {
  const { requester } = kase.request.spec;
  return violation(
    { id: "request-unproven", rule: null, path: "spec.requester", observed: by, limit: requester },
    () =>
      `${nameOf(kase)} comes from ${quote(by)}, whom no rule lets ask for ${quote(requester)} here; let ${quote(requester)} ask`,
  );
}

export function denied(kase: Case, rule: CompiledDeny): Violation {
  const { environment, role } = kase.request.spec;
  const observed = formatInstant(kase.at);
  // Looked for through days and years: only where somebody reads it.
  const until = (): Instant | null => deniesUntil(rule, kase.at);
  return withLazy(
    { id: "denied", rule: rule.id, path: "spec", observed },
    {
      limit: () => {
        const end = until();
        return end === null ? null : formatInstant(end);
      },
      message: () => {
        const end = until();
        const what = `${nameOf(kase)} asks for ${quote(role)} in ${quote(environment)} at ${observed}, which rule ${quote(rule.id)} denies`;
        if (end === null) return `${what}; ${KEEPER}`;
        return `${what} until ${formatInstant(end)}; ${startFrom(kase, end, formatInstant(end))}`;
      },
    },
  );
}

// A start further away than `startWithin` would only be refused in its turn; an extension and a break-glass request take none.
function startFrom(kase: Case, start: Instant, text: string): string {
  const latest = kase.requestedAt + kase.rules.startWithin.milliseconds;
  const takesStart = kase.request.spec.extends === undefined && !kase.isBreakGlass;
  return takesStart && start <= latest
    ? `set \`startAt\` to ${text} or later`
    : `write a new request when it is ${text}`;
}

/** `environments`: where a rule gives it to the person and the role exists; there may be none of that sort. */
export function environmentNotAllowed(kase: Case, environments: readonly string[]): Violation {
  const { environment, role, requester } = kase.request.spec;
  const limit = environments.length === 0 ? null : environments.join(", ");
  return violation(
    { id: "environment-not-allowed", rule: null, path: "spec.environment", observed: environment, limit },
    () => {
      const fix = limit === null ? KEEPER : `ask for it in ${quoteList(environments)}`;
      return `${nameOf(kase)} asks for ${quote(role)} in ${quote(environment)}, where no rule gives it to ${quote(requester)}; ${fix}`;
    },
  );
}

export function notEligible(kase: Case, others: readonly CompiledAllow[]): Violation {
  const { environment, role, requester } = kase.request.spec;
  return violation({ id: "not-eligible", rule: null, path: "spec.requester", observed: requester, limit: null }, () => {
    const ids = others.map(({ id }) => id);
    const rules = `${ids.length === 1 ? "rule" : "rules"} ${quoteList(ids, "and")}`;
    const whom = others.length === 0 ? "anybody" : `${quote(requester)}, ${rules} only to others`;
    return `${nameOf(kase)} asks for ${quote(role)} in ${quote(environment)}, which no rule gives to ${whom}; ${KEEPER}`;
  });
}

/** What a rule makes of the length of a request. */
export interface Bounds {
  readonly asked: Span;
  readonly max: Span;
  /** Whether the environment's maxDuration is the limit, not the rule's own. */
  readonly isCapped: boolean;
}

export function durationTooShort(kase: Case, rule: CompiledAllow, { asked, max }: Bounds): Violation {
  return durationViolation("duration-too-short", rule.id, asked, rule.min, () => {
    // A clamp gives max to whoever asks for `min` or more, also where `min` is the longer of the two.
    const upTo = fits(rule, max) ? `, up to ${max.text}` : "";
    const fix =
      fits(rule, max) || rule.isClamping
        ? `set \`duration\` to ${rule.min.text} or more${upTo}`
        : impossible(rule, max);
    return `${nameOf(kase)} asks for ${render(asked)}, rule ${quote(rule.id)} gives no less than ${render(rule.min)}; ${fix}`;
  });
}

export function durationTooLong(kase: Case, rule: CompiledAllow, bounds: Bounds): Violation {
  return durationViolation("duration-too-long", rule.id, bounds.asked, bounds.max, () =>
    tooLong(kase, `rule ${quote(rule.id)}`, bounds, fits(rule, bounds.max) ? null : impossible(rule, bounds.max)),
  );
}

export function breakGlassTooLong(kase: Case, bounds: Bounds): Violation {
  return durationViolation("duration-too-long", "breakGlass", bounds.asked, bounds.max, () =>
    tooLong(kase, "`breakGlass`", bounds, null),
  );
}

function tooLong(kase: Case, by: string, { asked, max, isCapped }: Bounds, dead: string | null): string {
  const where = isCapped ? ` in ${quote(kase.request.spec.environment)}` : "";
  const fix = dead ?? `set \`duration\` to ${max.text} or less`;
  return `${nameOf(kase)} asks for ${render(asked)}, ${by} allows ${render(max)}${where}; ${fix}`;
}

function fits(rule: CompiledAllow, max: Span): boolean {
  return rule.min.milliseconds <= max.milliseconds;
}

function impossible(rule: CompiledAllow, max: Span): string {
  return `no duration is at least ${rule.min.text} and at most ${max.text}, ${KEEPER}`;
}

function durationViolation(
  id: "duration-too-short" | "duration-too-long",
  rule: string,
  asked: Span,
  limit: Span,
  message: () => string,
): Violation {
  return violation({ id, rule, path: "spec.duration", observed: asked.text, limit: limit.text }, message);
}

/** `at`: the instant at which the hours had to be open, and aren't. */
export function outsideHours(kase: Case, rule: CompiledAllow, hours: OpeningHours, at: Instant): Violation {
  const observed = formatInstant(at);
  return violation({ id: "outside-hours", rule: rule.id, path: "spec.startAt", observed, limit: hours.text }, () => {
    const opening = nextOpen(hours, at);
    const does = kase.extended !== null && at === kase.now ? "is asked to go on" : "would start";
    const seen = `${nameOf(kase)} ${does} at ${observed} (${renderLocal(hours.zone, at)}), rule ${quote(rule.id)} allows ${hours.text}`;
    if (opening === null) return `${seen}; ${KEEPER}`;
    const when = `${formatInstant(opening)} (${renderLocal(hours.zone, opening)})`;
    return `${seen}; ${startFrom(kase, opening, when)}`;
  });
}

export function reasonTooShort(kase: Case, rule: string, length: number, least: number): Violation {
  return violation(
    { id: "reason-insufficient", rule, path: "spec.reason", observed: String(length), limit: String(least) },
    () =>
      `the reason of ${nameOf(kase)} has ${characters(length)}, ${ruleOf(rule)} wants ${least} or more; say more about what the access is for`,
  );
}

export function reasonNoMatch(kase: Case, rule: string, pattern: Pattern): Violation {
  const { reason } = kase.request.spec;
  return violation(
    { id: "reason-insufficient", rule, path: "spec.reason", observed: reason, limit: pattern.text },
    () =>
      `the reason of ${nameOf(kase)} is ${quote(reason)}, ${ruleOf(rule)} wants one that matches ${quote(pattern.text)}; write \`reason\` like that`,
  );
}

export function ticketRequired(kase: Case, rule: CompiledAllow, pattern: Pattern): Violation {
  return violation(
    { id: "ticket-required", rule: rule.id, path: "spec.ticket", observed: null, limit: pattern.text },
    () =>
      `${nameOf(kase)} names no ticket, rule ${quote(rule.id)} wants one that matches ${quote(pattern.text)}; add \`ticket\``,
  );
}

export function ticketInvalid(kase: Case, rule: CompiledAllow, pattern: Pattern, ticket: string): Violation {
  return violation(
    { id: "ticket-invalid", rule: rule.id, path: "spec.ticket", observed: ticket, limit: pattern.text },
    () =>
      `${nameOf(kase)} names ticket ${quote(ticket)}, rule ${quote(rule.id)} wants one that matches ${quote(pattern.text)}; correct \`ticket\``,
  );
}

export function approvalsMissing(
  kase: Case,
  rule: CompiledAllow,
  demand: CompiledApprovals,
  { given, missing }: ApprovalReport,
): Violation {
  const observed = given.length === 0 ? null : given.join(", ");
  const limit = missing.join(", ");
  return violation({ id: "approvals-missing", rule: rule.id, path: "", observed, limit }, () => {
    const needs = `${nameOf(kase)} needs approvals for rule ${quote(rule.id)}, ${quotedDemand(demand)}`;
    if (kase.approvals === null) return `${needs}; this version verifies no signatures, so none counts: ${KEEPER}`;
    const has = given.length === 0 ? "has none that counts" : `has that of ${quoteList(given, "and")}`;
    return `${needs}, and ${has}; let ${missing.join(" and ")} approve it${given.length === 0 ? "" : " too"}`;
  });
}

/** `missing`: the places that nobody of the directory could fill but the requester, who mustn't. */
export function nobodyApproves(
  kase: Case,
  rule: CompiledAllow,
  demand: CompiledApprovals,
  missing: readonly string[],
): Violation {
  const { requester } = kase.request.spec;
  const facts = { rule: rule.id, path: "", observed: null, limit: missing.join(", ") };
  return violation({ id: "approvals-missing", ...facts }, () => {
    const needs = `${nameOf(kase)} needs approvals for rule ${quote(rule.id)}, ${quotedDemand(demand)}`;
    return `${needs}, and besides ${quote(requester)} the directory has nobody for ${missing.join(" and ")}; ask whoever keeps policy and directory`;
  });
}

export function coolingDown(kase: Case, rule: CompiledAllow, cooldown: Span, endedAt: Instant): Violation {
  const { requester } = kase.request.spec;
  const [observed, limit] = [formatInstant(kase.at), formatInstant(endedAt + cooldown.milliseconds)];
  return violation(
    { id: "cooling-down", rule: rule.id, path: "spec.startAt", observed, limit },
    () =>
      `${nameOf(kase)} would start at ${observed}, rule ${quote(rule.id)} wants ${render(cooldown)} after the last grant of ${quote(requester)} by it, which ended at ${formatInstant(endedAt)}; ${startFrom(kase, endedAt + cooldown.milliseconds, limit)}`,
  );
}

export function rejected(kase: Case, { approver, at }: Approval): Violation {
  return violation(
    { id: "rejected", rule: null, path: "", observed: approver, limit: null },
    () =>
      `${nameOf(kase)} was rejected by ${quote(approver)} at ${formatInstant(at)}; settle it with them and get their later approval, or write another request`,
  );
}

export function tooManyOfPerson(kase: Case, live: readonly LiveGrant[], most: number): Violation {
  const { requester } = kase.request.spec;
  return limitViolation(
    kase,
    "spec.requester",
    live,
    most,
    () => `of ${quote(requester)}`,
    "the policy allows a person",
  );
}

export function tooManyOfRole(kase: Case, live: readonly LiveGrant[], most: number): Violation {
  const { environment, role } = kase.request.spec;
  const of = () => `of ${quote(role)} in ${quote(environment)}`;
  return limitViolation(kase, "spec.role", live, most, of, "the policy allows");
}

function limitViolation(
  kase: Case,
  path: string,
  live: readonly LiveGrant[],
  most: number,
  of: () => string,
  allows: string,
): Violation {
  const facts = { rule: null, path, observed: String(live.length + 1), limit: String(most) };
  return violation({ id: "limit-exceeded", ...facts }, () => {
    const over = live.length - most;
    const ends = live.map(({ expiresAt }) => expiresAt).sort((one, other) => one - other);
    const what = over === 0 ? "one" : `${over + 1} of them`;
    return `${nameOf(kase)} would be live grant ${live.length + 1} ${of()}, ${allows} ${most}; end ${what}, or wait until ${formatInstant(ends[over] ?? kase.now)}`;
  });
}

/** Milliseconds: `held` with this grant, which adds `own`. */
export function heldTooLong(
  kase: Case,
  { held, own, window, max }: { held: number; own: number; window: Span; max: Span },
): Violation {
  const { requester } = kase.request.spec;
  const over = held - max.milliseconds;
  const facts = { rule: null, path: "spec.duration", observed: formatDuration(held), limit: max.text };
  return violation({ id: "limit-exceeded", ...facts }, () => {
    const fix = over < own ? `ask for at least ${renderDuration(over)} less, or later` : "ask again later";
    return `${nameOf(kase)} would bring what ${quote(requester)} holds within ${render(window)} to ${renderDuration(held)}, the policy allows ${render(max)}; ${fix}`;
  });
}

export function conflictingRoles(kase: Case, other: LiveGrant): Violation {
  const { requester, role } = kase.request.spec;
  return violation(
    { id: "conflicting-roles", rule: null, path: "spec.role", observed: other.role, limit: null },
    () =>
      `${nameOf(kase)} asks for ${quote(role)}, and ${quote(requester)} holds ${quote(other.role)} in ${quote(other.environment)} until ${formatInstant(other.expiresAt)}, which the policy keeps apart; end that grant first`,
  );
}

/** `named`: the live grant that `extends` names; undefined where it names none. */
export function extendsNothing(kase: Case, digest: string, named: LiveGrant | undefined): Violation {
  return violation(
    { id: "extension-not-allowed", rule: null, path: "spec.extends", observed: digest, limit: null },
    () => {
      const fix = "write a new request without `extends`";
      if (named === undefined) return `${nameOf(kase)} prolongs ${quote(digest)}, which is no live grant; ${fix}`;
      if (named.breakGlass === true)
        return `${nameOf(kase)} prolongs a break-glass grant, and those are never prolonged; ${fix}`;
      const { environment, requester, role } = named;
      return `${nameOf(kase)} prolongs the grant of ${quote(requester)} to ${quote(role)} in ${quote(environment)}, and asks for another person, role or environment; ${fix}`;
    },
  );
}

export function noExtensions(kase: Case, rule: string | null): Violation {
  const facts = { rule, path: "spec.extends", observed: kase.request.spec.extends ?? null, limit: "0" };
  return violation({ id: "extension-not-allowed", ...facts }, () => {
    const who = rule === null ? "which no rule allows" : `${ruleOf(rule)} allows no extensions`;
    return `${nameOf(kase)} prolongs a live grant, ${who}; write a new request without \`extends\` when it has ended`;
  });
}

export function tooManyExtensions(kase: Case, rule: string, before: number, max: number): Violation {
  const facts = { rule, path: "spec.extends", observed: String(before + 1), limit: String(max) };
  return violation(
    { id: "extension-not-allowed", ...facts },
    () =>
      `${nameOf(kase)} would be extension ${before + 1} in a row, ${ruleOf(rule)} allows ${max}; write a new request without \`extends\` when the grant has ended`,
  );
}

export function extensionTooLong(kase: Case, rule: string, duration: number, upTo: Span): Violation {
  const facts = { rule, path: "spec.duration", observed: formatDuration(duration), limit: upTo.text };
  return violation(
    { id: "extension-not-allowed", ...facts },
    () =>
      `${nameOf(kase)} prolongs a grant by ${renderDuration(duration)}, ${ruleOf(rule)} allows ${render(upTo)}; set \`duration\` to ${upTo.text} or less`,
  );
}

export function noBreakGlass(kase: Case): Violation {
  return violation(
    { id: "break-glass-not-allowed", rule: null, path: "spec.breakGlass", observed: "true", limit: null },
    () => `${nameOf(kase)} is a break-glass request, and the policy has no \`breakGlass\`; ask without it`,
  );
}

export function breakGlassNotAllowed(kase: Case, what: "requester" | "role" | "environment"): Violation {
  const observed = kase.request.spec[what];
  return violation(
    { id: "break-glass-not-allowed", rule: "breakGlass", path: `spec.${what}`, observed, limit: null },
    () => {
      const seen =
        what === "requester"
          ? `comes from ${quote(observed)}`
          : `is for ${what === "role" ? "role" : "environment"} ${quote(observed)}`;
      const whom = what === "requester" ? "whom" : "which";
      return `${nameOf(kase)} is a break-glass request and ${seen}, ${whom} \`breakGlass\` of the policy doesn't name; ask without it`;
    },
  );
}

export function reviewOverdue(kase: Case, due: Instant): Violation {
  const { requester } = kase.request.spec;
  const facts = {
    rule: "breakGlass",
    path: "spec.breakGlass",
    observed: formatInstant(kase.now),
    limit: formatInstant(due),
  };
  return violation(
    { id: "break-glass-review-overdue", ...facts },
    () =>
      `${nameOf(kase)} is a break-glass request, and an earlier one of ${quote(requester)} had to be reviewed by ${formatInstant(due)}; have it reviewed first`,
  );
}

export function tooManyUnreviewed(kase: Case, unreviewed: number, most: number): Violation {
  const { requester } = kase.request.spec;
  const facts = { rule: "breakGlass", path: "spec.breakGlass", observed: String(unreviewed), limit: String(most) };
  return violation(
    { id: "break-glass-review-overdue", ...facts },
    () =>
      `${nameOf(kase)} is a break-glass request, and ${unreviewed} earlier ${unreviewed === 1 ? "one" : "ones"} of ${quote(requester)} ${unreviewed === 1 ? "is" : "are"} not reviewed, the policy allows fewer than ${most}; have one reviewed first`,
  );
}

export function noIdentity(kase: Case, kind: string): Violation {
  const { environment, role, requester } = kase.request.spec;
  return violation(
    { id: "no-identity", rule: null, path: "spec.requester", observed: null, limit: kind },
    () =>
      `${quote(requester)} has no ${quote(kind)} identity, which ${quote(role)} in ${quote(environment)} takes; add it to \`identities\` in the directory`,
  );
}

export function outlivesTooLong(kase: Case, environment: string, outlives: number, most: Span): Violation {
  const { role } = kase.request.spec;
  const facts = { rule: null, path: "spec.environment", observed: formatDuration(outlives), limit: most.text };
  return violation(
    { id: "outlives-too-long", ...facts },
    () =>
      `${nameOf(kase)} asks for ${quote(role)} in ${quote(environment)}, where access may outlive the grant by ${renderDuration(outlives)}, and the role allows ${render(most)}; ${KEEPER}`,
  );
}

function ruleOf(rule: string): string {
  return rule === "breakGlass" ? "`breakGlass`" : `rule ${quote(rule)}`;
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
