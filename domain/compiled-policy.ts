// SPDX-License-Identifier: Apache-2.0
import { RE2JS } from "re2js";
import { type CompiledWho, compileWho } from "./compiled-who";
import { type Digest, digestOf } from "./digest";
import { parseDuration } from "./duration";
import { compileHours, type Interval, type OpeningHours } from "./hours";
import { type Instant, parseInstant } from "./instant";
import type { AllowRule, Approvals, BreakGlass, DenyRule, Policy, Reason, Target } from "./policy";
import { sharing } from "./sharing";

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

/** What a reason must be like. */
export interface CompiledReason {
  readonly minLength: number;
  readonly matches: Pattern | null;
}

/** A demand for approvals. */
export type CompiledApprovals = CompiledLeaf | CompiledBranches<"all"> | CompiledChoice;

/** Places for so many different people. */
export interface CompiledLeaf {
  readonly kind: "leaf";
  readonly from: CompiledWho;
  readonly count: number;
  readonly fewest: number;
  readonly takesImported: boolean;
}

interface CompiledBranches<Kind> {
  readonly kind: Kind;
  readonly branches: readonly CompiledApprovals[];
  /** How many people it takes at least. */
  readonly fewest: number;
}

/** A demand that is met where one branch is. */
export type CompiledChoice = CompiledBranches<"any">;

interface CompiledBase {
  readonly id: string;
  /** Place in the document, from 0. */
  readonly order: number;
  readonly who: CompiledWho;
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
  readonly reason: CompiledReason;
  readonly ticket: Pattern | null;
  readonly cooldown: Span | null;
  readonly approvals: CompiledApprovals | null;
  readonly approvalsValidFor: Span | null;
  readonly extensions: { readonly max: number; readonly upTo: Span } | null;
  readonly onBehalf: CompiledWho | null;
}

export interface CompiledDeny extends CompiledBase {
  readonly during: Interval | null;
  /** Whether a break-glass request passes it. */
  readonly isPassable: boolean;
}

export interface CompiledBreakGlass {
  readonly who: CompiledWho;
  readonly roles: ReadonlySet<string> | null;
  readonly environments: ReadonlySet<string> | null;
  readonly max: Span;
  readonly reason: CompiledReason;
  readonly reviewWithin: Span;
  readonly unreviewed: number;
}

export interface CompiledLimits {
  readonly livePerPerson: number | null;
  readonly heldPer: { readonly window: Span; readonly max: Span } | null;
  readonly livePerRole: ReadonlyMap<string, number>;
}

/** A policy with everything parsed that decide() needs again and again. */
export interface CompiledPolicy {
  readonly digest: Digest;
  readonly proof: "signature" | "author" | "none";
  readonly allows: readonly CompiledAllow[];
  readonly denies: readonly CompiledDeny[];
  readonly breakGlass: CompiledBreakGlass | null;
  readonly limits: CompiledLimits;
  /** For each role those that are never held beside it. */
  readonly conflicts: ReadonlyMap<string, ReadonlySet<string>>;
  readonly environments: ReadonlySet<string>;
  /** By role, then by environment. */
  readonly targets: ReadonlyMap<string, ReadonlyMap<string, Target>>;
  readonly maxDurations: ReadonlyMap<string, Span>;
  /** By role. */
  readonly maxOutlives: ReadonlyMap<string, Span>;
  readonly activateWithin: number;
  readonly startWithin: Span;
}

const DEFAULT_UNREVIEWED = 2;
const compiled = new WeakMap<Policy, CompiledPolicy>();

