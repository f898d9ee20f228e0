// SPDX-License-Identifier: Apache-2.0
import {
  type ClosedRule,
  closedRules,
  type Demands,
  type Directory,
  dutiesAt,
  environmentsOf,
  formatDuration,
  formatInstant,
  type Instant,
  jobFunctionsOf,
  type Offer,
  offersOf,
  type Policy,
  type Violation,
} from "@elevation/domain";
import type { JournalView } from "@elevation/journal";

/** What is asked of the documents. */
export interface PersonQuestion {
  readonly policy: Policy;
  readonly directory: Directory;
  readonly person: string;
  readonly at: Instant;
  /** Null: what was granted before is not known. */
  readonly past: JournalView | null;
  /** Null: all. */
  readonly role: string | null;
  readonly environment: string | null;
}

/** What `elevate explain PERSON --json` prints (design §8): fields are added, never changed. */
export interface PersonReport {
  readonly person: string;
  readonly name: string | null;
  readonly at: string;
  /** Whether live grants, cooldowns, limits and reviews are among the obstacles. */
  readonly journal: boolean;
  /** Through `includes` too. */
  readonly jobFunctions: readonly string[];
  readonly onCall: readonly { readonly schedule: string; readonly until: string }[];
  readonly access: readonly AccessReport[];
}

/** A role in an environment. Without `--role` only where a rule matches the person. */
export interface AccessReport {
  readonly role: string;
  readonly environment: string;
  /** Whether a request that meets the demands of one of them would be allowed. */
  readonly possible: boolean;
  readonly offers: readonly OfferReport[];
  /** Rules that give it to others; only with `--role` and `--environment`. */
  readonly notFor?: readonly { readonly rule: string; readonly who: string; readonly onCallFrom: string | null }[];
  /** The nearest thing to do; only with `--role` and `--environment`. */
  readonly nearest?: string;
}

export interface OfferReport {
  readonly rule: string;
  readonly possible: boolean;
  readonly longest: string | null;
  readonly expiresAt: string | null;
  /** When it is possible, if only its time isn't now; null where that is not in sight. */
  readonly possibleFrom: string | null;
  readonly demands: Demands;
  readonly obstacles: readonly Violation[];
  /** Rules before it that take each request that it would allow, and demand nothing more: it is not possible then. */
  readonly takenBy: readonly string[];
}

export function explainPerson(question: PersonQuestion): PersonReport {
  const { at, directory, environment, past, person, policy, role } = question;
  const cells = Object.entries(policy.roles)
    .filter(([name]) => role === null || name === role)
    .flatMap(([name, { targets }]) => Object.keys(targets).map((where) => ({ role: name, environment: where })))
    .filter((cell) => environment === null || cell.environment === environment);
  const isAsked = role !== null && environment !== null;
  const access = cells
    .map((cell) => accessOf(question, cell, isAsked))
    .filter(({ offers }) => isAsked || offers.length > 0);
  if (isAsked && role !== null && environment !== null && cells.length === 0)
    access.push(nowhere(role, environment, policy));
  return {
    person,
    name: directory.people[person]?.name ?? null,
    at: formatInstant(at),
    journal: past !== null,
    jobFunctions: jobFunctionsOf(directory, person),
    onCall: dutiesAt(directory, person, at).map(({ schedule, until }) => ({ schedule, until: formatInstant(until) })),
    access,
  };
}

/** An offer for programs. */
export function offerReport({
  demands,
  expiresAt,
  longest,
  obstacles,
  possibleFrom,
  rule,
  takenBy,
}: Offer): OfferReport {
  return {
    rule,
    possible: expiresAt !== null,
    longest: expiresAt === null ? null : formatDuration(longest),
    expiresAt: textOf(expiresAt),
    possibleFrom: textOf(possibleFrom),
    demands,
    obstacles,
    takenBy,
  };
}

interface Place {
  readonly role: string;
  readonly environment: string;
}

function accessOf(question: PersonQuestion, place: Place, isAsked: boolean): AccessReport {
  const { at, directory, past, person, policy } = question;
  const wish = { ...place, person, at, live: past?.live ?? [], history: past?.history ?? [] };
  const offers = offersOf(policy, directory, wish);
  const report = {
    ...place,
    possible: offers.some(({ expiresAt }) => expiresAt !== null),
    offers: offers.map(offerReport),
  };
  if (!isAsked) return report;
  const closed = closedRules(policy, directory, wish);
  const notFor = closed.map(({ onCallFrom, rule, who }) => ({ rule, who, onCallFrom: textOf(onCallFrom) }));
  return { ...report, notFor, nearest: nearest(question, place, offers, closed) };
}

function nowhere(role: string, environment: string, policy: Policy): AccessReport {
  const there = Object.keys(policy.roles[role]?.targets ?? {});
  const instead = there.length === 0 ? "it is nowhere" : `ask for it in ${there.join(" or ")}`;
  const nearest = `${role} does not exist in ${environment}: ${instead}`;
  return { role, environment, possible: false, offers: [], notFor: [], nearest };
}

/** What to do first, of what helps. */
function nearest(
  question: PersonQuestion,
  place: Place,
  offers: readonly Offer[],
  closed: readonly ClosedRule[],
): string {
  const open = offers.filter(({ expiresAt }) => expiresAt !== null);
  const [best] = open.sort((one, other) => other.longest - one.longest);
  if (best !== undefined) return `ask for up to ${formatDuration(best.ask)} by ${best.rule}`;
  const soon = earliest(offers, ({ possibleFrom }) => possibleFrom);
  if (soon !== null) return `ask by ${soon.item.rule} from ${formatInstant(soon.at)} on`;
  const [fewest] = offers
    .filter(({ obstacles }) => obstacles.length > 0)
    .sort((one, other) => one.obstacles.length - other.obstacles.length);
  if (fewest !== undefined) return fewest.obstacles.map(({ message }) => message).join("; ");
  const duty = earliest(closed, ({ onCallFrom }) => onCallFrom);
  if (duty !== null) return `wait to be on call from ${formatInstant(duty.at)} on, for ${duty.item.rule}`;
  const elsewhere = environmentsOf(question.policy, question.directory, { ...question, role: place.role });
  if (elsewhere.length > 0) return `ask for it in ${elsewhere.join(" or ")}`;
  const [first] = closed;
  if (first === undefined) return "no rule gives it to anybody: ask whoever keeps the policy";
  return `become one of those that a rule is for (${first.rule}: ${first.who}): ask whoever keeps the directory`;
}

function earliest<T>(items: readonly T[], instantOf: (item: T) => Instant | null): { item: T; at: Instant } | null {
  const found = items.flatMap((item) => {
    const at = instantOf(item);
    return at === null ? [] : [{ item, at }];
  });
  return found.sort((one, other) => one.at - other.at)[0] ?? null;
}

function textOf(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant);
}
