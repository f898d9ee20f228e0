// SPDX-License-Identifier: Apache-2.0

/** The middle value; the mean of the two middle ones of an even number. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The slope between two points where both axes are logarithmic: 1 is linear, 2 is square. NaN unless both costs are above 0. */
export function exponent(from: { size: number; cost: number }, to: { size: number; cost: number }): number {
  if (from.cost <= 0 || to.cost <= 0) return Number.NaN;
  return Math.log(to.cost / from.cost) / Math.log(to.size / from.size);
}

/** The smallest value that is no less than so large a part of all (above 0, at most 1). NaN of none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
}
