// SPDX-License-Identifier: Apache-2.0
import { formatInstant, type Instant, quote } from "@elevation/domain";
import type { Beat } from "./beat";
import type { Heard } from "./beats";

/** An environment where grants are live and nobody who ends them has been heard of for two intervals. */
export interface Silence {
  readonly environment: string;
  /** How many grants are live there. */
  readonly live: number;
  /** The last that was heard of anybody; null: nothing ever. */
  readonly since: Instant | null;
}

/** So many intervals without a beat are silence: one may be late, or lost. */
const INTERVALS = 2;
/** A copy that no schedule is known to renew says nothing after this, in milliseconds. */
const COPY_LASTS = 86_400_000;

/**
 * Whether a beat still counts at an instant: less than two intervals ago. One from the future counts as long, for clocks
 * differ a little; not for ever, for somebody may have forged it.
 */
export function isHeard({ at, every }: Pick<Beat, "at" | "every">, now: Instant): boolean {
  return Math.abs(now - at) < INTERVALS * every;
}

/** Where grants are live at an instant and nobody is heard, by the names of the environments. Says nothing where nothing is live. */
export function silences(
  heard: Heard,
  live: readonly { readonly environment: string }[],
  now: Instant,
): readonly Silence[] {
  const counts = new Map<string, number>();
  for (const { environment } of live) counts.set(environment, (counts.get(environment) ?? 0) + 1);
  return [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([environment, count]) => {
      const beats = heard.beats.filter((beat) => isOf(beat, environment));
      if (isWatched(beats, heard.copiedAt, now)) return [];
      const since = beats.length === 0 ? null : Math.max(...beats.map(({ at }) => at));
      return [{ environment, live: count, since }];
    });
}

/** Whether a beat speaks of an environment. */
export function isOf({ environments }: Pick<Beat, "environments">, environment: string): boolean {
  return environments === null || environments.includes(environment);
}

/** The warning, with its remedy. */
export function silenceSentence({ environment, live, since }: Silence): string {
  const grants = live === 1 ? "1 grant is" : `${live} grants are`;
  if (since === null) {
    return `nobody ever said that grants in ${quote(environment)} are being ended, and ${grants} live there; start \`elevate reap\`, or give \`--every\` to what a scheduler runs`;
  }
  return `nobody who ends grants in ${quote(environment)} was heard of since ${formatInstant(since)}, and ${grants} live there; see why \`elevate reap\`, or the schedule, reports no more`;
}

/**
 * NB. A copy hears nothing after it was made: a reaper counts if it was heard then. But the schedule makes the copies, so one that
 * was not renewed for two of its intervals says that the schedule is silent.
 */
function isWatched(beats: readonly Beat[], copiedAt: Instant | null, now: Instant): boolean {
  if (copiedAt === null) return beats.some((beat) => isHeard(beat, now));
  const schedules = beats.filter(({ by, stopped }) => by === "schedule" && !stopped).map(({ every }) => every);
  const lasts = schedules.length === 0 ? COPY_LASTS : INTERVALS * Math.min(...schedules);
  return now - copiedAt < lasts && beats.some((beat) => isHeard(beat, copiedAt));
}
