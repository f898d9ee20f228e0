// SPDX-License-Identifier: Apache-2.0
import { formatInstant, type NewEvent } from "@elevation/domain";
import type { GrantRecord, Journal } from "@elevation/journal";
import { GrantError, isGrantError } from "../errors";
import type { Access, Observation, TargetConnection } from "./ports";
import { driftOf, endGrant, givesSameAccess } from "./revoke";
import { accessOf, type GrantInputs, type GrantState, jsonSafe, type OpenState } from "./state";
import { eventHeader, journalCall, reasonOf, requireSameServer, type World, withConnection } from "./world";

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

/** Makes the access that the journal has an open intent for, or adopts what a crashed run made of it; observed before it is called active. */
export async function establish(work: Establishing, connection: TargetConnection): Promise<GrantState> {
  const access = accessOf(work.state);
  requireSameServer(connection, access.place);
  const found = work.fresh ? ({ state: "absent" } as const) : await connection.observe(access);
  if (found.state === "foreign") throw await refuseForeign(work, access, found.differences);
  if (found.state === "damaged" || (found.state === "absent" && work.record.activated)) return endAsDrift(work, found);
  const made = await make(connection, access, found).catch((error: unknown) => ({ fault: error }));
  if ("foreign" in made) throw await refuseForeign(work, access, made.foreign);
  if ("fault" in made) throw await undo(work, access, made.fault);
  try {
    return await recordActivated(work, made.adopted);
  } catch (error) {
    throw await undo(work, access, error);
  }
}

/** Throws unless the target was observed to be exactly as we make it; what somebody else made is left alone. */
async function make(
  connection: TargetConnection,
  access: Access,
  found: Observation,
): Promise<{ adopted: boolean } | { foreign: readonly string[] }> {
  let adopted = found.state !== "absent";
  if (found.state === "absent") {
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
  if (seen.state === "foreign") return { foreign: seen.differences };
  if (seen.state !== "intact") {
    const details = "differences" in seen ? `: ${seen.differences.join("; ")}` : "";
    throw new GrantError(
      "activation-failed",
      `\`${access.place.object}\` at \`${access.place.connection}\` was observed to be ${seen.state}${details}`,
    );
  }
  return { adopted };
}

async function recordActivated(work: Establishing, adopted: boolean): Promise<GrantState> {
  const { world, journal, record, state } = work;
  if (record.activated) return { ...state, witness: record.last };
  const { view } = await journalCall(() =>
    journal.step((view) => {
      const known = view.grant(state.digest);
      const events: NewEvent[] =
        known?.activated === true
          ? []
          : [{ ...eventHeader(work.world, work.state), type: "activated", data: { adopted } }];
      return { events, result: null };
    }),
  );
  if (adopted)
    world.say(
      `\`${work.inputs.request.metadata.name}\` was at the target already, from a run that did not finish: adopted, it ends at ${state.expiresAt}`,
    );
  return { ...state, witness: view.grant(state.digest)?.last ?? record.last };
}

/**
 * An activation that failed leaves nothing open, or says so: observed gone, it is `failed` and the digest may be tried
 * again; otherwise it is `stuck`, and the error keeps the resource in the state, where the next refresh ends it.
 */
async function undo(work: Establishing, access: Access, fault: unknown): Promise<unknown> {
  const reason = reasonOf(fault);
  // A grant that was active before stays so: a fault of ours is no reason to end it, and its expiry will.
  if (work.record.activated) return kept(work, "active", reason, fault);
  try {
    // A connection of its own: the other one may be what broke.
    await withConnection(work.world, access.place, (own) => takeBack(work, own, access));
  } catch (second) {
    await tryAppend(work, {
      ...eventHeader(work.world, work.state),
      type: "stuck",
      data: { cause: "incomplete", reason: `${reason}; ${reasonOf(second)}` },
    });
    const message = `stuck: the activation failed (${reason}) and what was made could not be taken away (${reasonOf(second)}); refresh ends it`;
    return kept(work, "stuck", message, fault);
  }
  await journalUndone(work, reason);
  return fault;
}

/** `failed`, unless the journal calls it active already: then what was taken back was open, and was revoked. */
async function journalUndone(work: Establishing, reason: string): Promise<void> {
  const ended = { cause: "incomplete", endedAt: formatInstant(work.world.clock()), sessionsEnded: 0 } as const;
  await work.journal
    .step((view) => {
      const activated = view.grant(work.state.digest)?.activated === true;
      const event: NewEvent = activated
        ? { ...eventHeader(work.world, work.state), type: "revoked", data: ended }
        : { ...eventHeader(work.world, work.state), type: "failed", data: { reason } };
      return { events: [event], result: null };
    })
    .catch(() => undefined);
}

/** What nobody made needs no ending: that would only cut sessions which the person holds by other rights. */
async function takeBack(work: Establishing, connection: TargetConnection, access: Access): Promise<void> {
  requireSameServer(connection, access.place);
  const { state } = await connection.observe(access);
  if (state === "absent" || state === "foreign") return;
  const view = await work.journal.view().catch(() => null);
  const spareSessions = view !== null && givesSameAccess(view, access, work.world.clock());
  await connection.revoke(access, { spareSessions });
}

/** An error that keeps the resource in the state, because access may be open. */
function kept(work: Establishing, status: GrantState["status"], message: string, cause: unknown): GrantError {
  const properties = jsonSafe({ ...work.state, status });
  const error = new GrantError("activation-failed", message, { cause });
  return Object.assign(error, { id: work.state.digest, properties, reasons: [message] });
}

/** Removed behind our back before this run: it is never put back (design §6 "Read"). */
async function endAsDrift(work: Establishing, found: Observation): Promise<GrantState> {
  const differences = driftOf(found, work.state.place);
  await journalCall(() =>
    work.journal.append([{ ...eventHeader(work.world, work.state), type: "drift", data: { differences } }]),
  );
  const ending = await endGrant(work.world, work.state, "drift");
  const view = await journalCall(() => work.journal.view());
  work.world.say(
    `\`${work.inputs.request.metadata.name}\` was changed at the target (${differences.join("; ")}): ended, it is not put back`,
  );
  return { ...work.state, status: ending.status, witness: view.grant(work.state.digest)?.last ?? null };
}

async function refuseForeign(work: Establishing, access: Access, differences: readonly string[]): Promise<GrantError> {
  const { place } = access;
  await tryAppend(work, { ...eventHeader(work.world, work.state), type: "orphan", data: { place, differences } });
  if (!work.record.activated)
    await tryAppend(work, {
      ...eventHeader(work.world, work.state),
      type: "failed",
      data: { reason: `\`${place.object}\` is not ours` },
    });
  return new GrantError(
    "name-taken",
    `\`${place.object}\` stands at \`${place.connection}\` and is not as we make it (${differences.join("; ")}); find out who made it, and remove it`,
  );
}

async function tryAppend(work: Establishing, event: NewEvent): Promise<void> {
  await work.journal.append([event]).catch(() => undefined);
}
