// SPDX-License-Identifier: Apache-2.0
import type { Interval } from "../hours";
import type { Instant } from "../instant";

export type { Interval } from "../hours";

/** Sorted, disjoint, none empty, none touching another. */
export function unite(intervals: readonly Interval[]): readonly Interval[] {
  const united: Interval[] = [];
  for (const next of [...intervals].filter(({ from, to }) => from < to).sort((one, other) => one.from - other.from)) {
    const last = united.at(-1);
    if (last === undefined || next.from > last.to) united.push(next);
    else united[united.length - 1] = { from: last.from, to: Math.max(last.to, next.to) };
  }
  return united;
}

/** What both hold; of united intervals, united. */
export function intersect(some: readonly Interval[], others: readonly Interval[]): readonly Interval[] {
  const both: Interval[] = [];
  let [one, other] = [0, 0];
  while (one < some.length && other < others.length) {
    const [left, right] = [some[one], others[other]];
    if (left === undefined || right === undefined) break;
    const [from, to] = [Math.max(left.from, right.from), Math.min(left.to, right.to)];
    if (from < to) both.push({ from, to });
    if (left.to < right.to) one++;
    else other++;
  }
  return both;
}

/** Whether united intervals hold all of others. */
export function covers(all: readonly Interval[], some: readonly Interval[]): boolean {
  return unite(some).every(({ from, to }) => all.some((each) => each.from <= from && to <= each.to));
}

/** The first of united intervals that ends after an instant: the one that holds it, or the next. */
export function firstAfter(intervals: readonly Interval[], at: Instant): Interval | null {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((intervals[middle]?.to ?? 0) > at) high = middle;
    else low = middle + 1;
  }
  return intervals[low] ?? null;
}

export function holds(intervals: readonly Interval[], at: Instant): boolean {
  const found = firstAfter(intervals, at);
  return found !== null && found.from <= at;
}
