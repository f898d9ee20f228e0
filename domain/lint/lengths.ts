// SPDX-License-Identifier: Apache-2.0
import { type CompiledAllow, cappedMax, type Span } from "../compiled-policy";
import type { Subject } from "./subject";

/** The durations that a rule takes in an environment, in milliseconds. */
export interface Lengths {
  readonly min: number;
  /** With `maxDuration`. */
  readonly max: Span;
  /** What a request that names none asks for. */
  readonly standard: number;
  readonly isCapped: boolean;
  readonly isClamping: boolean;
}

export function lengthsOf(rule: CompiledAllow, environment: string, { rules }: Pick<Subject, "rules">): Lengths {
  const { max, isCapped } = cappedMax(rule.max, rules, environment);
  const standard = (rule.standard ?? max).milliseconds;
  return { min: rule.min.milliseconds, max, standard, isCapped, isClamping: rule.isClamping };
}

/** Whether any duration passes. */
export function takesAny({ min, max, isClamping }: Lengths): boolean {
  return isClamping || min <= max.milliseconds;
}

export function isTooShort({ min }: Lengths, asked: number): boolean {
  return asked < min;
}

export function isTooLong({ max, isClamping }: Lengths, asked: number): boolean {
  return asked > max.milliseconds && !isClamping;
}

/** How long the grant lasts. */
export function granted({ max, isClamping }: Lengths, asked: number): number {
  return isClamping ? Math.min(asked, max.milliseconds) : asked;
}
