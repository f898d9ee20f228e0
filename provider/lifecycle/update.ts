// SPDX-License-Identifier: Apache-2.0
import { GrantError } from "../errors";
import { activate } from "./activate";
import { endedState, mustEnd } from "./revoke";
import { accessOf, type GrantInputs, type GrantState, instantOf, type OpenState, openOf } from "./state";
import {
  eventHeader,
  journalCall,
  knownOf,
  laterClock,
  requireSameServer,
  type Trusted,
  tryTrustedView,
  type World,
  withConnection,
} from "./world";

/**
 * Brings a Grant to what its declaration and the clock ask for: activates a scheduled one that is due (deciding again),
 * cuts a widened one back, finishes a half-made one, and ends one that is past its end or must end. Idempotent. Ending
 * needs no journal to act; all else does.
 */
export async function update(world: World, state: GrantState, inputs: GrantInputs): Promise<GrantState> {
  if (state.digest !== inputs.digest) {
    throw new GrantError(
      "input-invalid",
      "a Grant's request can't be changed; file a new request under a name of its own",
    );
  }
  const trusted = await tryTrustedView(world, state.witness);
  const known = knownOf(trusted, state.digest);
  const open = openOf(state, known);
  if (open === null) {
    if (state.status !== "scheduled") return { ...state, ...inputs };
    return activate(world, inputs, state);
  }
  const cause = mustEnd(open, trusted, world.clock()) ?? (await dueThere(world, open));
  if (cause !== null) {
    const ended = await endedState(world, open, cause);
    // What failed may be tried again, until its `activateBy`.
    return ended.status === "failed" ? activate(world, inputs, state) : { ...ended, ...inputs };
  }
  if (trusted instanceof Error) throw trusted;
  if (open.drift.length > 0) await cutBack(world, open, trusted);
  // INVARIANT (mustEnd): the journal calls it live, or it would end.
  if (known?.activated !== true) return activate(world, inputs, state);
  return { ...open, ...inputs, status: "active", drift: [], witness: trusted.view.head };
}

async function dueThere(world: World, state: OpenState): Promise<"expiry" | null> {
  return withConnection(world, state.place, async (connection) => {
    requireSameServer(connection, state.place);
    return (await laterClock(world, connection)) >= instantOf(state.expiresAt) ? "expiry" : null;
  });
}

/** Takes away what makes a grant wider than it was made, and journals that it is gone. Throws GrantError where something is left. */
export async function cutBack(world: World, state: OpenState, { journal }: Trusted): Promise<void> {
  const access = accessOf(state);
  await withConnection(world, state.place, async (connection) => {
    requireSameServer(connection, state.place);
    await connection.cutBack(access);
    const seen = await connection.observe(access);
    if (seen.state === "intact") return;
    const details = "differences" in seen ? ` (${seen.differences.join("; ")})` : "";
    throw new GrantError(
      "activation-failed",
      `\`${state.place.object}\` at \`${state.place.connection}\` is still ${seen.state} after it was cut back${details}; refresh to see what is there`,
    );
  });
  // The residue that the refresh journaled is gone.
  const event = { ...eventHeader(world, state), type: "residue", data: { place: state.place, residue: [] } } as const;
  await journalCall(() => journal.append([event]));
}
