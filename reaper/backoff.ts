// SPDX-License-Identifier: Apache-2.0

/** The first pause is up to this, in milliseconds; each further one up to twice the one before. */
const FIRST = 1_000;
/** No pause is longer, in milliseconds: whatever comes back is tried within this. */
const LONGEST = 60_000;

/**
 * How long to wait after so many failures in a row (from 1), in milliseconds: half of a doubling span, and a random part of the
 * other half, so that a thousand grants of a server that comes back don't all knock at once. It never gives up.
 * `random`: at least 0, below 1.
 */
export function pauseAfter(failures: number, random: number): number {
  const span = Math.min(LONGEST, FIRST * 2 ** (failures - 1));
  return Math.round(span / 2 + (random * span) / 2);
}
