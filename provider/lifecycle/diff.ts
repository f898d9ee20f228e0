// SPDX-License-Identifier: Apache-2.0
import { startAtOf } from "@elevation/domain";
import { type GrantState, instantOf, readInputs, readState } from "./state";
import { trustedView, type World } from "./world";

/** Whether an `up` has something to do for a Grant. */
export interface Difference {
  readonly changes: boolean;
  readonly replaces: readonly string[];
}

/**
 * Compares a Grant with its declaration. Live and unchanged is no difference, whatever the policy says today. A change is:
 * a scheduled grant that is due, one past its end, one that a refresh found wider, one that is stuck, and another shell
 * text (otherwise the state would keep running the old one).
 *
 * Throws GrantError `journal-untrusted` if a journal is there and lacks an event that this state has seen: so an `up`
 * fails before it creates anything. Without a journal (the preview of a pull request) it compares all the same.
 */
export async function diff(
  world: World,
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
): Promise<Difference> {
  const state = readState(olds);
  await requireWitness(world, state);
  if (readInputs(news).digest !== state.digest) return { changes: true, replaces: ["request"] };
  const moved = (["organization", "project", "stack"] as const).some((key) => news[key] !== state[key]);
  const changes = moved || olds["__provider"] !== news["__provider"] || needsWork(world, state);
  return { changes, replaces: [] };
}

function needsWork(world: World, state: GrantState): boolean {
  if (state.status === "scheduled") return (startAtOf(state.request) ?? 0) <= world.clock();
  if (state.status === "stuck") return true;
  if (state.status !== "active") return false;
  return state.drift.length > 0 || (state.expiresAt !== null && world.clock() >= instantOf(state.expiresAt));
}

async function requireWitness(world: World, state: GrantState): Promise<void> {
  if (state.witness === null || (await world.journal().catch(() => null)) === null) return;
  await trustedView(world, state.witness);
}
