// SPDX-License-Identifier: Apache-2.0
import { activateByOf } from "@elevation/domain";
import { GrantError } from "../errors";
import { journalFailed } from "./intent";
import type { Observation } from "./ports";
import { endGrant, mustEnd, noteDrift } from "./revoke";
import { withdrawScheduled } from "./schedule";
import { accessOf, type GrantState, instantOf, type OpenState, openOf } from "./state";
import {
  eventHeader,
  journalCall,
  knownOf,
  laterClock,
  reasonOf,
  requireSameServer,
  type Trusted,
  tryTrustedView,
  type World,
  withConnection,
} from "./world";

/**
 * What a refresh does: it ends access and never gives any. Returns the state as it really is, or null when the grant has
 * ended, so that the engine drops it. It also runs in previews with no sign that it is one: ending what is past its end
 * is idempotent and safe there.
 */
export async function read(world: World, state: GrantState): Promise<GrantState | null> {
  const trusted = await tryTrustedView(world, state.witness);
  const known = knownOf(trusted, state.digest);
  const open = openOf(state, known);
  if (open === null) return readClosed(world, state, trusted);
  const cause = mustEnd(open, trusted, world.clock());
  if (cause !== null) {
    await endGrant(world, open, cause);
    return null;
  }
  const found = await look(world, open);
  if (found === "due") {
    await endGrant(world, open, "expiry");
    return null;
  }
  if (found.state === "intact") return { ...open, drift: [], witness: laterOf(state, known) };
  if (found.state === "wider") return noteWider(world, open, trusted, found.differences);
  if (found.state === "absent" && known?.activated === false) return open;
  const noted = noteDrift(world, open, trusted, found);
  await endGrant(world, open, "drift").finally(() => noted);
  return null;
}

/** What a removal from code or a destroy does. Inert grants have nothing to end. */
export async function remove(world: World, state: GrantState): Promise<void> {
  const trusted = await tryTrustedView(world, state.witness);
  const open = openOf(state, knownOf(trusted, state.digest));
  if (open !== null) return withdraw(world, open, trusted);
  if (state.status !== "scheduled") return;
  if (trusted instanceof Error) {
    throw new GrantError(
      "journal-untrusted",
      `\`${state.request.metadata.name}\` is scheduled, and only the journal knows whether a run that was killed activated it: ${trusted.message}; the resource stays until it can be read`,
      { cause: trusted },
    );
  }
  // A reaper activates what the journal has scheduled: that it is so no more must be written, or it is open already.
  const opened = openOf(state, await withdrawScheduled(world, trusted.journal, state));
  if (opened !== null) await withdraw(world, opened, trusted);
}

async function withdraw(world: World, open: OpenState, trusted: Trusted | Error): Promise<void> {
  await endGrant(world, open, mustEnd(open, trusted, world.clock()) ?? "withdrawn");
}

/** Of which nothing is open: waiting, inert, or ended by an `up`. */
async function readClosed(world: World, state: GrantState, trusted: Trusted | Error): Promise<GrantState | null> {
  if (state.status !== "scheduled") return state.place === null ? state : null;
  if (trusted instanceof Error) return state;
  if (trusted.view.grant(state.digest)?.status === "ended") return null;
  if (!hasLapsed(world, state)) return state;
  await journalFailed(world, trusted.journal, state, "lapsed while it was scheduled", true);
  return null;
}

/** Which moment that is, only the policy knows; without one it waits, for nothing is open. */
function hasLapsed(world: World, state: GrantState): boolean {
  try {
    return world.clock() >= activateByOf(world.judge().policy.value, state.request);
  } catch (error) {
    world.say(`\`${state.request.metadata.name}\` stays scheduled: ${reasonOf(error)}`);
    return false;
  }
}

/** Wider than we made it: kept in the state as `drift`, so that the next `up` cuts it back, and in the journal as residue. */
export async function noteWider(
  world: World,
  state: OpenState,
  trusted: Trusted | Error,
  drift: readonly string[],
): Promise<GrantState> {
  for (const sentence of drift)
    world.say(
      `\`${state.request.metadata.name}\` is wider than it was made: ${sentence}; the next up, or a reaper, cuts it back`,
    );
  const known = knownOf(trusted, state.digest);
  if (trusted instanceof Error || known?.residue.join() === drift.join()) return { ...state, drift };
  const event = {
    ...eventHeader(world, state),
    type: "residue",
    data: { place: state.place, residue: drift },
  } as const;
  const { view } = await journalCall(() => trusted.journal.append([event]));
  return { ...state, drift, witness: laterOf(state, view.grant(state.digest)) };
}

/** NB. not the journal's head: then each refresh would change each state. */
function laterOf({ witness }: GrantState, known: ReturnType<typeof knownOf>): GrantState["witness"] {
  return known !== null && known.last.seq > (witness?.seq ?? 0) ? known.last : witness;
}

/** What is there now; `due`: its time is over by either clock. */
export async function look(world: World, state: OpenState): Promise<Observation | "due"> {
  return withConnection(world, state.place, async (connection) => {
    requireSameServer(connection, state.place);
    const found = await connection.observe(accessOf(state));
    // NB. the clock after the look: what is said to stand was not past its end when it was seen.
    return (await laterClock(world, connection)) >= instantOf(state.expiresAt) ? "due" : found;
  });
}
