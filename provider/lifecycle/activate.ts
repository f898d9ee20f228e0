// SPDX-License-Identifier: Apache-2.0
import { type Decision, isInert, type Judge, startAtOf } from "@elevation/domain";
import { type GrantRecord, type Journal, judge } from "@elevation/journal";
import { decidedOnce, violationLines } from "../decided";
import { GrantError } from "../errors";
import { type Establishing, establish } from "./establish";
import { intend, journalFailed, placeOf, prepare } from "./intent";
import { endCauseOf, endGrant } from "./revoke";
import { type GrantInputs, type GrantState, instantOf, type OpenState } from "./state";
import { journalCall, laterClock, trustedView, type World, withConnection } from "./world";

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
  if (isInert(decision)) return inertUnused(world, journal, inputs, decision, previous);
  if (decision.outcome === "deny") throw await deny(world, journal, inputs, decision);
  if (startsLater(world, inputs)) return schedule(world, journal, inputs, decision);
  return activateAnew(world, journal, inputs, documents);
}

function startsLater(world: World, inputs: GrantInputs): boolean {
  const startAt = startAtOf(inputs.request);
  return startAt !== null && startAt > world.clock();
}

function inertAfterEnd(world: World, inputs: GrantInputs, known: GrantRecord): GrantState {
  const status = known.endedBy ?? "revoked";
  world.say(
    `\`${inputs.request.metadata.name}\` creates nothing: its grant ended (${status}); a request opens access at most once, so remove it and file a new one if access is needed again`,
  );
  return {
    ...blank(inputs),
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
  previous: GrantState | undefined,
): Promise<GrantState> {
  const reason = decision.violations.map(({ message }) => message).join("; ");
  world.say(`\`${inputs.request.metadata.name}\` creates nothing: ${reason}`);
  if (previous?.status === "scheduled") {
    await journalFailed(world, journal, inputs, reason);
  }
  return { ...blank(inputs), status: "failed" };
}

async function deny(world: World, journal: Journal, inputs: GrantInputs, decision: Decision): Promise<GrantError> {
  await journalCall(() =>
    journal.step((view) => ({ events: decidedOnce(view, decision, by(world, inputs)), result: null })),
  );
  return denial(inputs, decision);
}

/** The error of a denied request: every violation on a line of its own. */
export function denial(inputs: GrantInputs, decision: Decision): GrantError {
  return new GrantError("denied", violationLines(`request \`${inputs.request.metadata.name}\` is denied:`, decision));
}

async function schedule(world: World, journal: Journal, inputs: GrantInputs, decision: Decision): Promise<GrantState> {
  const { view } = await journalCall(() =>
    journal.step((view) => ({ events: decidedOnce(view, decision, by(world, inputs)), result: null })),
  );
  return {
    ...blank(inputs),
    status: "scheduled",
    rule: decision.rule,
    activatedAt: decision.activatesAt,
    expiresAt: decision.expiresAt,
    witness: view.head,
  };
}

async function activateAnew(
  world: World,
  journal: Journal,
  inputs: GrantInputs,
  documents: Judge,
): Promise<GrantState> {
  const { place, at } = placeOf(world, inputs, documents);
  const made = await withConnection(world, place, async (connection) => {
    await prepare(world, journal, inputs, connection, at(connection.server));
    const intent = await intend(world, journal, inputs, documents, at(connection.server));
    if (intent.kind === "denied") throw denial(inputs, intent.decision);
    if (intent.kind === "raced") return intent.record;
    return establish(establishing(world, journal, inputs, intent.record, true), connection);
  });
  if (!("intent" in made)) return made;
  return made.status === "ended" ? inertAfterEnd(world, inputs, made) : resume(world, journal, inputs, made);
}

/** A grant that the journal calls live: adopted as it is, or ended if it must end. It is not judged a second time. */
async function resume(world: World, journal: Journal, inputs: GrantInputs, known: GrantRecord): Promise<GrantState> {
  requireOwnStack(inputs, known);
  const work = establishing(world, journal, inputs, known, false);
  const mustEnd = known.marks.length > 0 || world.clock() >= instantOf(known.intent.expiresAt);
  if (!mustEnd) {
    const done = await withConnection(world, known.intent.place, async (connection) =>
      (await laterClock(world, connection)) >= instantOf(known.intent.expiresAt) ? null : establish(work, connection),
    );
    if (done !== null) return done;
  }
  const open = openState(inputs, known);
  const ending = await endGrant(world, open, endCauseOf(known));
  const view = await journalCall(() => journal.view());
  return { ...open, status: ending.status, witness: view.grant(inputs.digest)?.last ?? open.witness };
}

function requireOwnStack(inputs: GrantInputs, known: GrantRecord): void {
  const { organization, project, stack } = known.stack;
  if (organization === inputs.organization && project === inputs.project && stack === inputs.stack) return;
  throw new GrantError(
    "denied",
    `request \`${inputs.request.metadata.name}\` is denied:\n  [request-elsewhere] \`${inputs.request.metadata.name}\` belongs to stack \`${organization}/${project}/${stack}\`, where it was first activated; file a request of its own for this stack`,
  );
}

function establishing(
  world: World,
  journal: Journal,
  inputs: GrantInputs,
  record: GrantRecord,
  fresh: boolean,
): Establishing {
  return { world, journal, inputs, record, fresh, state: openState(inputs, record) };
}

function openState(inputs: GrantInputs, { intent, last }: GrantRecord): OpenState {
  const { rule, activatedAt, expiresAt, place } = intent;
  return { ...blank(inputs), status: "active", rule, activatedAt, expiresAt, place, witness: last };
}

function blank(inputs: GrantInputs): GrantState {
  return {
    ...inputs,
    status: "failed",
    rule: null,
    activatedAt: null,
    expiresAt: null,
    place: null,
    witness: null,
    drift: [],
  };
}

function by(world: World, inputs: GrantInputs) {
  return { request: inputs.request, actor: world.actor, now: world.clock() };
}
