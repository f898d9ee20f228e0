// SPDX-License-Identifier: Apache-2.0
import type { EndCause, NewEvent } from "@elevation/domain";
import type { GrantRecord, Journal } from "@elevation/journal";
import { GrantError, isGrantError } from "../errors";
import { requireClocksTogether } from "./intent";
import type { Access, Observation, Revocation, TargetConnection } from "./ports";
import { driftOf, endEvents, endedState, sparesSessions } from "./revoke";
import { accessOf, type GrantInputs, type GrantState, jsonSafe, type OpenState } from "./state";
import {
  asError,
  eventHeader,
  journalCall,
  laterClock,
  reasonOf,
  requireSameServer,
  type World,
  withConnection,
} from "./world";

/** An intent that stands in the journal, and what is needed to carry it out. */
export interface Establishing {
  readonly world: World;
  readonly journal: Journal;
  readonly inputs: GrantInputs;
  readonly record: GrantRecord;
  /** The intent was journaled a moment ago by this very run, so nothing of it can be at the target yet. */
  readonly fresh: boolean;
  readonly state: OpenState;
}

/** What came of it: the grant, or why there is none although the journal and the target agree that nothing is open. */
export type Established = { readonly state: GrantState } | { readonly undone: Error };

/**
 * Makes the access that the journal has an open intent for, or adopts what a crashed run made of it; observed before it
 * is called active. Throws where access may be open.
 */
export async function establish(work: Establishing, connection: TargetConnection): Promise<Established> {
  const access = accessOf(work.state);
  requireSameServer(connection, access.place);
  const found = work.fresh ? ({ state: "absent" } as const) : await connection.observe(access);
  if (isDrift(work, found)) return endAsDrift(work, found);
  try {
    if (!work.fresh && !work.record.activated) await requireClocksTogether(work.world, connection, access.place);
    const adopted = await make(work, connection, access, found);
    if ((await laterClock(work.world, connection)) >= access.expiresAt) return await endAtOnce(work, "expiry");
    return { state: await recordActivated(work, adopted) };
  } catch (error) {
    return undo(work, access, asError(error));
  }
}

/** Removed behind our back before this run: it is never put back (design §6 "Read"). What never was active isn't missing. */
function isDrift({ record }: Establishing, { state }: Observation): boolean {
  return state === "damaged" || (record.activated && (state === "absent" || state === "foreign"));
}

/** Resolves to whether it was there already. Throws unless the target was observed to be exactly as we make it. */
async function make(
  work: Establishing,
  connection: TargetConnection,
  access: Access,
  found: Observation,
): Promise<boolean> {
  let adopted = found.state !== "absent";
  if (found.state === "foreign") throw await orphan(work, access, found.differences, false);
  if (found.state === "absent") {
    work.world.deadline?.check();
    // Another process may carry out the same intent at this moment: what it made is adopted if it is exactly ours.
    adopted = await connection.create(access).then(
      () => false,
      (error: unknown) => {
        if (isGrantError(error) && error.code === "name-taken") return true;
        throw error;
      },
    );
  }
  if (found.state === "wider") await connection.cutBack(access);
  const seen = await connection.observe(access);
  if (seen.state === "intact") return adopted;
  if (seen.state === "foreign") throw await orphan(work, access, seen.differences, work.fresh && adopted);
  const details = "differences" in seen ? `: ${seen.differences.join("; ")}` : "";
  throw new GrantError(
    "activation-failed",
    `\`${access.place.object}\` at \`${access.place.connection}\` was observed to be ${seen.state}${details}; see who changes roles there, and file a new request`,
  );
}

async function recordActivated(work: Establishing, adopted: boolean): Promise<GrantState> {
  const { world, journal, record, state } = work;
  if (record.activated) return { ...state, witness: record.last };
  const { view } = await journalCall(() =>
    journal.step((view) => {
      const known = view.grant(state.digest);
      const events: NewEvent[] =
        known?.activated === true ? [] : [{ ...eventHeader(world, state), type: "activated", data: { adopted } }];
      return { events, result: null };
    }),
  );
  if (adopted)
    world.say(
      `\`${work.inputs.request.metadata.name}\` was at the target already, from a run that did not finish: adopted, it ends at ${state.expiresAt}`,
    );
  return { ...state, witness: view.head };
}

/** It took so long that its time is over, by either clock. */
async function endAtOnce(work: Establishing, cause: EndCause): Promise<Established> {
  return { state: await endedState(work.world, work.state, cause) };
}

/**
 * An activation that failed leaves nothing open, or says so. Observed to have made nothing, it is `failed`, and the
 * digest may be tried again; what stood for a moment is `revoked`; what can't be ended or recorded is `stuck`, and the
 * error keeps the resource in the state, where the next refresh ends it.
 */
