// SPDX-License-Identifier: Apache-2.0
import { type CompiledDirectory, compileDirectory, type Person } from "../compiled-directory";
import {
  type CompiledAllow,
  type CompiledBreakGlass,
  type CompiledDeny,
  type CompiledPolicy,
  cappedMax,
  compilePolicy,
  names,
} from "../compiled-policy";
import { type CompiledWho, compileWho, hasOneOf } from "../compiled-who";
import type { Directory } from "../directory";
import type { OpeningHours } from "../hours";
import type { Policy, Target } from "../policy";
import { cellOf } from "../rule-index";
import { type Atom, askerAtom, chainAtom, cooldownAtom, demandsAtoms, emergencyAtoms } from "./atoms";
import { extensionOf } from "./extension-of-who";
import { type Interval, unite } from "./intervals";

/** Policy and directory on one side of a comparison. */
export interface Side {
  readonly policy: Policy;
  readonly directory: Directory;
  readonly rules: CompiledPolicy;
  readonly people: CompiledDirectory;
}

export function sideOf(policy: Policy, directory: Directory): Side {
  return { policy, directory, rules: compilePolicy(policy), people: compileDirectory(directory) };
}

const NOBODY = compileWho({});

/** Who reviews what was opened by break-glass; null: there is none. */
export function reviewersOf({ policy: { breakGlass } }: Side): CompiledWho | null {
  return breakGlass === undefined ? null : compileWho(breakGlass.review.from);
}

/** A rule that may allow, or break-glass, as far as a comparison goes. Durations are milliseconds. */
export interface Acceptor {
  /** Null: break-glass. */
  readonly rule: CompiledAllow | null;
  readonly min: number;
  /** Of a request that names no duration. */
  readonly standard: number;
  readonly max: number;
  readonly isClamping: boolean;
  readonly hours: OpeningHours | null;
  readonly needs: readonly Atom[];
  /** Not asked of an extension. */
  readonly cooldown: readonly Atom[];
  /** Null: nobody may ask for the person. */
  readonly asker: Atom | null;
  readonly extensions: { readonly chain: Atom; readonly upTo: number } | null;
  /** When `who` matches the person; null: always. */
  readonly duty: readonly Interval[] | null;
  /** Equal for rules that mean the same, their `duty` apart. */
  readonly key: string;
}

/** A deny rule whose `who` matches the person at some instants. */
export interface Denier {
  readonly rule: CompiledDeny;
  readonly duty: readonly Interval[] | null;
  readonly key: string;
}

/** What one person stands before, for one role in one environment. */
export interface Standing {
  readonly target: Target;
  readonly acceptors: readonly Acceptor[];
  readonly deniers: readonly Denier[];
  readonly emergency: Acceptor | null;
  /** Deny rules that break-glass doesn't pass. */
  readonly emergencyDeniers: readonly Denier[];
  /** Whether anybody may ask for anybody. */
  readonly isOpenToAskers: boolean;
  /** Equal for standings that mean the same, the target apart. */
  readonly key: string;
}

/** Null: there is nothing to have, whatever is asked (the person, the role there or the login is missing, or no rule matches ever). */
export function standingOf(side: Side, person: string, role: string, environment: string): Standing | null {
  const { people, rules } = side;
  const [known, target] = [people.people.get(person), rules.targets.get(role)?.get(environment)];
  if (known === undefined || target === undefined || !known.kinds.has(target.kind)) return null;
  const cell = meaningOf(side, role, environment);
  const dutyOf = (who: CompiledWho) => dutyIn(who, people, person, known);
  const acceptors = withDuties(cell.acceptors, ({ rule }) => (rule === null ? [] : dutyOf(rule.who)));
  const deniers = withDuties(cell.deniers, ({ rule }) => dutyOf(rule.who));
  const { breakGlass } = rules;
  const emergencies = breakGlass === null ? [] : withDuties(cell.emergency, () => dutyOf(breakGlass.who));
  if (acceptors.length === 0 && emergencies.length === 0) return null;
  const all = [...acceptors, ...emergencies, ...deniers];
  return {
    target,
    acceptors,
    deniers,
    emergency: emergencies[0] ?? null,
    emergencyDeniers: deniers.filter(({ rule }) => !rule.isPassable),
    isOpenToAskers: rules.proof === "none",
    key: all.map(keyWithDuty).join("\n"),
  };
}

export function keyWithDuty({
  duty,
  key,
}: {
  readonly duty: readonly Interval[] | null;
  readonly key: string;
}): string {
  return duty === null ? key : `${key} ${JSON.stringify(duty)}`;
}

/** Whether whoever is the same on both sides stands before the same there. */
export function isSamePlace(one: Side, other: Side, role: string, environment: string): boolean {
  return meaningOf(one, role, environment).key === meaningOf(other, role, environment).key;
}

export function isSame(one: Standing | null, other: Standing | null): boolean {
  return one?.key === other?.key && isSameTarget(one, other);
}

/** Also where there is none on one side. */
export function isSameTarget(one: Standing | null, other: Standing | null): boolean {
  return one === null || other === null || targetKey(one.target) === targetKey(other.target);
}

