// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { formatInstant, type Instant, type Judge, quote, renderDuration } from "@elevation/domain";
import type { JournalView } from "@elevation/journal";
import {
  activateIf,
  type GrantInputs,
  instantOf,
  isGrantError,
  journalNow,
  type OpenState,
  reasonOf,
  type Visit,
  type World,
  withinTime,
} from "@elevation/provider/lifecycle";
import { DRILLS_PROJECT, type Drill, type DrillFailure, DrillFault, type DrillOutcome, inputsOfDrill } from "./drill";
import { type SeenGone, watchEnd } from "./watch-end";

/** Longest time of one activation, in milliseconds: as long as the engine's operations have. */
const ACTIVATION_TIMEOUT = 120_000;
/** A grant has ended when either clock has reached its expiry, and the target's may be ahead by this, in milliseconds. */
const CLOCKS_APART = 5_000;
/** The longest that a timer can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** By what a drill is done. */
export interface DrillSetting {
  readonly world: World;
  /** What the request is decided by; null while policy and directory can't be read. */
  readonly judge: () => Judge | null;
}

/**
 * One drill: sees that the canary lacks the access, has it granted as anybody would, sees that it works, and from its expiry on when it is
 * gone. It ends nothing: that is what is looked at. Never rejects: what came of it is the answer. `stop`: waits no longer.
 */
export async function runDrill(drill: Drill, setting: DrillSetting, stop: AbortSignal): Promise<DrillOutcome> {
  const { world } = setting;
  let grant: OpenState | null = null;
  try {
    if (!(await isItsTurn(drill, world))) return { outcome: "waits" };
    await requireNoAccess(drill);
    if (stop.aborted) return { outcome: "stopped", grant };
    grant = await open(drill, setting, stop);
    if (stop.aborted) return { outcome: "stopped", grant };
    return grant === null ? { outcome: "waits" } : await observe(drill, world, grant, stop);
  } catch (error) {
    const fault = error instanceof DrillFault ? error : new DrillFault("grant-failed", reasonOf(error));
    return { outcome: "failed", failure: fault.failure, reason: fault.message, grant };
  }
}

async function isItsTurn({ requester, endsWithin }: Drill, world: World): Promise<boolean> {
  const { view } = await journalNow(world);
  const held = view?.live.find((live) => live.requester === requester);
  if (view === null || held === undefined) return true;
  const record = held.request === undefined ? null : view.grant(held.request);
  if (record?.stack.project === DRILLS_PROJECT && world.clock() < held.expiresAt + endsWithin) return false;
  const name = quote(record?.intent.request.metadata.name ?? "");
  const end = formatInstant(held.expiresAt);
  throw new DrillFault(
    "held",
    world.clock() < held.expiresAt
      ? `${requester} holds the grant ${name} until ${end}, which is no drill's; leave the canary to the drills, or give them another one`
      : `${requester} holds the grant ${name}, which should have ended at ${end}; see \`elevate status\` for why it has not`,
  );
}

async function requireNoAccess({ enter, statement, role, requester }: Drill): Promise<void> {
  const visit = await enter().catch(failsAs("login-failed"));
  try {
    if (!(await visit.may(statement).catch(failsAs("probe-failed")))) return;
  } finally {
    await visit.close();
  }
  throw new DrillFault(
    "already-open",
    `the probe works for ${requester} without a grant; see who gave her what ${quote(role)} gives, or write a probe that takes the role`,
  );
}

/** Null: another process was faster, or it is time to stop: whoever ends grants may have stopped already. */
async function open(drill: Drill, { world, judge }: DrillSetting, stop: AbortSignal): Promise<OpenState | null> {
  const documents = judge();
  if (documents === null)
    throw new DrillFault("grant-failed", "nothing is decided while policy and directory can't be read; mend them");
  const inputs = inputsOfDrill(drill, world.clock(), randomBytes(6).toString("hex"));
  const isWanted = (view: JournalView) => !stop.aborted && isFree(inputs)(view);
  const state = await withinTime("the activation", ACTIVATION_TIMEOUT, (deadline) =>
    activateIf({ ...world, judge: () => documents, deadline }, inputs, isWanted),
  ).catch((error: unknown) => {
    const isDenied = isGrantError(error) && error.code === "denied";
    throw new DrillFault(isDenied ? "denied" : "grant-failed", oneLine(reasonOf(error)));
  });
  if (state === null) return null;
  const { place, expiresAt } = state;
  if (state.status === "active" && place !== null && expiresAt !== null) return { ...state, place, expiresAt };
  throw new DrillFault("grant-failed", `the grant was ${state.status} before it could be called active`);
}

