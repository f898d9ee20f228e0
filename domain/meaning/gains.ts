// SPDX-License-Identifier: Apache-2.0
import { type Atom, implies } from "./atoms";
import type { Frames, Moment, TimeParts } from "./frames";
import { type Interval, unite } from "./intervals";
import { type Acceptor, type Denier, isSame, isSameTarget, keyWithDuty, type Standing } from "./standing";

/** Where a comparison found something. */
export interface Times {
  /** Whether it is so whenever there is anything to have. */
  readonly isAlways: boolean;
  /** United; the last may end at infinity. */
  readonly intervals: readonly Interval[];
}

/** Which requests are compared: those of everyday, or break-glass ones. */
export type Door = "rules" | "breakGlass";

/**
 * The instants at which some request is allowed by `after`, and not, or not as long, by `before`; null: none is. Exact where `implies`
 * of the atoms is; never fewer than there are. NB. What is known of earlier grants is the same on both sides; limits, proofs and who
 * approves are compared elsewhere.
 */
export function gainsOf(before: Standing | null, after: Standing | null, door: Door, frames: Frames): Times | null {
  if (after === null || isSame(before, after)) return null;
  const [old, now] = [viewOf(isSameTarget(before, after) ? before : null, door), viewOf(after, door)];
  if (now.acceptors.length === 0 || isNoMore(now, old)) return null;
  const parts = partsOf(old, now);
  const seen = new Map<string, Gain | null>();
  const gains: Interval[] = [];
  let isAlways = true;
  for (const moment of frames.momentsOf(parts.times)) {
    const [one, other] = [openOf(old, parts, moment), openOf(now, parts, moment)];
    const key = `${moment.length} ${keyOf(one)} ${keyOf(other)}`;
    const known = seen.get(key);
    const gain = known === undefined ? gainAt(one, other, moment.length) : known;
    seen.set(key, gain);
    if (gain !== "all" && givesSomething(other)) isAlways = false;
    if (gain === "all") gains.push(...moment.intervals);
    else if (gain === "end") gains.push(...moment.intervals.map((each) => endOf(each, parts.times.longest)));
  }
  return gains.length === 0 ? null : { isAlways, intervals: unite(gains) };
}

/** At which of the instants of a moment somebody gains: all that are looked at, or only those near its end, where a grant is cut. */
type Gain = "all" | "end";

function endOf({ from, to }: Interval, longest: number): Interval {
  return { from: Math.max(from, to - longest), to };
}

/** One side of the comparison. */
interface View {
  readonly acceptors: readonly Acceptor[];
  readonly deniers: readonly Denier[];
  readonly isOpenToAskers: boolean;
}

function viewOf(standing: Standing | null, door: Door): View {
  if (standing === null) return { acceptors: [], deniers: [], isOpenToAskers: false };
  const { isOpenToAskers } = standing;
  if (door === "rules") return { acceptors: standing.acceptors, deniers: standing.deniers, isOpenToAskers };
  const acceptors = standing.emergency === null ? [] : [standing.emergency];
  return { acceptors, deniers: standing.emergencyDeniers, isOpenToAskers };
}

/** Whether it is plain that one side gives nothing that the other doesn't: the same rules, and no deny rule less. */
function isNoMore(one: View, other: View): boolean {
  const keys = ({ acceptors }: View) => acceptors.map(keyWithDuty).join("\n");
  const denied = new Set(one.deniers.map(keyWithDuty));
  return keys(one) === keys(other) && other.deniers.every((denier) => denied.has(keyWithDuty(denier)));
}

/** The times of both sides, and where each of them stands among them. */
interface Parts {
  readonly times: TimeParts;
  readonly hoursAt: ReadonlyMap<string, number>;
  readonly dutyAt: ReadonlyMap<readonly Interval[], number>;
  readonly denialAt: ReadonlyMap<Denier, number>;
}