function targetKey({ connection, kind, role }: Target): string {
  return JSON.stringify([kind, connection, role]);
}

/** Those whose `who` ever matches, with when it does. */
function withDuties<Rule extends { readonly duty: readonly Interval[] | null }>(
  all: readonly Rule[],
  dutyOf: (rule: Rule) => readonly Interval[] | null,
): readonly Rule[] {
  const matching: Rule[] = [];
  for (const rule of all) {
    const duty = dutyOf(rule);
    if (duty === null) matching.push(rule);
    else if (duty.length > 0) matching.push({ ...rule, duty });
  }
  return matching;
}

/** The rules of a role in an environment, for whoever matches them always. */
interface CellMeaning {
  readonly acceptors: readonly Acceptor[];
  readonly deniers: readonly Denier[];
  /** None or one. */
  readonly emergency: readonly Acceptor[];
  /** Equal where the same people stand before the same. */
  readonly key: string;
}

const meanings = new WeakMap<Side, Map<string, CellMeaning>>();

function meaningOf(side: Side, role: string, environment: string): CellMeaning {
  const known = meanings.get(side) ?? new Map<string, CellMeaning>();
  meanings.set(side, known);
  const key = `${role} ${environment}`;
  const found = known.get(key) ?? makeMeaning(side, role, environment);
  known.set(key, found);
  return found;
}

function makeMeaning(side: Side, role: string, environment: string): CellMeaning {
  const { rules } = side;
  const cell = cellOf(rules, role, environment);
  const { breakGlass } = rules;
  const isEmergency =
    breakGlass !== null && names(breakGlass.roles, role) && names(breakGlass.environments, environment);
  const acceptors = cell.allows.all.map((rule) => acceptorOf(side, rule, environment));
  const deniers = cell.denies.all.map((rule) => ({ rule, duty: null, key: denierKey(rule) }));
  const emergency = isEmergency ? [emergencyAcceptor(side, breakGlass, environment)] : [];
  const whos = [...cell.allows.all, ...cell.denies.all, ...(isEmergency ? [breakGlass] : [])].map(
    ({ who }) => who.written,
  );
  const target = rules.targets.get(role)?.get(environment);
  const keys = [...acceptors, ...deniers, ...emergency].map(({ key }) => key);
  return { acceptors, deniers, emergency, key: JSON.stringify([target, whos, keys]) };
}

const NEVER: readonly Interval[] = [];

/** When a person is meant: null: always, none: never. */
function dutyIn(
  who: CompiledWho,
  people: CompiledDirectory,
  person: string,
  known: Person,
): readonly Interval[] | null {
  if (who.isEveryone || who.people.has(person) || hasOneOf(known.jobFunctions, who.jobFunctions)) return null;
  if (who.onCall.length === 0) return NEVER;
  return unite(who.onCall.flatMap((schedule) => people.onCall.get(schedule)?.get(person) ?? []));
}

function acceptorOf({ people, rules }: Side, rule: CompiledAllow, environment: string): Acceptor {
  const max = cappedMax(rule.max, rules, environment).max.milliseconds;
  const { extensions } = rule;
  return withKey({
    rule,
    min: rule.min.milliseconds,
    standard: rule.standard?.milliseconds ?? max,
    max,
    isClamping: rule.isClamping,
    hours: rule.hours,
    needs: demandsAtoms(rule, people),
    cooldown: cooldownAtom(rule),
    asker: askerAtom(rule, people),
    extensions: extensions === null ? null : { chain: chainAtom(extensions.max), upTo: extensions.upTo.milliseconds },
    duty: null,
  });
}

function emergencyAcceptor(side: Side, breakGlass: CompiledBreakGlass, environment: string): Acceptor {
  const { people, rules } = side;
  const max = cappedMax(breakGlass.max, rules, environment).max.milliseconds;
  return withKey({
    rule: null,
    min: 0,
    standard: max,
    max,
    isClamping: false,
    hours: null,
    needs: emergencyAtoms(breakGlass, extensionOf(reviewersOf(side) ?? NOBODY, people)),
    cooldown: [],
    asker: null,
    extensions: null,
    duty: null,
  });
}

function withKey(acceptor: Omit<Acceptor, "key">): Acceptor {
  const { asker, cooldown, extensions, hours, isClamping, max, min, needs, rule, standard } = acceptor;
  const key = JSON.stringify([
    rule?.id ?? "breakGlass",
    [min, standard, max, isClamping],
    hours === null ? null : hoursKey(hours),
    needs.map((need) => need.key).sort(),
    cooldown.map((need) => need.key),
    asker?.key ?? null,
    extensions === null ? null : [extensions.chain.key, extensions.upTo],
  ]);
  return { ...acceptor, key };
}

function denierKey({ during, hours, isPassable }: CompiledDeny): string {
  return JSON.stringify(["deny", during, hours?.text ?? null, isPassable]);
}

export function hoursKey({ isHold, text }: OpeningHours): string {
  return `${text}${isHold ? " hold" : ""}`;
}