async function undo(work: Establishing, access: Access, fault: Error): Promise<Established> {
  const reason = reasonOf(fault);
  // What is active, by an earlier run or by another process, stays so: a fault of ours is no reason to end it.
  if (await isActivated(work)) throw kept(work.state, "active", reason, fault);
  if (isNotOurs(fault)) {
    await journalCall(() =>
      work.journal.append([{ ...eventHeader(work.world, work.state), type: "failed", data: { reason } }]),
    ).catch((error: unknown) => {
      throw kept(work.state, "stuck", `${reason}; that can't be recorded: ${reasonOf(error)}`, fault);
    });
    return { undone: fault };
  }
  // A connection of its own: the other one may be what broke.
  const taken = await withConnection(work.world, access.place, (own) => takeBack(work, own, access)).catch(asError);
  if (taken instanceof Error) {
    const event = { cause: "incomplete", reason: `${reason}; ${reasonOf(taken)}` } as const;
    await tryAppend(work, { ...eventHeader(work.world, work.state), type: "stuck", data: event });
    const message = `stuck: the activation failed (${reason}) and what was made could not be taken away (${reasonOf(taken)}); refresh ends it`;
    throw kept(work.state, "stuck", message, fault);
  }
  await journalUndone(work, access, reason, taken).catch((error: unknown) => {
    const message = `the activation failed (${reason}) and was undone, but that can't be recorded: ${reasonOf(error)}; refresh records it`;
    throw kept(work.state, "stuck", message, fault);
  });
  return { undone: fault };
}

async function isActivated({ journal, record, state }: Establishing): Promise<boolean> {
  if (record.activated) return true;
  const view = await journal.view().catch(() => null);
  return view?.grant(state.digest)?.activated === true;
}

async function journalUndone(work: Establishing, access: Access, reason: string, taken: Revocation): Promise<void> {
  const { world, journal, state } = work;
  const end = { status: "revoked", cause: "incomplete", endedAt: world.clock(), ...taken } as const;
  await journalCall(() =>
    journal.step((view) => {
      const known = view.grant(state.digest);
      const wasOpen = taken.found || known?.activated === true;
      const failed: NewEvent = { ...eventHeader(world, state), type: "failed", data: { reason } };
      const events = known?.status !== "live" ? [] : wasOpen ? endEvents(world, view, access, end) : [failed];
      return { events, result: null };
    }),
  );
}

/** What nobody made needs no cut: that would only end sessions which the person holds by other rights. */
async function takeBack(work: Establishing, connection: TargetConnection, access: Access): Promise<Revocation> {
  requireSameServer(connection, access.place);
  const { state } = await connection.observe(access);
  if (state === "absent") return connection.revoke(access, async () => true);
  const trusted = { journal: work.journal, view: await work.journal.view() };
  const revoking = { ...eventHeader(work.world, work.state), type: "revoking", data: { cause: "incomplete" } } as const;
  const noted = work.journal.append([revoking]).then(
    () => true,
    () => false,
  );
  const revocation = await connection.revoke(access, sparesSessions(work.world, access, trusted, noted));
  return { ...revocation, found: true };
}

/** An error that keeps the resource in the state, because access may be open. */
export function kept(state: OpenState, status: GrantState["status"], message: string, cause: unknown): GrantError {
  const properties = jsonSafe({ ...state, status });
  const error = new GrantError("activation-failed", message, { cause });
  return Object.assign(error, { id: state.digest, properties, reasons: [message] });
}

async function endAsDrift(work: Establishing, found: Observation): Promise<Established> {
  const { world, journal, state, inputs } = work;
  const differences = driftOf(found, state.place);
  await journalCall(() => journal.append([{ ...eventHeader(world, state), type: "drift", data: { differences } }]));
  const ended = await endedState(world, state, "drift");
  world.say(
    `\`${inputs.request.metadata.name}\` was changed at the target (${differences.join("; ")}): ended, it is not put back`,
  );
  return { state: ended };
}

/** The fault of a name that was taken before this run could make anything under it: nothing there is ours to end. */
const NOT_OURS = Symbol("not ours");

function isNotOurs(fault: Error): boolean {
  return NOT_OURS in fault;
}

async function orphan(
  work: Establishing,
  access: Access,
  differences: readonly string[],
  neverOurs: boolean,
): Promise<GrantError> {
  const { place } = access;
  await tryAppend(work, { ...eventHeader(work.world, work.state), type: "orphan", data: { place, differences } });
  const error = new GrantError(
    "name-taken",
    `\`${place.object}\` stands at \`${place.connection}\` and is not as we make it (${differences.join("; ")}); find out who made it, and remove it`,
  );
  return neverOurs ? Object.assign(error, { [NOT_OURS]: true }) : error;
}

async function tryAppend(work: Establishing, event: NewEvent): Promise<void> {
  await work.journal.append([event]).catch(() => undefined);
}
