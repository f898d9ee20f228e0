// SPDX-License-Identifier: Apache-2.0
import type { EndCause, NewEvent } from "@elevation/domain";
import type { GrantRecord, Journal } from "@elevation/journal";
import { GrantError, isGrantError } from "../errors";
import { requireClocksTogether } from "./intent";
import type { Access, Observation, Revocation, TargetConnection } from "./ports";
import { endByOthers, endEvents, endedState, noteDrift, noteRevoking, sparesSessions } from "./revoke";
import { accessOf, type GrantInputs, type GrantState, jsonSafe, type OpenState } from "./state";
import {
  asError,
  eventHeader,
  journalCall,
  laterClock,
  reasonOf,
  requireSameServer,
  tryTrustedView,
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
    const recorded = await recordActivated(work, adopted);
    return typeof recorded === "string" ? await endAtOnce(work, recorded) : recorded;
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

/** A cause: its end began or was finished while it was made, or must begin. */
async function recordActivated(work: Establishing, adopted: boolean): Promise<Established | EndCause> {
  const { world, journal, state } = work;
  const { view, result: cause } = await journalCall(() =>
    journal.step<EndCause | null>((view) => {
      const known = view.grant(state.digest);
      if (known?.status !== "live" || known.marks.length > 0) return { events: [], result: "withdrawn" };
      const cause = endByOthers(view, state, world.clock());
      // NB. not `chain`: as its withdrawal it ends the others of it, too.
      if (cause !== null) return { events: [], result: cause === "chain" ? "withdrawn" : cause };
      const activated: NewEvent = { ...eventHeader(world, state), type: "activated", data: { adopted } };
      return { events: known.activated ? [] : [activated], result: null };
    }),
  );
  if (cause !== null) return cause;
  if (adopted && !work.record.activated)
    world.say(
      `\`${work.inputs.request.metadata.name}\` was at the target already, from a run that did not finish: adopted, it ends at ${state.expiresAt}`,
    );
  return { state: { ...state, witness: view.head } };
}

/** It took until its time was over, by either clock, or until another process ended it. */
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
  if (await isActive(work)) throw kept(work.state, "active", reason, fault);
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

async function isActive({ world, record, state }: Establishing): Promise<boolean> {
  const trusted = await tryTrustedView(world, null);
  const known = trusted instanceof Error ? record : trusted.view.grant(state.digest);
  return known?.status === "live" && known.activated && known.marks.length === 0;
}

async function journalUndone(work: Establishing, access: Access, reason: string, taken: Revocation): Promise<void> {
  const { world, journal, state } = work;
  const end = { status: "revoked", cause: "incomplete", endedAt: world.clock(), ...taken } as const;
  await journalCall(() =>
    journal.step((view) => {
      const known = view.grant(state.digest);
      const isUnopened = known?.status === "live" && !taken.found && !known.activated;
      const failed: NewEvent = { ...eventHeader(world, state), type: "failed", data: { reason } };
      return { events: isUnopened ? [failed] : endEvents(world, view, access, end), result: null };
    }),
  );
}

/** What nobody made needs no cut: that would only end sessions which the person holds by other rights. */
async function takeBack(work: Establishing, connection: TargetConnection, access: Access): Promise<Revocation> {
  requireSameServer(connection, access.place);
  const { state } = await connection.observe(access);
  if (state === "absent") return connection.revoke(access, async (found) => !found);
  const trusted = await tryTrustedView(work.world, null);
  const noted = noteRevoking(work.world, trusted, access, "incomplete");
  const revocation = await connection.revoke(access, sparesSessions(work.world, access, trusted, noted));
  await noted;
  return { ...revocation, found: true };
}

/** An error that keeps the resource in the state, because access may be open. */
export function kept(state: OpenState, status: GrantState["status"], message: string, cause: unknown): GrantError {
  const properties = jsonSafe({ ...state, status });
  const error = new GrantError("activation-failed", message, { cause });
  return Object.assign(error, { id: state.digest, properties, reasons: [message] });
}

/** Removed behind our back before this run: it is never put back. */
async function endAsDrift({ world, journal, state }: Establishing, found: Observation): Promise<Established> {
  const trusted = await tryTrustedView(world, null);
  const noted = noteDrift(world, state, trusted instanceof Error ? trusted : { ...trusted, journal }, found);
  return { state: await endedState(world, state, "drift").finally(() => noted) };
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