function partsOf(...views: readonly View[]): Parts {
  const acceptors = views.flatMap((view) => view.acceptors);
  const deniers = views.flatMap((view) => view.deniers);
  const byText = new Map<string, TimeParts["hours"][number]>();
  for (const { hours } of acceptors) {
    if (hours === null) continue;
    byText.set(hours.text, { hours, isHold: hours.isHold || byText.get(hours.text)?.isHold === true });
  }
  const duties = [...new Set([...acceptors, ...deniers].flatMap(({ duty }) => (duty === null ? [] : [duty])))];
  return {
    times: {
      hours: [...byText.values()],
      denials: deniers.map(({ rule }) => rule),
      duties,
      longest: Math.max(...acceptors.map(({ max }) => max)),
    },
    hoursAt: new Map([...byText.keys()].map((text, index) => [text, index])),
    dutyAt: new Map(duties.map((duty, index) => [duty, index])),
    denialAt: new Map(deniers.map((denier, index) => [denier, index])),
  };
}

/** What is open at a moment. Ends are milliseconds from its beginning. */
interface Open {
  readonly isOpenToAskers: boolean;
  /** The next instant at which access would be denied; 0: it is. */
  readonly end: number;
  /** `closing` is null where the hours are closed. */
  readonly acceptors: readonly { readonly acceptor: Acceptor; readonly closing: number | null }[];
}

function openOf(
  { acceptors, deniers, isOpenToAskers }: View,
  { denialAt, dutyAt, hoursAt }: Parts,
  moment: Moment,
): Open {
  const isOn = ({ duty }: Acceptor | Denier) => duty === null || moment.duties[dutyAt.get(duty) ?? -1] === true;
  const ends = deniers.filter(isOn).map((denier) => moment.denials[denialAt.get(denier) ?? -1] ?? 0);
  return {
    isOpenToAskers,
    end: Math.min(Number.POSITIVE_INFINITY, ...ends),
    acceptors: acceptors.filter(isOn).map((acceptor) => {
      const { hours } = acceptor;
      if (hours === null) return { acceptor, closing: Number.POSITIVE_INFINITY };
      const closing = moment.closings[hoursAt.get(hours.text) ?? -1] ?? null;
      return { acceptor, closing: closing === null || hours.isHold ? closing : Number.POSITIVE_INFINITY };
    }),
  };
}

function givesSomething({ acceptors, end }: Open): boolean {
  return end > 0 && acceptors.some(({ closing }) => closing !== null);
}

