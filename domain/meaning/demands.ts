// SPDX-License-Identifier: Apache-2.0
import { describe } from "../approvals";
import {
  type CompiledAllow,
  type CompiledApprovals,
  type CompiledBreakGlass,
  type CompiledPolicy,
  type CompiledReason,
  cappedMax,
  type Span,
} from "../compiled-policy";
import type { CompiledWho } from "../compiled-who";
import { formatDuration, parseDuration, renderDuration } from "../duration";
import type { BreakGlass } from "../policy";
import { quote } from "../text";

/** What a rule, or break-glass, takes of a request, for people and programs. Durations are ISO 8601. */
export interface Demands {
  readonly duration: { readonly min: string; readonly default: string; readonly max: string; readonly clamp: boolean };
  readonly reason: { readonly minLength: number; readonly matches: string | null };
  /** The pattern that a ticket must match; null: none is asked for. */
  readonly ticket: string | null;
  /** As in `1 of dba-lead and 1 of security`; null: none are needed. */
  readonly approvals: string | null;
  readonly approvalsValidFor: string | null;
  /** As in `mon, tue 08:00 to 20:00 Europe/Berlin`. */
  readonly hours: string | null;
  /** Whether access ends at closing time. */
  readonly hold: boolean;
  readonly cooldown: string | null;
  readonly extensions: { readonly max: number; readonly upTo: string } | null;
  /** Who may ask for somebody else, as in `team-lead`; null: nobody. */
  readonly onBehalf: string | null;
  /** Of break-glass: who reviews, and how soon after activation. */
  readonly review: { readonly from: string; readonly within: string } | null;
}

export function demandsOf(rule: CompiledAllow, policy: CompiledPolicy, environment: string): Demands {
  const { max } = cappedMax(rule.max, policy, environment);
  return {
    duration: {
      min: formatDuration(rule.min.milliseconds),
      default: formatDuration((rule.standard ?? max).milliseconds),
      max: formatDuration(max.milliseconds),
      clamp: rule.isClamping,
    },
    reason: reasonOf(rule.reason),
    ticket: rule.ticket?.text ?? null,
    approvals: rule.approvals === null ? null : describe(rule.approvals),
    approvalsValidFor: rule.approvals === null ? null : textOf(rule.approvalsValidFor),
    hours: rule.hours?.text ?? null,
    hold: rule.hours?.isHold === true,
    cooldown: textOf(rule.cooldown),
    extensions:
      rule.extensions === null
        ? null
        : { max: rule.extensions.max, upTo: formatDuration(rule.extensions.upTo.milliseconds) },
    onBehalf: rule.onBehalf === null ? null : nameWho(rule.onBehalf),
    review: null,
  };
}

export function breakGlassDemands(
  breakGlass: CompiledBreakGlass,
  written: BreakGlass,
  policy: CompiledPolicy,
  environment: string,
): Demands {
  const max = formatDuration(cappedMax(breakGlass.max, policy, environment).max.milliseconds);
  return {
    duration: { min: formatDuration(1), default: max, max, clamp: false },
    reason: reasonOf(breakGlass.reason),
    ticket: null,
    approvals: null,
    approvalsValidFor: null,
    hours: null,
    hold: false,
    cooldown: null,
    extensions: null,
    onBehalf: null,
    review: {
      from: nameWritten(written.review.from),
      within: formatDuration(breakGlass.reviewWithin.milliseconds),
    },
  };
}

/** Who is meant, as in `dba or on call in orders`. */
export function nameWho({ written }: CompiledWho, name: (text: string) => string = (text) => text): string {
  return nameWritten(written, name);
}

export function nameWritten(who: CompiledWho["written"], name: (text: string) => string = (text) => text): string {
  if (who === "everyone") return "everyone";
  return [
    ...[...(who.jobFunctions ?? []), ...(who.people ?? [])].map(name),
    ...(who.onCall ?? []).map((schedule) => `on call in ${name(schedule)}`),
  ].join(" or ");
}

/** A demand for approvals for people to read, its names in backticks. */
export function nameApprovals(demand: CompiledApprovals): string {
  return describe(demand, quote);
}

/** What is taken besides a person who may ask, one phrase each. Hours are not among it. */
export function demandPhrases(demands: Demands): readonly string[] {
  const { approvals, approvalsValidFor, cooldown, extensions, onBehalf, reason, review, ticket } = demands;
  const phrases: string[] = [];
  if (reason.minLength > 1) phrases.push(`a reason of ${reason.minLength} characters or more`);
  if (reason.matches !== null) phrases.push(`a reason that matches ${quote(reason.matches)}`);
  if (phrases.length === 0) phrases.push("a reason");
  if (ticket !== null) phrases.push(`a ticket that matches ${quote(ticket)}`);
  if (approvals !== null) {
    phrases.push(
      `approval by ${approvals}${approvalsValidFor === null ? "" : `, good for ${said(approvalsValidFor)}`}`,
    );
  }
  if (cooldown !== null) phrases.push(`${said(cooldown)} since the last grant by this rule ended`);
  if (review !== null) phrases.push(`an emergency, reviewed by ${review.from} within ${said(review.within)}`);
  if (extensions !== null) phrases.push(`extensions: ${extensions.max} of up to ${said(extensions.upTo)}`);
  if (onBehalf !== null) phrases.push(`${onBehalf} may ask for others`);
  return phrases;
}

/** When it is open, and what closing does; null where it always is. */
export function hoursPhrase({ hold, hours }: Demands): string | null {
  if (hours === null) return null;
  return hold ? `${hours}, access ends at closing time` : hours;
}

function said(duration: string): string {
  return renderDuration(parseDuration(duration) ?? 0);
}

function reasonOf({ minLength, matches }: CompiledReason): Demands["reason"] {
  return { minLength, matches: matches?.text ?? null };
}

function textOf(span: Span | null): string | null {
  return span === null ? null : formatDuration(span.milliseconds);
}
