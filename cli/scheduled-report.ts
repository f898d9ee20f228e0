// SPDX-License-Identifier: Apache-2.0
import { formatInstant, type Instant, renderDuration, startAtOf } from "@elevation/domain";
import type { JournalView, Schedule } from "@elevation/journal";
import type { GrantStatus } from "./grant-status";
import { renderInstant } from "./table";

/** A grant that waits for its start: nothing of it is open. */
export interface ScheduledStatus extends GrantStatus {
  readonly startAt: string;
  /** From `at` to `startAt`, whole seconds, rounded down; negative once that has passed. */
  readonly startsInSeconds: number;
  /** Why the latest try to activate it failed; null where none did. */
  readonly reason: string | null;
}

/** What waits for its start by a view, the first to start first. What is being activated is live. */
export function scheduledOf(view: JournalView, at: Instant): readonly ScheduledStatus[] {
  return [...view.scheduled.values()]
    .flatMap((schedule) => {
      const startAt = view.grant(schedule.digest)?.status === "live" ? null : startAtOf(schedule.request);
      return startAt === null ? [] : [{ schedule, startAt }];
    })
    .sort((one, other) => one.startAt - other.startAt || (one.schedule.digest < other.schedule.digest ? -1 : 1))
    .map(({ schedule, startAt }) => ({
      ...statusOf(schedule),
      startAt: formatInstant(startAt),
      startsInSeconds: Math.floor((startAt - at) / 1000),
      reason: view.lastFailure(schedule.digest),
    }));
}

/** As the table says it. */
export function scheduledLine({ name, requester, role, environment, ...grant }: ScheduledStatus): string {
  const start = renderInstant(grant.startAt);
  const span = renderDuration(Math.abs(grant.startsInSeconds) * 1000);
  const when =
    grant.startsInSeconds > 0 ? `starts at ${start}, in ${span}` : `should have started at ${start}, ${span} ago`;
  const why = grant.reason === null ? "" : `: ${grant.reason}`;
  return `${name} (${requester}): \`${role}\` in \`${environment}\` ${when}${why}`;
}

function statusOf({ digest, request, stack }: Schedule): GrantStatus {
  const { requester, role, environment } = request.spec;
  const { organization, project, stack: name } = stack;
  const where = `${organization}/${project}/${name}`;
  return { request: digest, name: request.metadata.name, requester, role, environment, stack: where };
}
