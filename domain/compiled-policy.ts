// SPDX-License-Identifier: Apache-2.0
import { RE2JS } from "re2js";
import { type Digest, digestOf } from "./digest";
import { parseDuration } from "./duration";
import { compileHours, type Interval, type OpeningHours } from "./hours";
import { type Instant, parseInstant } from "./instant";
import type { AllowRule, DenyRule, Policy, Who } from "./policy";
import { unenforcedInPolicy } from "./unenforced";

/** A duration: its length in milliseconds, and as it was written. */
export interface Span {
  readonly milliseconds: number;
  readonly text: string;
}

/** A regular expression, and as it was written. */
export interface Pattern {
  readonly text: string;
  readonly regex: RE2JS;
}

interface CompiledBase {
  readonly id: string;
  readonly who: Who;
  /** Null: all. */
  readonly roles: ReadonlySet<string> | null;
  readonly environments: ReadonlySet<string> | null;
  readonly hours: OpeningHours | null;
}

export interface CompiledAllow extends CompiledBase {
  readonly min: Span;
  readonly standard: Span | null;
  readonly max: Span;
  readonly isClamping: boolean;
  readonly reason: { readonly minLength: number; readonly matches: Pattern | null };
  readonly ticket: Pattern | null;
}

export interface CompiledDeny extends CompiledBase {
  readonly during: Interval | null;
}

/** A policy with everything parsed that decide() needs again and again. */
export interface CompiledPolicy {
  readonly digest: Digest;
  readonly allows: readonly CompiledAllow[];
  readonly denies: readonly CompiledDeny[];
  readonly maxDurations: ReadonlyMap<string, Span>;
  readonly activateWithin: number;
  readonly startWithin: Span;
  /** What it demands and this version does not enforce; readPolicy() refuses it, so there is nothing here in a policy that was read. */
  readonly unenforced: readonly string[];
}

const compiled = new WeakMap<Policy, CompiledPolicy>();

/** Compiles a valid policy, once for each object: documents never change after they were read. */
export function compilePolicy(policy: Policy): CompiledPolicy {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const maxDurations = new Map<string, Span>();
  for (const [name, { maxDuration }] of Object.entries(policy.environments)) {
    if (maxDuration !== undefined) maxDurations.set(name, spanOf(maxDuration));
  }
  const result: CompiledPolicy = {
    digest: digestOf(policy),
    allows: policy.rules.flatMap((rule) => (rule.effect === "allow" ? [compileAllow(rule)] : [])),
    denies: policy.rules.flatMap((rule) => (rule.effect === "deny" ? [compileDeny(rule)] : [])),
    maxDurations,
    activateWithin: spanOf(policy.activateWithin ?? "PT24H").milliseconds,
    startWithin: spanOf(policy.startWithin ?? "P7D"),
    unenforced: unenforcedInPolicy({ value: policy, path: [] }).map(({ message }) => message),
  };
  compiled.set(policy, result);
  return result;
}

/** Whether a list of names, or all where it is null, has one. */
export function names(list: ReadonlySet<string> | null, name: string): boolean {
  return list === null || list.has(name);
}

export function spanOf(text: string): Span {
  const milliseconds = parseDuration(text);
  if (milliseconds === null) throw new TypeError(`${text} is no duration: the document was not read`);
  return { milliseconds, text };
}

export function instantOfText(text: string): Instant {
  const instant = parseInstant(text);
  if (instant === null) throw new TypeError(`${text} is no instant: the document was not read`);
  return instant;
}

function compileAllow(rule: AllowRule): CompiledAllow {
  const { min, default: standard, max, clamp } = rule.duration;
  return {
    ...compileBase(rule),
    min: spanOf(min ?? "PT1M"),
    standard: standard === undefined ? null : spanOf(standard),
    max: spanOf(max),
    isClamping: clamp === true,
    reason: { minLength: rule.reason?.minLength ?? 1, matches: patternOf(rule.reason?.matches) },
    ticket: patternOf(rule.ticket?.matches),
  };
}

function compileDeny(rule: DenyRule): CompiledDeny {
  const during = rule.during && { from: instantOfText(rule.during.from), to: instantOfText(rule.during.to) };
  return { ...compileBase(rule), during: during ?? null };
}

function compileBase(rule: AllowRule | DenyRule): CompiledBase {
  return {
    id: rule.id,
    who: rule.who,
    roles: rule.roles === "*" ? null : new Set(rule.roles),
    environments: rule.environments === "*" ? null : new Set(rule.environments),
    hours: rule.hours === undefined ? null : compileHours(rule.hours),
  };
}

function patternOf(text: string | undefined): Pattern | null {
  return text === undefined ? null : { text, regex: RE2JS.compile(text) };
}