/** Compiles a valid policy, once for each object: documents never change after they were read. */
export function compilePolicy(policy: Policy): CompiledPolicy {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const parts = sharedParts();
  const result: CompiledPolicy = {
    digest: digestOf(policy),
    proof: policy.requests?.proof ?? "signature",
    allows: policy.rules.flatMap((rule, order) => (rule.effect === "allow" ? [compileAllow(rule, order, parts)] : [])),
    denies: policy.rules.flatMap((rule, order) => (rule.effect === "deny" ? [compileDeny(rule, order, parts)] : [])),
    breakGlass: policy.breakGlass === undefined ? null : compileBreakGlass(policy.breakGlass),
    limits: compileLimits(policy.limits),
    conflicts: compileConflicts(policy.conflicts ?? []),
    environments: new Set(Object.keys(policy.environments)),
    targets: new Map(
      Object.entries(policy.roles).map(([name, { targets }]) => [name, new Map(Object.entries(targets))]),
    ),
    maxDurations: spansOf(Object.entries(policy.environments).map(([name, { maxDuration }]) => [name, maxDuration])),
    maxOutlives: spansOf(Object.entries(policy.roles).map(([name, { maxOutlive }]) => [name, maxOutlive])),
    activateWithin: spanOf(policy.activateWithin ?? "PT24H").milliseconds,
    startWithin: spanOf(policy.startWithin ?? "P7D"),
  };
  compiled.set(policy, result);
  return result;
}

/**
 * The digest of what a role means in an environment (design §4.4): an approval of it as it was defined then is void once it is
 * another. Null where the role has no target there.
 */
export function roleDigestOf(policy: Policy, role: string, environment: string): Digest | null {
  const targets = Object.hasOwn(policy.roles, role) ? policy.roles[role]?.targets : undefined;
  const target = targets !== undefined && Object.hasOwn(targets, environment) ? targets[environment] : undefined;
  return target === undefined ? null : digestOf({ role, environment, target });
}

/** Whether a list of names, or all where it is null, has one. */
export function names(list: ReadonlySet<string> | null, name: string): boolean {
  return list === null || list.has(name);
}

