// SPDX-License-Identifier: Apache-2.0
import { type Digest, type Instant, type Judge, startAtOf } from "@elevation/domain";
import type { JournalView, Schedule } from "@elevation/journal";
import { isGrantError } from "../errors";
import { activateScheduled } from "./activate";
import { withinTime } from "./deadline";
import { compare, eachOf } from "./each-of";
import type { Pass } from "./reap";
import { inputsOfSchedule, startOf, withdrawScheduled } from "./schedule";
import { reasonOf, type Trusted, type World } from "./world";

/** Longest time of one activation, in milliseconds: as long as the engine's operations have. */
const ACTIVATION_TIMEOUT = 120_000;

/** A scheduled grant, and when it is to be activated, or finished where a run was killed. */
export interface Waiting {
  readonly schedule: Schedule;
  readonly at: Instant;
}

/** What became of a scheduled grant. */
export interface Started {
  readonly digest: Digest;
  readonly name: string;
  readonly requester: string;
  readonly role: string;
  readonly environment: string;
  /** The request's own start. */
  readonly startAt: Instant;
  /**
   * `denied`: not by today's policy and what is live; `failed`: a target or the journal refused. Both may be tried again. `lapsed`: its
   * `activateBy` has passed; `withdrawn`: its file is gone; both are journaled, and it is scheduled no more.
   */
  readonly outcome: "activated" | "denied" | "failed" | "lapsed" | "withdrawn";
  /** When its access ends; null unless it was activated. */
  readonly expiresAt: string | null;
  /** Why it was not activated. */
  readonly reason: string | null;
}

/** What is scheduled, and when each is to be activated; `environments`: only of these, null: of all. */
export function waitingIn(view: JournalView, environments: ReadonlySet<string> | null): readonly Waiting[] {
  return [...view.scheduled.values()].flatMap((schedule) => {
    const isOurs = environments === null || environments.has(schedule.request.spec.environment);
    const at = isOurs ? startOf(schedule, view) : null;
    return at === null ? [] : [{ schedule, at }];
  });
}

/**
 * Activates a scheduled grant that is due, deciding again by `judge`, and never rejects: what became of it is the answer. Null: another
 * process is at it or was, or it is not the time. Idempotent.
 */
export async function startScheduled(world: World, judge: Judge, schedule: Schedule): Promise<Started | null> {
  const told = (outcome: Started["outcome"], reason: string | null, expiresAt: string | null = null): Started => ({
    ...whatOf(schedule),
    ...{ outcome, expiresAt, reason },
  });
  try {
    const state = await withinTime("the activation", ACTIVATION_TIMEOUT, (deadline) =>
      activateScheduled({ ...world, judge: () => judge, deadline }, schedule),
    );
    if (state === null) return null;
    if (state.status === "active") return told("activated", null, state.expiresAt);
    if (state.status === "failed" && state.place === null) return told("lapsed", "its time to be activated is over");
    return told("failed", `it was ${state.status} before it could be called active`);
  } catch (error) {
    const isDenied = isGrantError(error) && error.code === "denied";
    return told(isDenied ? "denied" : "failed", reasonOf(error));
  }
}

/** What is scheduled: withdrawn where it is declared no more, activated where it is due. */
export async function startAll(
  world: World,
  pass: Pick<Pass, "activate" | "atOnce" | "declared" | "environments">,
  trusted: Trusted,
): Promise<readonly Started[]> {
  const waiting = waitingIn(trusted.view, pass.environments);
  const started: Started[] = [];
  if (pass.declared !== null) started.push(...(await withdrawUndeclared(world, trusted, waiting, pass.declared)));
  const { activate } = pass;
  if (activate == null) return started;
  const withdrawn = new Set(started.map(({ digest }) => digest));
  const due = waiting.filter(({ at, schedule }) => at <= world.clock() && !withdrawn.has(schedule.digest));
  await eachOf(due, pass.atOnce, async ({ schedule }) => {
    const start = await startScheduled(world, activate, schedule);
    if (start !== null) started.push(start);
  });
  return started.sort((one, other) => one.startAt - other.startAt || compare(one.digest, other.digest));
}

/** Journals that what waits for its start is declared no more. Never rejects for what one grant does. */
async function withdrawUndeclared(
  world: World,
  { journal }: Trusted,
  waiting: readonly Waiting[],
  declared: { readonly project: string; readonly digests: ReadonlySet<Digest> },
): Promise<readonly Started[]> {
  const withdrawn: Started[] = [];
  for (const { schedule } of waiting) {
    if (!isUndeclared(schedule, declared)) continue;
    const what = whatOf(schedule);
    await withdrawScheduled(world, journal, inputsOfSchedule(schedule)).then(
      // One that was activated meanwhile is live: the next pass, or the up after this one, ends it.
      (live) => live === null && withdrawn.push({ ...what, outcome: "withdrawn", expiresAt: null, reason: null }),
      (error: unknown) =>
        withdrawn.push({ ...what, outcome: "failed", expiresAt: null, reason: `not withdrawn: ${reasonOf(error)}` }),
    );
  }
  return withdrawn;
}

/** Whether the file of a scheduled request of a project is gone; one that is written in a program has none. */
export function isUndeclared(
  { digest, origin, stack }: Schedule,
  declared: { readonly project: string; readonly digests: ReadonlySet<Digest> },
): boolean {
  return origin !== null && stack.project === declared.project && !declared.digests.has(digest);
}

export function whatOf({ digest, request }: Schedule) {
  const { requester, role, environment } = request.spec;
  const startAt = startAtOf(request) ?? 0;
  return { digest, name: request.metadata.name, requester, role, environment, startAt };
}
