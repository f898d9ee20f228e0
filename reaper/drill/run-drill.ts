// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  type Digest,
  formatInstant,
  type Instant,
  type Judge,
  type LiveGrant,
  quote,
  renderDuration,
} from "@elevation/domain";
import type { JournalView } from "@elevation/journal";
import {
  activateIf,
  type GrantInputs,
  type GrantState,
  instantOf,
  isGrantError,
  journalNow,
  type OpenState,
  openFromRecord,
  openOf,
  reasonOf,
  type Visit,
  type World,
  withinTime,
} from "@elevation/provider/lifecycle";
import { DRILLS_PROJECT, type Drill, DrillFault, type DrillOutcome, failsAs, inputsOfDrill } from "./drill";
import { lateOf, notGone } from "./not-gone";
import { watchEnd } from "./watch-end";

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
    const { failure, message: reason, lateMs } = fault;
    return { outcome: "failed", failure, reason, grant: grant ?? fault.grant, lateMs };
  }
}

async function isItsTurn({ requester, longestEndsWithin }: Drill, world: World): Promise<boolean> {
  const { view } = await journalNow(world);
  const hers = view?.live.filter((live) => live.requester === requester) ?? [];
  if (view === null || hers.length === 0) return true;
  const recordOf = ({ request }: LiveGrant) => (request === undefined ? null : view.grant(request));
  const isOfDrill = (live: LiveGrant) =>
    recordOf(live)?.stack.project === DRILLS_PROJECT && world.clock() < live.expiresAt + longestEndsWithin;
  // One that is no drill's is told, whatever else she holds.
  const held = hers.find((live) => !isOfDrill(live));
  if (held === undefined) return false;
  const record = recordOf(held);
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

/** Null: another process was faster, or it was told to stop before it began. */
async function open(drill: Drill, { world, judge }: DrillSetting, stop: AbortSignal): Promise<OpenState | null> {
  const documents = judge();
  if (documents === null)
    throw new DrillFault("grant-failed", "nothing is decided while policy and directory can't be read; mend them");
  const inputs = inputsOfDrill(drill, world.clock(), randomBytes(6).toString("hex"));
  const state = await withinTime("the activation", ACTIVATION_TIMEOUT, (deadline) =>
    activateIf({ ...world, judge: () => documents, deadline }, inputs, (view) => !stop.aborted && isFree(inputs)(view)),
  ).catch(async (error: unknown) => {
    const isDenied = isGrantError(error) && error.code === "denied";
    const text = oneLine(reasonOf(error));
    const left = await leftOpen(world, inputs.digest, error);
    throw new DrillFault(isDenied ? "denied" : "grant-failed", text, { grant: left });
  });
  if (state === null) return null;
  const { place, expiresAt } = state;
  if (state.status === "active" && place !== null && expiresAt !== null) return { ...state, place, expiresAt };
  const left = await leftOpen(world, inputs.digest, null);
  throw new DrillFault("grant-failed", `the grant was ${state.status} before it could be called active`, {
    grant: left,
  });
}

/** What may be open of a grant whose activation failed: by the journal, or where that can't be read by what the fault keeps. */
async function leftOpen(world: World, digest: Digest, error: unknown): Promise<OpenState | null> {
  const { view } = await journalNow(world);
  const record = view?.grant(digest) ?? null;
  if (record?.status === "live") return openFromRecord(record);
  if (view !== null || !isGrantError(error) || !("properties" in error)) return null;
  return openOf(error.properties as GrantState, null);
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
    const seen = await watchEnd(drill, session, end, clock, stop);
    const lateMs = lateOf(seen, end);
    if (lateMs !== null && lateMs <= drill.endsWithin) return { outcome: "passed", grant, lateMs };
    if (stop.aborted) return { outcome: "stopped", grant };
    throw notGone(drill, seen, end);
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

/** A denial has a line for each violation. */
function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
