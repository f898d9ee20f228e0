// SPDX-License-Identifier: Apache-2.0
import { type Decision, isInert, type Judge, type Place, type Request, startAtOf } from "@elevation/domain";
import { type GrantRecord, type Journal, type JournalView, judge, type Schedule } from "@elevation/journal";
import { decidedOnce, violationLines } from "../decided";
import { GrantError, isGrantError } from "../errors";
import { type Established, type Establishing, establish, kept } from "./establish";
import { type Intent, intend, journalFailed, prepare, whereOf } from "./intent";
import type { TargetConnection } from "./ports";
import { endedState, mustEnd } from "./revoke";
import { inputsOfSchedule, scheduledOnce, startOf } from "./schedule";
import { closedState, type GrantInputs, type GrantState, instantOf, isOfStack, openFromIntent } from "./state";
import { journalCall, laterClock, reasonOf, requireSameServer, trustedView, type World, withConnection } from "./world";

/**
 * Opens what an allowed request asks for, or repairs what a crash left half done. Idempotent: a live grant is adopted
 * with its first times, a request whose grant ended or lapsed stays inert, and a grant that must end is ended instead.
 *
 * Throws GrantError `denied`, `journal-untrusted`, `policy-invalid`, or what the target refuses; an error that carries
 * `id` and `properties` keeps the resource in the state, because access may be open.
 */
export async function activate(world: World, inputs: GrantInputs, previous?: GrantState): Promise<GrantState> {
  const { journal, view } = await trustedView(world, previous?.witness ?? null);
  const known = view.grant(inputs.digest);
  if (known?.status === "ended") return inertAfterEnd(world, inputs, known);
  if (known?.status === "live") return resume(world, journal, inputs, known);
  const documents = world.judge();
  const decision = judge(documents, inputs.request, { stack: inputs, now: world.clock(), view });
  if (isInert(decision)) {
    const wasScheduled = previous?.status === "scheduled" || view.scheduled.has(inputs.digest);
    return inertUnused(world, journal, inputs, decision, wasScheduled);
  }
  if (decision.outcome === "deny") throw await deny(world, journal, inputs, decision);
  if (startsLater(world, inputs)) return schedule(world, journal, inputs, decision);
  const made = await activateAnew(world, journal, inputs, documents);
  if (made !== null && "state" in made) return made.state;
  // INVARIANT (intend): without an intent of our own, and not denied, another process was faster.
  if (made === null) throw new TypeError("an activation came to no outcome");
  return made.raced.status === "ended"
    ? inertAfterEnd(world, inputs, made.raced)
    : resume(world, journal, inputs, made.raced);
}

/**
 * Opens at its start what an `up` left scheduled, deciding again, or finishes what a killed run left half made. Null: it is not the time,
 * another process is at it or was, or it is scheduled no more. Throws as {@link activate} does.
 */
export async function activateScheduled(world: World, schedule: Schedule): Promise<GrantState | null> {
  const inputs = inputsOfSchedule(schedule);
  const { journal, view } = await trustedView(world, null);
  const isWanted = (view: JournalView) => view.scheduled.has(inputs.digest);
  const start = startOf(schedule, view);
  if (!isWanted(view) || start === null || start > world.clock()) return null;
  const known = view.grant(inputs.digest);
  if (known?.status === "live") return resume(world, journal, inputs, known);
  return activateIf(world, inputs, isWanted);
}

/**
 * Opens what an allowed request asks for if it is wanted by the journal, which is asked in the very step that decides, too. Null: it isn't
 * wanted, or another process was faster. Throws as {@link activate} does.
 */
export async function activateIf(
  world: World,
  inputs: GrantInputs,
  isWanted: (view: JournalView) => boolean,
): Promise<GrantState | null> {
  const { journal, view } = await trustedView(world, null);
  if (!isWanted(view)) return null;
  const documents = world.judge();
  const decision = judge(documents, inputs.request, { stack: inputs, now: world.clock(), view });
  if (isInert(decision)) return inertUnused(world, journal, inputs, decision, view.scheduled.has(inputs.digest));
  if (decision.outcome === "deny") throw await deny(world, journal, inputs, decision);
  const made = await activateAnew(world, journal, inputs, documents, isWanted);
  return made !== null && "state" in made ? made.state : null;
}

function startsLater(world: World, inputs: GrantInputs): boolean {
  const startAt = startAtOf(inputs.request);
  return startAt !== null && startAt > world.clock();
}

function inertAfterEnd(world: World, inputs: GrantInputs, known: GrantRecord): GrantState {
  const endedBy = known.endedBy ?? "revoked";
  const status = endedBy === "abandoned" ? "stuck" : endedBy;
  world.say(
    `\`${inputs.request.metadata.name}\` creates nothing: its grant ended (${status}); a request opens access at most once, so remove it and file a new one if access is needed again`,
  );
  return {
    ...closedState(inputs),
    status,
    rule: known.intent.rule,
    activatedAt: known.intent.activatedAt,
    expiresAt: known.intent.expiresAt,
    witness: known.last,
  };
}

async function inertUnused(
  world: World,
  journal: Journal,
  inputs: GrantInputs,
  decision: Decision,
  wasScheduled: boolean,
): Promise<GrantState> {
  const reason = decision.violations.map(({ message }) => message).join("; ");
  world.say(`\`${inputs.request.metadata.name}\` creates nothing: ${reason}`);
  if (wasScheduled) await journalFailed(world, journal, inputs, reason, true);
  return { ...closedState(inputs), status: "failed" };
}

