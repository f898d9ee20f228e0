// SPDX-License-Identifier: Apache-2.0
import type { OpeningHours } from "../hours";
import { windowsBetween } from "../hours";
import type { Instant } from "../instant";
import { DAY } from "../zone-time";
import { type Atom, implies } from "./atoms";
import { firstAfter, holds, type Interval, intersect, unite } from "./intervals";
import { type Acceptor, type Denier, hoursKey, type Standing, targetKey } from "./standing";

/** Opening hours are compared window by window for so long, which holds all changes of clocks of a year. */
export const COMPARED = 400 * DAY;
/** And so long before and after any other instant at which something changes. */
const AROUND = 8 * DAY;
/** A grant is looked after so long beyond the last instant at which it may begin. */
const BEYOND = 40 * DAY;
const ALWAYS: readonly Interval[] = [{ from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }];

/** Where a comparison found something: all of the time that it looked at, or some of it. */
export interface Times {
  readonly isAlways: boolean;
  /** United; the last may end at infinity. */
  readonly intervals: readonly Interval[];
}

/** Which requests are compared: those of everyday, or break-glass ones. */
export type Door = "rules" | "breakGlass";

/**
 * The instants, from `at` on, at which some request is allowed by `after`, and not, or not as long, by `before`; null: none is. Exact
 * where `implies` of the atoms is; never fewer than there are. NB. What is known of earlier grants and limits is the same on both sides.
 */
export function gainsOf(before: Standing | null, after: Standing | null, door: Door, at: Instant): Times | null {
  if (after === null || after.key === before?.key) return null;
  const isOtherTarget = before !== null && targetKey(before.target) !== targetKey(after.target);
  const [old, now] = [viewOf(isOtherTarget ? null : before, door), viewOf(after, door)];
  if (now.acceptors.length === 0) return null;
  return new Comparison(old, now, at).find();
}

/** One side of the comparison. */
interface View {
  readonly acceptors: readonly Acceptor[];
  readonly deniers: readonly Denier[];
  /** Whether anybody may ask for anybody. */
  readonly isOpenToAskers: boolean;
}

function viewOf(standing: Standing | null, door: Door): View {
  if (standing === null) return { acceptors: [], deniers: [], isOpenToAskers: false };
  const isOpenToAskers = standing.proof === "none";
  if (door === "rules") return { acceptors: standing.acceptors, deniers: standing.deniers, isOpenToAskers };
  const acceptors = standing.emergency === null ? [] : [standing.emergency];
  return { acceptors, deniers: standing.emergencyDeniers, isOpenToAskers };
}

/** A stretch of time in which nothing opens, closes, begins or ends; its instants are told from its beginning. */
interface Moment {
  readonly length: number;
  readonly before: Open;
  readonly after: Open;
}

/** What is open then. Ends are milliseconds from the moment's beginning. */
interface Open {
  readonly isDenied: boolean;
  readonly isOpenToAskers: boolean;
  /** The next instant at which access would be denied. */
  readonly end: number;
  readonly acceptors: readonly { readonly acceptor: Acceptor; readonly isOpen: boolean; readonly closing: number }[];
}

class Comparison {
  readonly #before: View;
  readonly #after: View;
  readonly #at: Instant;
  readonly #longest: number;
  readonly #domain: readonly Interval[];
  readonly #points: readonly Instant[];
  readonly #windows = new Map<string, readonly Interval[]>();
  readonly #denied = new Map<Denier["rule"], readonly Interval[]>();

