// SPDX-License-Identifier: Apache-2.0
import { RETRIED_WITHIN } from "@elevation/journal";

/** The first pause is up to this, in milliseconds; each further one up to twice the one before. */
const FIRST = 1_000;

/**
 * How long to wait after so many failures in a row (from 1), in milliseconds: half of a doubling span, and a random part of the
 * other half, so that a thousand grants of a server that comes back don't all knock at once. It never gives up.
 * `random`: at least 0, below 1.
 */
export function pauseAfter(failures: number, random: number): number {
  const span = Math.min(RETRIED_WITHIN, FIRST * 2 ** (failures - 1));
  return Math.round(span / 2 + (random * span) / 2);
}
