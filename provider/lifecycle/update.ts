// SPDX-License-Identifier: Apache-2.0
import { GrantError } from "../errors";
import { activate } from "./activate";
import { endCauseOf, endGrant } from "./revoke";
import { accessOf, type GrantInputs, type GrantState, instantOf, isOpen, type OpenState } from "./state";
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
 * Brings a Grant to what its declaration and the clock ask for: activates a scheduled one that is due (deciding again),
 * cuts a widened one back, finishes a half-made one, and ends one that is past its end or must end. Idempotent.
 */
export async function update(world: World, state: GrantState, inputs: GrantInputs): Promise<GrantState> {
  if (state.digest !== inputs.digest) {
    throw new GrantError(
      "input-invalid",
      "a Grant's request can't be changed; file a new request under a name of its own",
    );
  }
  if (!isOpen(state)) {
    if (state.status !== "scheduled") return { ...state, ...inputs };
    return activate(world, inputs, state);
  }
  const { view } = await trustedView(world, state.witness);
  const known = view.grant(state.digest);
  if (known?.status === "live" && known.marks.length === 0 && !(await isDue(world, state))) {
    if (state.drift.length > 0) await cutBack(world, state);
    if (known.activated) return { ...state, ...inputs, status: "active", drift: [], witness: known.last };
    return activate(world, inputs, state);
  }
  const ending = await endGrant(world, state, endCauseOf(known));
  const after = await trustedView(world, state.witness);
  return {
    ...state,
    ...inputs,
    status: ending.status,
    drift: [],
    witness: after.view.grant(state.digest)?.last ?? state.witness,
  };
}

async function isDue(world: World, state: OpenState): Promise<boolean> {
  const expiresAt = instantOf(state.expiresAt);
  if (world.clock() >= expiresAt) return true;
  return withConnection(world, state.place, async (connection) => (await laterClock(world, connection)) >= expiresAt);
}

async function cutBack(world: World, state: OpenState): Promise<void> {
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
  const { journal } = await trustedView(world, state.witness);
  // The residue that the refresh journaled is gone.
  await journalCall(() =>
    journal.append([
      {
        ...eventHeader(world, state),
        type: "residue",
        data: { place: state.place, residue: [] },
      },
    ]),
  );
}