  constructor(before: View, after: View, at: Instant) {
    this.#before = before;
    this.#after = after;
    this.#at = at;
    this.#longest = Math.max(...[...before.acceptors, ...after.acceptors].map(({ max }) => max));
    const { domain, points } = this.#times();
    [this.#domain, this.#points] = [domain, points];
  }

  find(): Times | null {
    const seen = new Map<string, boolean>();
    const gains: Interval[] = [];
    let isAlways = true;
    for (const [index, from] of this.#points.entries()) {
      if (!holds(this.#domain, from)) continue;
      const to = this.#points[index + 1] ?? Number.POSITIVE_INFINITY;
      const moment = this.#momentOf(from, to);
      const key = keyOf(moment);
      const isGain = seen.get(key) ?? isGainAt(moment);
      seen.set(key, isGain);
      if (isGain) gains.push({ from, to });
      else isAlways = false;
    }
    return gains.length === 0 ? null : { isAlways, intervals: unite(gains) };
  }

  /** The instants at which anything changes, and the stretches in which the hours are known. */
  #times(): { readonly domain: readonly Interval[]; readonly points: readonly Instant[] } {
    const at = this.#at;
    const sides = [this.#before, this.#after];
    const fixed = sides.flatMap(({ acceptors, deniers }) => [
      ...[...acceptors, ...deniers].flatMap(({ duty }) => duty ?? []),
      ...deniers.flatMap(({ rule: { during } }) => (during === null ? [] : [during])),
    ]);
    const ends = fixed.flatMap(({ from, to }) => [from, to]).filter((end) => end > at);
    const hours = this.#hours();
    if (hours.length === 0) return { domain: ALWAYS, points: inOrder([at, ...ends]) };
    const domain = unite([
      { from: at, to: at + COMPARED },
      ...ends.map((end) => ({ from: Math.max(at, end - AROUND), to: end + AROUND })),
    ]);
    const windows = hours.flatMap((each) => windowsOf(each, domain));
    const edges = [...domain, ...windows].flatMap(({ from, to }) => [from, to]);
    return { domain, points: inOrder([at, ...ends, ...edges].filter((point) => point >= at)) };
  }

  #hours(): readonly OpeningHours[] {
    const all = [this.#before, this.#after].flatMap(({ acceptors, deniers }) => [
      ...acceptors.map(({ hours }) => hours),
      ...deniers.map(({ rule }) => rule.hours),
    ]);
    return [...new Map(all.flatMap((hours) => (hours === null ? [] : [[hoursKey(hours), hours] as const]))).values()];
  }

  #momentOf(from: Instant, to: Instant): Moment {
    const open = (view: View) => this.#openOf(view, from, to);
    return { length: to - from, before: open(this.#before), after: open(this.#after) };
  }

  #openOf({ acceptors, deniers, isOpenToAskers }: View, from: Instant, to: Instant): Open {
    // What comes later than a grant can last makes no difference.
    const far = to - from + this.#longest;
    const near = (instant: Instant) => (instant - from > far ? Number.POSITIVE_INFINITY : instant - from);
    const matching = deniers.filter(({ duty }) => duty === null || holds(duty, from));
    const next = matching.map(({ rule }) => firstAfter(this.#denials(rule), from)?.from ?? Number.POSITIVE_INFINITY);
    const end = Math.min(Number.POSITIVE_INFINITY, ...next);
    return {
      isDenied: end <= from,
      end: end <= from ? 0 : near(end),
      isOpenToAskers,
      acceptors: acceptors
        .filter(({ duty }) => duty === null || holds(duty, from))
        .map((acceptor) => {
          const { hours } = acceptor;
          if (hours === null) return { acceptor, isOpen: true, closing: Number.POSITIVE_INFINITY };
          const window = firstAfter(this.#open(hours), from);
          const isOpen = window !== null && window.from <= from;
          return { acceptor, isOpen, closing: isOpen && hours.isHold ? near(window.to) : Number.POSITIVE_INFINITY };
        }),
    };
  }

  /** The windows of hours wherever they are known. */
  #open(hours: OpeningHours): readonly Interval[] {
    const key = hoursKey(hours);
    const found = this.#windows.get(key) ?? unite(windowsOf(hours, this.#domain));
    this.#windows.set(key, found);
    return found;
  }

  #denials(rule: Denier["rule"]): readonly Interval[] {
    const found = this.#denied.get(rule);
    if (found !== undefined) return found;
    const hours = rule.hours === null ? ALWAYS : this.#open(rule.hours);
    const denials = intersect(rule.during === null ? ALWAYS : [rule.during], hours);
    this.#denied.set(rule, denials);
    return denials;
  }
}

/** How a request is made. */
interface Manner {
  readonly isByAnother: boolean;
  readonly isExtension: boolean;
}

/** What a rule gives to a request: a length, and an end that cuts it, from the moment's beginning. */
interface Given {
  readonly length: number;
  readonly end: number;
}

/** Whether some request at some instant of the moment is allowed after, and not, or not as long, before. */
function isGainAt({ after, before, length }: Moment): boolean {
  if (after.isDenied) return false;
  const all = [...before.acceptors, ...after.acceptors].map(({ acceptor }) => acceptor);
  const others = all.some(({ asker }) => asker !== null) || before.isOpenToAskers !== after.isOpenToAskers;
  const extensions = after.acceptors.some(({ acceptor }) => acceptor.extensions !== null);
  const durations = durationsOf(all);
  for (const isExtension of extensions ? [false, true] : [false]) {
    for (const isByAnother of others ? [false, true] : [false]) {
      if (isGainIn({ isByAnother, isExtension }, before, after, durations, length)) return true;
    }
  }
  return false;
}

function isGainIn(
  manner: Manner,
  before: Open,
  after: Open,
  durations: readonly (number | null)[],
  length: number,
): boolean {
  const [old, now] = [takersOf(before, manner), takersOf(after, manner)];
  if (now.length === 0) return false;
  const atoms = new Atoms([...old, ...now].flatMap(({ needs, chain }) => (chain === null ? needs : [...needs, chain])));
  const sets = atoms.sets();
  if (sets === null) return true;
  const [olds, nows] = [old, now].map((takers) => takers.map((taker) => atoms.masked(taker)));
  for (const met of sets) {
    for (const duration of durations) {
      const given = givenBy(nows ?? [], duration, met, after.end);
      if (given === null) continue;
      const earlier = before.isDenied ? null : givenBy(olds ?? [], duration, met, before.end);
      if (earlier === null || isLonger(given, earlier, length)) return true;
    }
  }
  return false;
}

/** A rule that may take a request of one manner, with all that it needs of it. */
interface Taker {
  readonly acceptor: Acceptor;
  readonly closing: number;
  readonly needs: readonly Atom[];
  readonly chain: Atom | null;
  /** Of an extension: the longest, -1 where there are none. Infinity for other requests. */
  readonly upTo: number;
}

function takersOf({ acceptors, isOpenToAskers }: Open, { isByAnother, isExtension }: Manner): readonly Taker[] {
  return acceptors.flatMap(({ acceptor, closing, isOpen }): Taker[] => {
    const { asker, cooldown, extensions, hours } = acceptor;
    const needs = [...acceptor.needs];
    if (isByAnother && !isOpenToAskers) {
      if (asker === null) return [];
      needs.push(asker);
    }
    if (!isExtension) {
      return isOpen
        ? [{ acceptor, closing, needs: [...needs, ...cooldown], chain: null, upTo: Number.POSITIVE_INFINITY }]
        : [];
    }
    // Its hours are judged when it is asked for, which is earlier than it begins; where they hold, at both instants.
    if (hours !== null) needs.push({ kind: "open", key: `open ${hours.text}` });
    if (hours?.isHold === true && !isOpen) return [];
    return [{ acceptor, closing, needs, chain: extensions?.chain ?? null, upTo: extensions?.upTo ?? -1 }];
  });
}

/** More atoms than this aren't combined: whatever is allowed then counts as a gain. */
const MOST_ATOMS = 14;

/** Atoms as bits, and what they imply. */
class Atoms {
  readonly #bits: ReadonlyMap<string, number>;
  readonly #closed: readonly number[];

  constructor(all: readonly Atom[]) {
    const atoms = [...new Map(all.map((atom) => [atom.key, atom])).values()];
    this.#bits = new Map(atoms.map(({ key }, index) => [key, 1 << index]));
    this.#closed =
      atoms.length > MOST_ATOMS ? [] : atoms.map((atom) => bitsOf(atoms.map((other) => implies(atom, other))));
  }

  /** Every set of atoms that a request may meet; null where there are too many. */
  sets(): readonly number[] | null {
    const count = this.#bits.size;
    if (count > MOST_ATOMS) return null;
    const all = Array.from({ length: 2 ** count }, (_, set) => set);
    return all.filter((set) => this.#closed.every((mask, bit) => (set & (1 << bit)) === 0 || (set & mask) === mask));
  }

  masked({ acceptor, chain, closing, needs, upTo }: Taker) {
    const mask = (atoms: readonly Atom[]) => atoms.reduce((bits, { key }) => bits | (this.#bits.get(key) ?? 0), 0);
    return { acceptor, closing, upTo, needs: mask(needs), chain: chain === null ? 0 : mask([chain]) };
  }
}

function bitsOf(flags: readonly boolean[]): number {
  return flags.reduce((bits, flag, index) => (flag ? bits | (1 << index) : bits), 0);
}

/** The first that takes it decides; an extension isn't passed on to the next. Null: refused. */
function givenBy(
  takers: readonly ReturnType<Atoms["masked"]>[],
  duration: number | null,
  met: number,
  end: number,
): Given | null {
  for (const { acceptor, chain, closing, needs, upTo } of takers) {
    const { isClamping, max, min, standard } = acceptor;
    const asked = duration ?? standard;
    if ((met & needs) !== needs || asked < min || (asked > max && !isClamping)) continue;
    const length = Math.min(asked, max);
    return length > upTo || (met & chain) !== chain ? null : { length, end: Math.min(closing, end) };
  }
  return null;
}

/** Whether one grant outlasts another that begins at the same instant, at some instant of a moment of that length. */
function isLonger(one: Given, other: Given, length: number): boolean {
  // Between the first and the last instant both are the lesser of a length and what is left until an end: if one ever is longer, then
  // it is at the first or at the last.
  const starts = length === Number.POSITIVE_INFINITY ? [0] : [0, length - 1];
  return starts.some((start) => Math.min(one.length, one.end - start) > Math.min(other.length, other.end - start));
}

/** Durations on both sides of every bound, and none. */
function durationsOf(acceptors: readonly Acceptor[]): readonly (number | null)[] {
  const bounds = acceptors.flatMap(({ extensions, max, min, standard }) => [
    min,
    max,
    standard,
    extensions?.upTo ?? max,
  ]);
  const around = bounds.flatMap((bound) => [bound - 1, bound, bound + 1]).filter((duration) => duration > 0);
  return [null, ...new Set(around)];
}

function keyOf({ after, before, length }: Moment): string {
  const open = ({ acceptors, end, isDenied }: Open) => [
    isDenied,
    end,
    acceptors.map(({ acceptor, closing, isOpen }) => [acceptor.rule?.order ?? -1, isOpen, closing]),
  ];
  return JSON.stringify([length, open(before), open(after)]);
}

const windows = new Map<string, readonly Interval[]>();
const MOST_WINDOWS = 1000;

function windowsOf(hours: OpeningHours, domain: readonly Interval[]): readonly Interval[] {
  return domain.flatMap(({ from, to }) => {
    const key = `${hours.text} ${from} ${to}`;
    const found = windows.get(key) ?? windowsBetween(hours, from, to + BEYOND);
    if (windows.size > MOST_WINDOWS) windows.clear();
    windows.set(key, found);
    return found;
  });
}

function inOrder(points: readonly Instant[]): readonly Instant[] {
  return [...new Set(points)].sort((one, other) => one - other);
}