/** In the step that opens it: nobody has the canary elevated. */
function isFree({ digest, request }: GrantInputs): (view: JournalView) => boolean {
  const { requester } = request.spec;
  return ({ live }) => !live.some((grant) => grant.requester === requester && grant.request !== digest);
}

async function observe(drill: Drill, { clock }: World, grant: OpenState, stop: AbortSignal): Promise<DrillOutcome> {
  const end = instantOf(grant.expiresAt);
  const session = await drill.enter().catch(failsAs("login-failed"));
  try {
    if (!(await session.may(drill.statement).catch(failsAs("probe-failed")))) throw neverOpen(drill, grant);
    await untilEnd(session, end, clock, stop);
    if (stop.aborted) return { outcome: "stopped", grant };
    const early = end - clock();
    if (early > CLOCKS_APART) {
      throw new DrillFault(
        "cut-early",
        `the session was cut ${renderDuration(Math.floor(early / 1000) * 1000)} before the end of the grant; see in the journal and at the server who did`,
      );
    }
    const gone = await watchEnd(drill, session, end, clock, stop);
    const lateMs = Math.max(gone.session ?? Number.POSITIVE_INFINITY, gone.login ?? Number.POSITIVE_INFINITY) - end;
    if (lateMs <= drill.endsWithin) return { outcome: "passed", grant, lateMs };
    if (stop.aborted) return { outcome: "stopped", grant };
    throw stillThere(drill, gone);
  } finally {
    await session.close();
  }
}

/** Until the grant's end, or until the session is cut, which may be a moment before it. */
async function untilEnd(session: Visit, end: Instant, clock: () => Instant, stop: AbortSignal): Promise<void> {
  const woken = new AbortController();
  const wake = () => woken.abort();
  stop.addEventListener("abort", wake);
  if (stop.aborted) wake();
  void session.cut.then(wake);
  while (!woken.signal.aborted && clock() < end) {
    await delay(Math.min(end - clock(), LONGEST), undefined, { signal: woken.signal }).catch(() => undefined);
  }
  stop.removeEventListener("abort", wake);
}

function neverOpen({ role }: Drill, { place }: OpenState): DrillFault {
  return new DrillFault(
    "never-open",
    `${quote(role)} was granted to \`${place.identity}\` at \`${place.connection}\`, and the probe was refused; see whether it takes that role, and whether the canary's login is that one, at that server`,
  );
}

/** Only what was seen to work is called open: what told nothing at last is a failure of the probe. */
function stillThere({ role, endsWithin }: Drill, { session, login, fault, sessionFault }: SeenGone): DrillFault {
  const where = [
    login === null && fault === null ? "by a new login" : "",
    session === null && sessionFault === null ? "in the open session" : "",
  ];
  const still = where.filter((one) => one !== "").join(" and ");
  const untold = login === null && fault !== null ? fault : session === null ? sessionFault : null;
  if (still === "" && untold !== null) {
    const failure = untold === fault ? "login-failed" : "probe-failed";
    return new DrillFault(failure, `whether the access has ended can't be told: ${untold}`);
  }
  return new DrillFault(
    "still-open",
    `what ${quote(role)} gives could still be used ${renderDuration(endsWithin)} after its expiry${still === "" ? "" : `, ${still}`}; see \`elevate status\` for why it was not ended, and who else gave it to her`,
  );
}

function failsAs(failure: DrillFailure): (error: unknown) => never {
  return (error) => {
    throw new DrillFault(failure, reasonOf(error));
  };
}

/** A denial has a line for each violation. */
function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
