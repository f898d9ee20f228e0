// SPDX-License-Identifier: Apache-2.0
import {
  type Decision,
  formatInstant,
  identityOf,
  isInert,
  type Judge,
  type NewEvent,
  type Place,
  startAtOf,
  targetOf,
} from "@elevation/domain";
import { type GrantRecord, type Journal, type JournalView, judge } from "@elevation/journal";
import { decided, decidedOnce } from "../decided";
import { GrantError } from "../errors";
import { type Establishing, establish } from "./establish";
import type { TargetConnection } from "./ports";
import { endGrant } from "./revoke";
import { type GrantInputs, type GrantState, instantOf, type OpenState } from "./state";
import { journalCall, laterClock, MAX_CLOCK_GAP, trustedView, type World, withConnection } from "./world";

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
    await journalCall(() => journal.append([{ ...header(world, inputs), type: "failed", data: { reason } }]));
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
  const lines = decision.violations.map(({ id, message }) => `  [${id}] ${message}`);
  return new GrantError("denied", [`request \`${inputs.request.metadata.name}\` is denied:`, ...lines].join("\n"));
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
  const where = targetOf(documents.policy.value, inputs.request);
  const identity = where && identityOf(documents.directory.value, inputs.request.spec.requester, where.kind);
  if (where === null || identity === null) throw new GrantError("denied", "the allowed request has no target"); // INVARIANT (allow): decide() denies both
  return withConnection(world, where, async (connection) => {
    const object = world.targets.get(where.kind)?.objectName(inputs.digest) ?? "";
    const place: Place = { ...where, server: connection.server, identity, object };
    await prepare(world, journal, inputs, connection, place);
    const intent = await journalCall(() => journal.step((view) => intend(world, view, inputs, documents, place)));
    if (intent.result.kind === "denied") throw denial(inputs, intent.result.decision);
    if (intent.result.kind === "raced") return inertOrOpen(world, journal, inputs, connection, intent.result.known);
    const record = intent.view.grant(inputs.digest);
    if (record === null) throw new GrantError("journal-untrusted", "the intent that was just journaled isn't there");
    return establish(establishing(world, journal, inputs, record, true), connection);
  });
}

/** What can be known to fail is found before the intent: nothing was open, the digest may be tried again. */
async function prepare(
  world: World,
  journal: Journal,
  inputs: GrantInputs,
  connection: TargetConnection,
  place: Place,
): Promise<void> {
  try {
    const { now, precision } = await connection.clock();
    const gap = Math.abs(now - world.clock()) - precision;
    if (gap > MAX_CLOCK_GAP) {
      throw new GrantError(
        "clock-apart",
        `the clock of \`${place.connection}\` is ${Math.round(gap / 1000)} s apart from ours, at most ${MAX_CLOCK_GAP / 1000} s are allowed; set both by NTP`,
      );
    }
    await connection.preflight(place);
    const found = await connection.observe({ digest: inputs.digest, place, expiresAt: 0 });
    if (found.state === "absent") return;
    // INVARIANT (adopt only ours): without an open intent, whatever stands under our name is not ours to adopt.
    const differences =
      "differences" in found ? found.differences : ["it looks like ours, but no intent of it is in the journal"];
    await journal
      .append([{ ...header(world, inputs), type: "orphan", data: { place, differences } }])
      .catch(() => undefined);
    throw new GrantError(
      "name-taken",
      `\`${place.object}\` stands at \`${place.connection}\` already and was not made for this request (${differences.join("; ")}); find out who made it, and remove it`,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await journal.append([{ ...header(world, inputs), type: "failed", data: { reason } }]).catch(() => undefined);
    throw error;
  }
}

type Intent = { kind: "intended" } | { kind: "denied"; decision: Decision } | { kind: "raced"; known: GrantRecord };

/** Decision and intent, one step on the journal: a lost race judges again. */
function intend(
  world: World,
  view: JournalView,
  inputs: GrantInputs,
  documents: Judge,
  place: Place,
): { events: NewEvent[]; result: Intent } {
  const known = view.grant(inputs.digest);
  if (known !== null && known.status !== "failed") return { events: [], result: { kind: "raced", known } };
  const decision = judge(documents, inputs.request, { stack: inputs, now: world.clock(), view });
  if (decision.outcome === "deny" || decision.activatesAt === null || decision.expiresAt === null) {
    return { events: decidedOnce(view, decision, by(world, inputs)), result: { kind: "denied", decision } };
  }
  const { requester, role, environment } = inputs.request.spec;
  const { organization, project, stack } = inputs;
  const data = {
    ...{ organization, project, stack, origin: inputs.origin === "" ? null : inputs.origin, request: inputs.request },
    ...{
      requester,
      role,
      environment,
      rule: decision.rule,
      activatedAt: decision.activatesAt,
      expiresAt: decision.expiresAt,
    },
    ...{ policyDigest: decision.policyDigest, directoryDigest: decision.directoryDigest, place },
  };
  return {
    events: [decided(decision, by(world, inputs)), { ...header(world, inputs), type: "activating", data }],
    result: { kind: "intended" },
  };
}

async function inertOrOpen(
  world: World,
  journal: Journal,
  inputs: GrantInputs,
  connection: TargetConnection,
  known: GrantRecord,
): Promise<GrantState> {
  if (known.status === "ended") return inertAfterEnd(world, inputs, known);
  requireOwnStack(inputs, known);
  return establish(establishing(world, journal, inputs, known, false), connection);
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
  const cause = known.marks.includes("drift") ? "drift" : known.marks.length > 0 ? "withdrawn" : "expiry";
  const ending = await endGrant(world, open, cause);
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

function header(world: World, inputs: GrantInputs) {
  return { at: formatInstant(world.clock()), request: inputs.digest, actor: world.actor } as const;
}