/** The effective longest duration: the environment's maxDuration caps it. */
export function cappedMax(max: Span, rules: CompiledPolicy, environment: string): { max: Span; isCapped: boolean } {
  const cap = rules.maxDurations.get(environment);
  const isCapped = cap !== undefined && cap.milliseconds < max.milliseconds;
  return { max: isCapped ? cap : max, isCapped };
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

/** The leaves of a demand for approvals, in document order. */
export function leavesOf(demand: CompiledApprovals): readonly CompiledLeaf[] {
  return demand.kind === "leaf" ? [demand] : demand.branches.flatMap(leavesOf);
}

// NB. No spread in what becomes a rule: V8 gives each object that begins with one a hidden class of its own, and a decision then
// looks up each field of each rule by its name, which takes half of its time.

/** Compiles what many rules of a policy have in common: equal parts become one. */
interface SharedParts {
  readonly who: typeof compileWho;
  readonly names: (names: readonly string[] | "*") => ReadonlySet<string> | null;
  readonly hours: typeof compileHours;
  readonly span: typeof spanOf;
  readonly reason: (reason: Reason | undefined) => CompiledReason;
  readonly pattern: (text: string) => Pattern;
}

function sharedParts(): SharedParts {
  const pattern = sharing(patternOf);
  return {
    who: sharing(compileWho),
    names: sharing(compileNames),
    hours: sharing(compileHours),
    span: sharing(spanOf),
    reason: sharing((reason) => compileReason(reason, pattern)),
    pattern,
  };
}

function compileAllow(rule: AllowRule, order: number, parts: SharedParts): CompiledAllow {
  const { min, default: standard, max, clamp } = rule.duration;
  const { id, who, roles, environments, hours } = compileBase(rule, parts);
  return {
    id,
    order,
    who,
    roles,
    environments,
    hours,
    min: parts.span(min ?? "PT1M"),
    standard: standard === undefined ? null : parts.span(standard),
    max: parts.span(max),
    isClamping: clamp === true,
    reason: parts.reason(rule.reason),
    ticket: rule.ticket === undefined ? null : parts.pattern(rule.ticket.matches),
    cooldown: optionalSpan(rule.cooldown),
    approvals: rule.approvals === undefined ? null : compileApprovals(rule.approvals),
    approvalsValidFor: optionalSpan(rule.approvalsValidFor),
    extensions: rule.extensions === undefined ? null : { max: rule.extensions.max, upTo: spanOf(rule.extensions.upTo) },
    onBehalf: rule.onBehalf === undefined ? null : compileWho(rule.onBehalf),
  };
}

function compileDeny(rule: DenyRule, order: number, parts: SharedParts): CompiledDeny {
  const during = rule.during && { from: instantOfText(rule.during.from), to: instantOfText(rule.during.to) };
  const { id, who, roles, environments, hours } = compileBase(rule, parts);
  return { id, order, who, roles, environments, hours, during: during ?? null, isPassable: rule.breakGlass === true };
}

function compileBase(rule: AllowRule | DenyRule, parts: SharedParts): Omit<CompiledBase, "order"> {
  return {
    id: rule.id,
    who: parts.who(rule.who),
    roles: parts.names(rule.roles),
    environments: parts.names(rule.environments),
    hours: rule.hours === undefined ? null : parts.hours(rule.hours),
  };
}

function compileNames(names: readonly string[] | "*"): ReadonlySet<string> | null {
  return names === "*" ? null : new Set(names);
}

function compileApprovals(demand: Approvals): CompiledApprovals {
  if ("all" in demand) {
    const branches = demand.all.map(compileApprovals);
    return { kind: "all", branches, fewest: branches.reduce((sum, { fewest }) => sum + fewest, 0) };
  }
  if ("any" in demand) {
    const branches = demand.any.map(compileApprovals);
    const fewest = branches.reduce((least, branch) => Math.min(least, branch.fewest), Number.POSITIVE_INFINITY);
    return { kind: "any", branches, fewest };
  }
  const { from, count, imported } = demand;
  return { kind: "leaf", from: compileWho(from), count, fewest: count, takesImported: imported === true };
}

function compileBreakGlass(breakGlass: BreakGlass): CompiledBreakGlass {
  return {
    who: compileWho(breakGlass.who),
    roles: compileNames(breakGlass.roles),
    environments: compileNames(breakGlass.environments),
    max: spanOf(breakGlass.maxDuration),
    reason: compileReason(breakGlass.reason, patternOf),
    reviewWithin: spanOf(breakGlass.review.within),
    unreviewed: breakGlass.unreviewed ?? DEFAULT_UNREVIEWED,
  };
}

function compileLimits(limits: Policy["limits"]): CompiledLimits {
  const heldPer = limits?.perPerson?.heldPer;
  const perRole = Object.entries(limits?.perRole ?? {}).map(([role, { live }]) => [role, live] as const);
  return {
    livePerPerson: limits?.perPerson?.live ?? null,
    heldPer: heldPer === undefined ? null : { window: spanOf(heldPer.window), max: spanOf(heldPer.max) },
    livePerRole: new Map(perRole),
  };
}

function compileConflicts(lists: readonly (readonly string[])[]): Map<string, Set<string>> {
  const conflicts = new Map<string, Set<string>>();
  for (const list of lists) {
    for (const role of list) {
      const others = conflicts.get(role) ?? new Set();
      for (const other of list) if (other !== role) others.add(other);
      conflicts.set(role, others);
    }
  }
  return conflicts;
}

function compileReason(reason: Reason | undefined, pattern: SharedParts["pattern"]): CompiledReason {
  const matches = reason?.matches;
  return { minLength: reason?.minLength ?? 1, matches: matches === undefined ? null : pattern(matches) };
}

function spansOf(entries: readonly (readonly [string, string | undefined])[]): Map<string, Span> {
  return new Map(entries.flatMap(([name, text]) => (text === undefined ? [] : [[name, spanOf(text)] as const])));
}

function optionalSpan(text: string | undefined): Span | null {
  return text === undefined ? null : spanOf(text);
}

function patternOf(text: string): Pattern {
  return { text, regex: RE2JS.compile(text) };
}
