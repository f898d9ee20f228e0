// SPDX-License-Identifier: Apache-2.0
import { activateByOf } from "@elevation/domain";
import { journalFailed } from "./intent";
import type { Observation } from "./ports";
import { driftOf, endGrant } from "./revoke";
import { accessOf, type GrantState, instantOf, isOpen, type OpenState } from "./state";
import {
  eventHeader,
  journalCall,
  laterClock,
  requireSameServer,
  trustedView,
  type World,
  withConnection,
} from "./world";

/**
 * What a refresh does: it ends access and never gives any. Returns the state as it really is, or null when the grant has
 * ended, so that the engine drops it. It also runs in previews with no sign that it is one: ending what is past its end
 * is idempotent and safe there.
 */
export async function read(world: World, state: GrantState): Promise<GrantState | null> {
  if (state.status === "scheduled") return readScheduled(world, state);
  if (state.place === null) return state;
  if (!isOpen(state)) return null;
  const trusted = await trustedView(world, state.witness).catch(() => null);
  const known = trusted?.view.grant(state.digest) ?? null;
  if (known !== null && (known.status !== "live" || known.marks.length > 0)) {
    await endGrant(world, state, known.marks.includes("drift") ? "drift" : "withdrawn");
    return null;
  }
  if (world.clock() >= instantOf(state.expiresAt)) {
    await endGrant(world, state, "expiry");
    return null;
  }
  const found = await look(world, state);
  if (found === "due") {
    await endGrant(world, state, "expiry");
    return null;
  }
  if (found.state === "intact") return { ...state, drift: [], witness: known?.last ?? state.witness };
  if (found.state === "wider") return noteWider(world, state, found.differences);
  await journalDrift(world, state, found);
  await endGrant(world, state, "drift");
  return null;
}

/** One that lapses waiting ends as `failed`: nothing was ever open. Which moment that is, only the policy knows. */
async function readScheduled(world: World, state: GrantState): Promise<GrantState | null> {
  const { policy } = world.judge();
  if (world.clock() < activateByOf(policy.value, state.request)) return state;
  const { journal } = await trustedView(world, state.witness);
  await journalFailed(world, journal, state, "lapsed while it was scheduled");
  return null;
}

/** Wider than we made it: kept in the state as `drift`, so that the next `up` cuts it back, and in the journal as residue. */
async function noteWider(world: World, state: OpenState, drift: readonly string[]): Promise<GrantState> {
  const trusted = await trustedView(world, state.witness).catch(() => null);
  for (const sentence of drift)
    world.say(`\`${state.request.metadata.name}\` is wider than it was made: ${sentence}; the next up cuts it back`);
  if (trusted === null || trusted.view.grant(state.digest)?.residue.join() === drift.join()) return { ...state, drift };
  const event = {
    ...eventHeader(world, state),
    type: "residue",
    data: { place: state.place, residue: drift },
  } as const;
  const { view } = await journalCall(() => trusted.journal.step(() => ({ events: [event], result: null })));
  return { ...state, drift, witness: view.grant(state.digest)?.last ?? state.witness };
}

async function look(world: World, state: OpenState): Promise<Observation | "due"> {
  return withConnection(world, state.place, async (connection) => {
    requireSameServer(connection, state.place);
    if ((await laterClock(world, connection)) >= instantOf(state.expiresAt)) return "due";
    return connection.observe(accessOf(state));
  });
}

/** Evidence first where that is possible; without a trusted journal the end itself says so by failing after the act. */
async function journalDrift(world: World, state: OpenState, found: Observation): Promise<void> {
  const differences = driftOf(found, state.place);
  world.say(
    `\`${state.request.metadata.name}\` was changed at the target (${differences.join("; ")}): it ends now and is not put back`,
  );
  const trusted = await trustedView(world, state.witness).catch(() => null);
  const event = { ...eventHeader(world, state), type: "drift", data: { differences } } as const;
  await trusted?.journal.append([event]).catch(() => undefined);
}

/** What a removal from code or a destroy does. Inert grants have nothing to end. */
export async function remove(world: World, state: GrantState): Promise<void> {
  if (isOpen(state)) await endGrant(world, state, "withdrawn");
}