async function deny(world: World, journal: Journal, inputs: GrantInputs, decision: Decision): Promise<GrantError> {
  await journalCall(() =>
    journal.step((view) => ({ events: decidedOnce(view, decision, by(world, inputs)), result: null })),
  );
  return denial(inputs, decision);
}

/** The error of a denied request: every violation on a line of its own. */
export function denial(inputs: GrantInputs, decision: Decision): GrantError {
  return new GrantError("denied", denialText(inputs.request, decision));
}

export function denialText({ metadata }: Request, decision: Decision): string {
  return violationLines(`request \`${metadata.name}\` is denied:`, decision);
}

async function schedule(world: World, journal: Journal, inputs: GrantInputs, decision: Decision): Promise<GrantState> {
  const { view } = await journalCall(() =>
    journal.step((view) => ({ events: scheduledOnce(world, view, decision, inputs), result: null })),
  );
  return {
    ...closedState(inputs),
    status: "scheduled",
    rule: decision.rule,
    activatedAt: decision.activatesAt,
    expiresAt: decision.expiresAt,
    witness: view.head,
  };
}

/** Null: nobody wants it any more. Throws where it is denied. */
async function activateAnew(
  world: World,
  journal: Journal,
  inputs: GrantInputs,
  documents: Judge,
  isWanted: (view: JournalView) => boolean = () => true,
): Promise<{ readonly state: GrantState } | { readonly raced: GrantRecord } | null> {
  const where = whereOf(world.targets, inputs.request, documents);
  let intent: Intent | null = null;
  const run = async (connection: TargetConnection): Promise<Established | null> => {
    const place: Place = { ...where, server: connection.server };
    const alreadyHeld = await prepare(world, journal, inputs, connection, place);
    world.deadline?.check();
    intent = await intend(world, journal, inputs, documents, { place, alreadyHeld }, isWanted);
    if (intent.kind !== "intended") return null;
    const work = establishing(world, journal, inputs, intent.record, true);
    return keeping(work, () => establish(work, connection));
  };
  const established = await withConnection(world, where, run).catch(async (error: unknown) => {
    if (intent === null) await journalFailed(world, journal, inputs, reasonOf(error));
    throw error;
  });
  if (established !== null) return { state: stateOf(established) };
  const settled = intent as Intent | null;
  if (settled?.kind === "denied") throw denial(inputs, settled.decision);
  return settled?.kind === "raced" ? { raced: settled.record } : null;
}

/** A grant that the journal calls live: adopted as it is, or ended if it must end. It is not judged a second time. */
async function resume(world: World, journal: Journal, inputs: GrantInputs, known: GrantRecord): Promise<GrantState> {
  requireOwnStack(inputs, known);
  const work = establishing(world, journal, inputs, known, false);
  return stateOf(await keeping(work, () => adoptOrEnd(work)));
}

async function adoptOrEnd(work: Establishing): Promise<Established> {
  const { world, journal, state } = work;
  const cause = mustEnd(state, { journal, view: await journalCall(() => journal.view()) }, world.clock());
  if (cause === null) {
    const established = await withConnection(world, state.place, async (connection) => {
      requireSameServer(connection, state.place);
      return (await laterClock(world, connection)) >= instantOf(state.expiresAt) ? null : establish(work, connection);
    });
    if (established !== null) return established;
  }
  return { state: await endedState(world, state, cause ?? "expiry") };
}

/**
 * INVARIANT (nothing open is forgotten): from the intent on access may be open, so whatever goes wrong, a timeout too,
 * keeps the resource in the state, with all that ending it needs.
 */
async function keeping(work: Establishing, run: () => Promise<Established>): Promise<Established> {
  const { world, state, record } = work;
  try {
    const running = run();
    return await (world.deadline === undefined ? running : Promise.race([running, world.deadline.passed]));
  } catch (error) {
    if (isGrantError(error) && "properties" in error) throw error;
    const ends = record.marks.length > 0 || world.clock() >= instantOf(state.expiresAt);
    throw kept(state, ends ? "stuck" : "active", reasonOf(error), error);
  }
}

function stateOf(established: Established): GrantState {
  if ("undone" in established) throw established.undone;
  return established.state;
}

function requireOwnStack(inputs: GrantInputs, known: GrantRecord): void {
  if (isOfStack(known, inputs)) return;
  const [owner, ours] = [known.stack, inputs].map(
    ({ organization, project, stack }) => `\`${organization}/${project}/${stack}\``,
  );
  const name = `\`${inputs.request.metadata.name}\``;
  throw new GrantError(
    "denied",
    `request ${name} is denied:\n  [request-elsewhere] ${name} belongs to stack ${owner}, where it was first activated, this is ${ours}; write a request of its own for this stack`,
  );
}

function establishing(
  world: World,
  journal: Journal,
  inputs: GrantInputs,
  record: GrantRecord,
  fresh: boolean,
): Establishing {
  return { world, journal, inputs, record, fresh, state: openFromIntent(inputs, record) };
}

function by(world: World, inputs: GrantInputs) {
  return { request: inputs.request, actor: world.actor, now: world.clock() };
}
