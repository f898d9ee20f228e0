// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./case";
import type { CompiledDeny } from "./compiled-policy";
import { nextOpen, windowAt } from "./hours";
import type { Instant } from "./instant";
import { DAY } from "./zone-time";

// A message tells until when a rule denies; what denies for longer than this denies for good, for all that its reader can do.
const FORESEEN = 400 * DAY;

/**
 * The deny rules that name the role and the environment, whose `who` matches the person at `t`, and that a break-glass request
 * doesn't pass; their times are not looked at.
 */
export function denyRulesFor(kase: Case): readonly CompiledDeny[] {
  const rules = kase.cell.denies.matching(kase.people, kase.person, kase.at);
  return kase.isBreakGlass ? rules.filter(({ isPassable }) => !isPassable) : rules;
}

/** Whether the times of a deny rule contain an instant: both of `during` and `hours`, where given. */
export function deniesAt({ during, hours }: CompiledDeny, at: Instant): boolean {
  if (during !== null && (at < during.from || during.to <= at)) return false;
  return hours === null || windowAt(hours, at, at) !== null;
}

/** The first instant at or after `at`, and before `before`, that the times of a deny rule contain; null where there is none. */
export function deniesNext({ during, hours }: CompiledDeny, at: Instant, before: Instant): Instant | null {
  const from = Math.max(at, during?.from ?? at);
  const end = Math.min(before, during?.to ?? before);
  const first = hours === null ? from : (nextOpen(hours, from) ?? end);
  return first < end ? first : null;
}

/** The first instant after `at`, which the rule's times contain, that they don't; null where none is in sight. */
export function deniesUntil({ during, hours }: CompiledDeny, at: Instant): Instant | null {
  const horizon = at + FORESEEN;
  const closing = hours === null ? horizon : (windowAt(hours, at, horizon)?.to ?? horizon);
  const end = Math.min(during?.to ?? Number.POSITIVE_INFINITY, closing < horizon ? closing : Number.POSITIVE_INFINITY);
  return Number.isFinite(end) ? end : null;
}
