// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { formatInstant, type Instant, parseInstant } from "@elevation/domain";

/** What whoever ends grants says from time to time: that it lives, of whose grants it takes care, and when it says so again. */
export interface Beat {
  readonly by: "reaper" | "schedule";
  /** Whose grants it ends; null: those of all environments. */
  readonly environments: readonly string[] | null;
  readonly at: Instant;
  /** It says so again within this, in milliseconds. */
  readonly every: number;
  /** Whether it was its last word: it was told to stop. */
  readonly stopped: boolean;
}

/** The shortest and longest interval, in milliseconds: an unbounded one would be a promise that nobody can break. */
export const INTERVALS = { shortest: 1_000, longest: 7 * 86_400_000 } as const;

/** A reaper tries again what could not be ended within this, in milliseconds: whatever comes back is not waited for longer. */
export const RETRIED_WITHIN = 60_000;

const NAME = /^[a-z0-9-]{1,63}$/;
/** Above what a policy has of them. */
const MOST_ENVIRONMENTS = 1_000;

/** Where a beat takes the place of the one before it: whoever does the same is the same, so that two reapers are one. */
export function slotOf({ by, environments }: Pick<Beat, "by" | "environments">): string {
  if (environments === null) return by;
  const names = [...environments].sort().join(",");
  return `${by}-${createHash("sha256").update(names).digest("hex").slice(0, 16)}`;
}

export function formatBeat({ by, environments, at, every, stopped }: Beat): string {
  return JSON.stringify({ by, environments, at: formatInstant(at), everySeconds: every / 1000, stopped });
}

/** Null for what is no beat: anybody who can write where they are kept may have written it. */
export function parseBeat(text: string): Beat | null {
  return beatOf(parseJson(text));
}

/** As {@link parseBeat}, of what was parsed. */
export function beatOf(value: unknown): Beat | null {
  if (typeof value !== "object" || value === null) return null;
  const { by, environments, at, everySeconds, stopped } = value as Record<string, unknown>;
  const instant = typeof at === "string" ? parseInstant(at) : null;
  const every = typeof everySeconds === "number" ? everySeconds * 1000 : Number.NaN;
  if (by !== "reaper" && by !== "schedule") return null;
  if (environments !== null && !isNames(environments)) return null;
  if (instant === null || typeof stopped !== "boolean") return null;
  if (!(every >= INTERVALS.shortest && every <= INTERVALS.longest)) return null;
  return { by, environments, at: instant, every, stopped };
}

function isNames(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length > MOST_ENVIRONMENTS) return false;
  return value.every((name) => typeof name === "string" && NAME.test(name));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