function keyOf({ acceptors, end }: Open): string {
  return `${end} ${acceptors.map(({ acceptor, closing }) => `${acceptor.rule?.order ?? -1}:${closing}`).join()}`;
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
function gainAt(before: Open, after: Open, length: number): Gain | null {
  if (after.end === 0) return null;
  if (isGainAt(before, after, 0)) return "all";
  // Between the first and the last instant both are the lesser of a length and what is left until an end: if one ever is longer, then
  // it is at the first or at the last.
  return length !== Number.POSITIVE_INFINITY && isGainAt(before, after, length - 1) ? "end" : null;
}

/** `start`: the instant, told from the moment's beginning. */
function isGainAt(before: Open, after: Open, start: number): boolean {
  const all = [...before.acceptors, ...after.acceptors].map(({ acceptor }) => acceptor);
  // Where one side lets anybody ask for anybody, that the other doesn't is told of the proof.
  const others = !before.isOpenToAskers && !after.isOpenToAskers && all.some(({ asker }) => asker !== null);
  const extensions = after.acceptors.some(({ acceptor }) => acceptor.extensions !== null);
  const durations = durationsOf(all);
  for (const isExtension of extensions ? [false, true] : [false]) {
    for (const isByAnother of others ? [false, true] : [false]) {
      if (isGainIn({ isByAnother, isExtension }, before, after, durations, start)) return true;
    }
  }
  return false;
}

function isGainIn(
  manner: Manner,
  before: Open,
  after: Open,
  durations: readonly (number | null)[],
  start: number,
): boolean {
  const [old, now] = [takersOf(before, manner), takersOf(after, manner)];
  if (now.length === 0) return false;
  const atoms = new Atoms([...old, ...now].flatMap(({ needs, chain }) => (chain === null ? needs : [...needs, chain])));
  const [olds, nows] = [old.map((taker) => atoms.masked(taker)), now.map((taker) => atoms.masked(taker))];
  const sets = decisiveSets(olds, nows);
  if (sets === null) return true;
  for (const met of sets) {
    const takesIt = ({ needs }: MaskedTaker) => (met & needs) === needs;
    const [oldsHere, nowsHere] = [olds.filter(takesIt), nows.filter(takesIt)];
    for (const duration of durations) {
      const given = givenBy(nowsHere, duration, met, after.end);
      if (given === null) continue;
      const earlier = before.end === 0 ? null : givenBy(oldsHere, duration, met, before.end);
      if (earlier === null || lastsFrom(given, start) > lastsFrom(earlier, start)) return true;
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

function takersOf({ acceptors }: Open, { isByAnother, isExtension }: Manner): readonly Taker[] {
  return acceptors.flatMap(({ acceptor, closing: untilClosing }): Taker[] => {
    const [isOpen, closing] = [untilClosing !== null, untilClosing ?? Number.POSITIVE_INFINITY];
    const { asker, cooldown, extensions, hours } = acceptor;
    const needs = [...acceptor.needs];
    if (isByAnother) {
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

type MaskedTaker = ReturnType<Atoms["masked"]>;

/** Atoms as bits: each stands for itself and all that it implies. */
class Atoms {
  readonly #closed: ReadonlyMap<string, bigint>;

  constructor(all: readonly Atom[]) {
    const atoms = [...new Map(all.map((atom) => [atom.key, atom])).values()];
    const masks = atoms.map((atom) =>
      atoms.reduce((mask, other, bit) => (implies(atom, other) ? mask | (1n << BigInt(bit)) : mask), 0n),
    );
    // What is implied in two steps, too.
    for (const [bit, through] of masks.entries()) {
      for (const [index, mask] of masks.entries()) {
        if ((mask & (1n << BigInt(bit))) !== 0n) masks[index] = mask | through;
      }
    }
    this.#closed = new Map(atoms.map(({ key }, index) => [key, masks[index] ?? 0n]));
  }

  masked({ acceptor, chain, closing, needs, upTo }: Taker) {
    const mask = (atoms: readonly Atom[]) => atoms.reduce((bits, { key }) => bits | (this.#closed.get(key) ?? 0n), 0n);
    return { acceptor, closing, upTo, needs: mask(needs), chain: chain === null ? 0n : mask([chain]) };
  }
}

/** More sets than this aren't looked at: whatever is allowed then counts as a gain. */
const MOST_SETS = 10_000;

/**
 * What requests meet, as far as it can make a difference; null: too many. INVARIANT (two rules decide): where a request is given more than
 * before, one that meets only what the rule asks that gives it, and the one that gave it before (if any did), is given more too: of
 * the other rules, those that didn't take the first don't take one that meets less.
 */
function decisiveSets(olds: readonly MaskedTaker[], nows: readonly MaskedTaker[]): ReadonlySet<bigint> | null {
  const before = new Set([0n, ...olds.map(({ needs }) => needs)]);
  const after = new Set(nows.map(({ chain, needs }) => needs | chain));
  if (before.size * after.size > MOST_SETS) return null;
  return new Set([...after].flatMap((now) => [...before].map((old) => now | old)));
}

/** Of those whose needs are met the first that takes it decides; an extension isn't passed on to the next. Null: refused. */
function givenBy(takers: readonly MaskedTaker[], duration: number | null, met: bigint, end: number): Given | null {
  for (const { acceptor, chain, closing, upTo } of takers) {
    const { isClamping, max, min, standard } = acceptor;
    const asked = duration ?? standard;
    if (asked < min || (asked > max && !isClamping)) continue;
    const length = Math.min(asked, max);
    return length > upTo || (met & chain) !== chain ? null : { length, end: Math.min(closing, end) };
  }
  return null;
}

function lastsFrom({ end, length }: Given, start: number): number {
  return Math.min(length, end - start);
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
