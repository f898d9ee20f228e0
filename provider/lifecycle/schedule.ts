// SPDX-License-Identifier: Apache-2.0
import { type Decision, type Instant, type NewEvent, startAtOf } from "@elevation/domain";
import type { GrantRecord, Journal, JournalView, Schedule } from "@elevation/journal";
import { decided, decidedOnce } from "../decided";
import { type GrantInputs, instantOf, isOfStack } from "./state";
import { eventHeader, journalCall, type World } from "./world";

/**
 * How long after its intent a half-made grant is left to the process that began it, in milliseconds: an activation takes a second. Both
 * at work on it would make no duplicate, only noise.
 */
export const LEFT_ALONE = 10_000;

/** The event by which a request waits for its start in the journal too; none where it does so already, by the same decision. */
export function scheduledOnce(world: World, view: JournalView, decision: Decision, inputs: GrantInputs): NewEvent[] {
  const by = { request: inputs.request, actor: world.actor, now: world.clock() };
  if (view.scheduled.has(inputs.digest)) return decidedOnce(view, decision, by);
  const { organization, project, stack, origin } = inputs;
  return [decided(decision, by, { organization, project, stack, origin: origin === "" ? null : origin })];
}

/**
 * Journals that a grant of this stack is scheduled no more. Returns the record of a grant that was activated before that could be said:
 * then access may be open. Throws GrantError `journal-untrusted`.
 */
export async function withdrawScheduled(
  world: World,
  journal: Journal,
  inputs: Pick<GrantInputs, "digest" | "organization" | "project" | "stack">,
): Promise<GrantRecord | null> {
  const reason = "withdrawn while it was scheduled";
  const event = { ...eventHeader(world, inputs), type: "failed", data: { reason, unscheduled: true } } as const;
  const { result } = await journalCall(() =>
    journal.step((view) => {
      const known = view.grant(inputs.digest);
      if (known?.status === "live" && isOfStack(known, inputs)) return { events: [], result: known };
      const schedule = view.scheduled.get(inputs.digest);
      const isOurs = known?.status !== "live" && schedule !== undefined && isOfStack(schedule, inputs);
      return { events: isOurs ? [event] : [], result: null };
    }),
  );
  return result;
}

/** A Grant's inputs, as the `up` that scheduled it had them. */
export function inputsOfSchedule({ digest, request, origin, stack }: Schedule): GrantInputs {
  return { digest, request, origin: origin ?? "", ...stack };
}

/** When a scheduled grant is to be activated, or finished where a run was killed; null where neither is to be done. */
export function startOf(schedule: Schedule, view: JournalView): Instant | null {
  const known = view.grant(schedule.digest);
  if (known === null || known.status === "failed") return startAtOf(schedule.request);
  const isHalfMade = known.status === "live" && !known.activated && known.marks.length === 0;
  return isHalfMade && isOfStack(known, schedule.stack) ? instantOf(known.intent.activatedAt) + LEFT_ALONE : null;
}
