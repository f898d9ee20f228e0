// SPDX-License-Identifier: Apache-2.0
import { type Instant, isInert, type Judge, type LiveGrant } from "@elevation/domain";
import { type JournalView, judgeInTurn } from "@elevation/journal";
import { denialText } from "./activate";
import { type Due, dueNow, type Pass, type Reaped } from "./reap";
import { isUndeclared, type Started, type Waiting, waitingIn, whatOf } from "./start";
import { instantOf } from "./state";
import { knownOf, reasonOf, type World } from "./world";

/** A grant that a pass would end now. */
export interface PlannedEnd extends Omit<Reaped, "stack" | "outcome" | "reason" | "residue"> {
  /** How long its time has been over, in milliseconds; null where something else ends it, or the target's clock alone says so. */
  readonly overdueMs: number | null;
  /** Why the last try to end it failed; null where there was none. */
  readonly stuck: string | null;
}

/** What a pass would do now, and why the journal could not be trusted, or null. */
export interface Planned {
  readonly ends: readonly PlannedEnd[];
  /** `activated` is what would be, if the target doesn't refuse it. */
  readonly starts: readonly Started[];
  readonly untrusted: string | null;
}

/**
 * What a pass would do now, and nothing of it: it reads the journal and asks the targets for their clocks, and changes neither. What has
 * ended and would be looked at again is not among it.
 */
export async function planPass(world: World, pass: Pass): Promise<Planned> {
  const { due, trusted } = await dueNow(world, pass);
  const now = world.clock();
  const ends = due.map(([grant, cause]): PlannedEnd => {
    const { digest, request, place, expiresAt } = grant;
    const { requester, environment } = request.spec;
    const known = knownOf(trusted, digest);
    const overdueMs = cause === "expiry" && instantOf(expiresAt) <= now ? now - instantOf(expiresAt) : null;
    const stuck = known?.marks.includes("stuck") === true ? (known.lastError ?? "") : null;
    return {
      ...{ digest, name: request.metadata.name, requester, environment, place },
      expiresAt,
      cause,
      overdueMs,
      stuck,
    };
  });
  ends.sort((one, other) => instantOf(one.expiresAt) - instantOf(other.expiresAt));
  if (trusted instanceof Error) return { ends, starts: [], untrusted: reasonOf(trusted) };
  const starts = planStarts(pass, trusted.view, due, now);
  return { ends, starts, untrusted: null };
}

function planStarts(pass: Pass, view: JournalView, due: readonly Due[], now: Instant): readonly Started[] {
  const waiting = waitingIn(view, pass.environments);
  const { activate, declared } = pass;
  const gone = waiting.filter(({ schedule }) => declared !== null && isUndeclared(schedule, declared));
  const withdrawn = gone.map(({ schedule }): Started => {
    return { ...whatOf(schedule), outcome: "withdrawn", expiresAt: null, reason: null };
  });
  if (activate == null) return withdrawn;
  const starting = waiting
    .filter((one) => one.at <= now && !gone.includes(one))
    .sort((one, other) => one.at - other.at);
  return [...withdrawn, ...decideStarts(activate, endedIn(view, due, now), starting, now)];
}

function decideStarts(documents: Judge, view: JournalView, starting: readonly Waiting[], now: Instant): Started[] {
  const turns = judgeInTurn(documents, { stack: null, now, view });
  return starting.map(({ schedule }) => {
    const { digest, request: value } = schedule;
    const decision = turns.judge({ value, digest });
    turns.count({ value, digest }, decision);
    const what = whatOf(schedule);
    if (decision.outcome === "allow")
      return { ...what, outcome: "activated", expiresAt: decision.expiresAt, reason: null };
    const outcome = isInert(decision) ? "lapsed" : "denied";
    return { ...what, outcome, expiresAt: null, reason: denialText(value, decision) };
  });
}

/** The view as it is once all that is due has ended: a pass ends first. */
function endedIn(view: JournalView, due: readonly Due[], now: Instant): JournalView {
  const ending = new Set<string | undefined>(due.map(([{ digest }]) => digest));
  const isEnding = ({ request }: LiveGrant) => ending.has(request);
  const live = view.live.filter((grant) => !isEnding(grant));
  const history = [...view.history, ...view.live.filter(isEnding).map((grant) => ({ ...grant, endedAt: now }))];
  return Object.create(view, { live: { value: live }, history: { value: history } }) as JournalView;
}
