// SPDX-License-Identifier: Apache-2.0
import type { CompiledDeny } from "../compiled-policy";
import { type OpeningHours, windowsBetween } from "../hours";
import type { Instant } from "../instant";
import { DAY } from "../zone-time";
import { weeksOfEachSort } from "./calendar-weeks";
import { firstAfter, holds, type Interval, intersect, unite } from "./intervals";

/** Opening hours are compared window by window for so long; of what comes later, weeks of each sort. */
export const COMPARED = 400 * DAY;
/** And so long after any other instant at which something changes, and before it, beside the longest grant. */
const AROUND = 8 * DAY;
/** A grant is looked after so long beyond the last instant at which it may begin. */
const BEYOND = 40 * DAY;
/** What comes later than any grant can last makes no difference; in few steps, so that frames are shared. */
const HORIZONS = [DAY, 8 * DAY, 40 * DAY, Number.POSITIVE_INFINITY];
const ALWAYS: readonly Interval[] = [{ from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }];

/** Everything whose times matter to a comparison. */
export interface TimeParts {
  /** Each text once. `isHold`: whether closing times matter. */
  readonly hours: readonly { readonly hours: OpeningHours; readonly isHold: boolean }[];
  readonly denials: readonly CompiledDeny[];
  readonly duties: readonly (readonly Interval[])[];
  /** The longest grant, in milliseconds. */
  readonly longest: number;
}

/** Stretches of time of one sort, in which nothing opens, closes, begins or ends. Lists are in the order of the {@link TimeParts}. */
export interface Moment {
  readonly length: number;
  /** Milliseconds from its beginning to closing time, infinite where that makes no difference; null: closed. */
  readonly closings: readonly (number | null)[];
  /** Milliseconds from its beginning to the next instant that is denied; 0: it is itself. */
  readonly denials: readonly number[];
  readonly duties: readonly boolean[];
  readonly intervals: Interval[];
}

/** The moments of a comparison from an instant on; those that are asked for again are remembered. */
export class Frames {
  readonly #at: Instant;
  readonly #known = new Map<string, readonly Moment[]>();
  readonly #windows = new Map<string, readonly Interval[]>();

  constructor(at: Instant) {
    this.#at = at;
  }

  momentsOf(parts: TimeParts): readonly Moment[] {
    const horizon = HORIZONS.find((each) => each >= parts.longest) ?? Number.POSITIVE_INFINITY;
    const key = JSON.stringify([
      horizon,
      parts.hours.map(({ hours, isHold }) => [hours.text, isHold]),
      parts.denials.map(({ during, hours }) => [during, hours?.text]),
      parts.duties,
    ]);
    const found = this.#known.get(key) ?? this.#make(parts, horizon);
    this.#known.set(key, found);
    return found;
  }

  #make({ denials, duties, hours }: TimeParts, horizon: number): readonly Moment[] {
    const ends = [...duties.flat(), ...denials.flatMap(({ during }) => during ?? [])].flatMap(({ from, to }) => [
      from,
      to,
    ]);
    const timed = [...hours.map((each) => each.hours), ...denials.flatMap((rule) => rule.hours ?? [])];
    const domain = this.#domain(ends, timed, Math.min(horizon, BEYOND));
    const windows = timed.map((each) => this.#windowsOf(each, domain));
    const edges = [...(timed.length > 0 ? domain : []), ...windows.flat()].flatMap(({ from, to }) => [from, to]);
    const denied = denials.map((rule) => this.#denialsOf(rule, domain));
    const points = [...new Set([this.#at, ...ends, ...edges])].filter((point) => point >= this.#at);
    points.sort((one, other) => one - other);
    const moments = new Map<string, Moment>();
    for (const [index, from] of points.entries()) {
      if (!holds(domain, from)) continue;
      const to = points[index + 1] ?? Number.POSITIVE_INFINITY;
      const far = to - from + horizon;
      const near = (instant: Instant) =>
        instant - from > far ? Number.POSITIVE_INFINITY : Math.max(0, instant - from);
      const sort = {
        length: to - from,
        closings: hours.map(({ isHold }, each) => {
          const window = firstAfter(windows[each] ?? [], from);
          if (window === null || window.from > from) return null;
          return isHold ? near(window.to) : Number.POSITIVE_INFINITY;
        }),
        denials: denied.map((times) => near(firstAfter(times, from)?.from ?? Number.POSITIVE_INFINITY)),
        duties: duties.map((times) => holds(times, from)),
      };
      // An infinite number is null there, and a closed window its own word.
      const key = JSON.stringify({ ...sort, closings: sort.closings.map((closing) => closing ?? "closed") });
      const moment = moments.get(key) ?? { ...sort, intervals: [] };
      moment.intervals.push({ from, to });
      moments.set(key, moment);
    }
    return [...moments.values()];
  }

  /**
   * Where the hours are looked at; everywhere, if there are none. INVARIANT (each sort): between two ends nothing but hours begins or
   * ends, and every week between them is at the same distances from what opens and closes as one that is in here.
   */
  #domain(ends: readonly Instant[], timed: readonly OpeningHours[], reach: number): readonly Interval[] {
    if (timed.length === 0) return ALWAYS;
    const later = [...new Set(ends)].filter((end) => end > this.#at).sort((one, other) => one - other);
    const around = later.map((end) => ({ from: Math.max(this.#at, end - AROUND - reach), to: end + AROUND }));
    const zones = [...new Map(timed.map(({ zone }) => [zone.name, zone])).values()];
    const weeks = [this.#at, ...later].flatMap((from, index) =>
      weeksOfEachSort(zones, { from, to: later[index] ?? Number.POSITIVE_INFINITY }, reach),
    );
    return unite([{ from: this.#at, to: this.#at + COMPARED }, ...around, ...weeks]);
  }

  #windowsOf(hours: OpeningHours, domain: readonly Interval[]): readonly Interval[] {
    return unite(
      domain.flatMap(({ from, to }) => {
        const key = `${hours.text} ${from} ${to}`;
        const found = this.#windows.get(key) ?? windowsBetween(hours, from, to + BEYOND);
        this.#windows.set(key, found);
        return found;
      }),
    );
  }

  #denialsOf({ during, hours }: CompiledDeny, domain: readonly Interval[]): readonly Interval[] {
    return intersect(during === null ? ALWAYS : [during], hours === null ? ALWAYS : this.#windowsOf(hours, domain));
  }
}
