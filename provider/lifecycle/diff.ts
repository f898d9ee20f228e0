// SPDX-License-Identifier: Apache-2.0
import { startAtOf } from "@elevation/domain";
import { mustEnd } from "./revoke";
import { type GrantState, openOf, readInputs, readState } from "./state";
import { knownOf, type Trusted, trustedView, tryTrustedView, type World } from "./world";

/** Whether an `up` has something to do for a Grant. */
export interface Difference {
  readonly changes: boolean;
  readonly replaces: readonly string[];
}

/**
 * Compares a Grant with its declaration. Live and unchanged is no difference, whatever the policy says today. A change is:
 * a scheduled grant that is due or that the journal has not, one that a killed run left half made, one that must end, one that a refresh found wider,
 * and another shell text (otherwise the state would keep running the old one).
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
  const trusted = await requireWitness(world, state);
  if (readInputs(news).digest !== state.digest) return { changes: true, replaces: ["request"] };
  const moved = (["organization", "project", "stack"] as const).some((key) => news[key] !== state[key]);
  const changes = moved || olds["__provider"] !== news["__provider"] || needsWork(world, state, trusted);
  return { changes, replaces: [] };
}

function needsWork(world: World, state: GrantState, trusted: Trusted | Error): boolean {
  const known = knownOf(trusted, state.digest);
  const open = openOf(state, known);
  if (open === null) return state.status === "scheduled" && (isDue(world, state) || !isScheduled(state, trusted));
  if (state.place === null || known?.activated === false) return true;
  return open.drift.length > 0 || mustEnd(open, trusted, world.clock()) !== null;
}

function isDue(world: World, { request }: GrantState): boolean {
  return (startAtOf(request) ?? 0) <= world.clock();
}

/** Whether the journal has it too, so that a reaper activates it: it hasn't where its file was gone for a while. */
function isScheduled({ digest }: GrantState, trusted: Trusted | Error): boolean {
  return trusted instanceof Error || trusted.view.scheduled.has(digest);
}

async function requireWitness(world: World, state: GrantState): Promise<Trusted | Error> {
  if (state.witness === null) return tryTrustedView(world, null);
  const absent = await world.journal().then(
    () => null,
    (error: Error) => error,
  );
  return absent ?? trustedView(world, state.witness);
}
