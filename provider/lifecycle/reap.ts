// SPDX-License-Identifier: Apache-2.0
import type { Digest, EndCause } from "@elevation/domain";
import type { GrantRecord } from "@elevation/journal";
import { isGrantError } from "../errors";
import { endGrant, mustEnd } from "./revoke";
import { type GrantState, type OpenState, openFromIntent, openOf } from "./state";
import { asError, knownOf, reasonOf, type Trusted, tryTrustedView, type World } from "./world";

/** What one pass of the reaper is about. */
export interface Pass {
  /** Digests of the requests that are still declared, and the project whose folder that is; null: nothing is withdrawn. */
  readonly declared: { readonly project: string; readonly digests: ReadonlySet<Digest> } | null;
  /** Grants of exported states: what ends without a journal, and what the journal doesn't know. */
  readonly states: readonly GrantState[];
  /** Only grants of these environments; null: of all. */
  readonly environments: ReadonlySet<string> | null;
  /** How many are ended at once. */
  readonly atOnce: number;
}

/** What became of one grant that had to end. */
export interface Reaped {
  readonly digest: Digest;
  readonly name: string;
  readonly requester: string;
  readonly environment: string;
  readonly place: OpenState["place"];
  readonly expiresAt: string;
  readonly cause: EndCause;
  /** `unrecorded`: the access has ended, and the journal could not be told. */
  readonly outcome: "expired" | "revoked" | "unrecorded" | "stuck";
  /** Why it is stuck or unrecorded. */
  readonly reason: string | null;
  readonly residue: readonly string[];
}

/** One pass: what was to end, and why the journal could not be trusted, or null. */
export interface Passed {
  readonly reaped: readonly Reaped[];
  readonly untrusted: string | null;
}

/**
 * Ends every grant that is past its end, must end, or was activated from a file that is no longer declared (design §6
 * "Withdrawing never depends on `up`"), all targets at the same time, each by itself: one that can't be ended holds up
 * no other. Works from the journal and the states alone: policy, directory and request files are not consulted.
 * Idempotent: the next pass tries again what is stuck. Never throws for what one grant does.
 */
export async function reap(world: World, pass: Pass): Promise<Passed> {
  const trusted = await tryTrustedView(world, lastWitness(pass.states));
  const due = dueGrants(world, pass, trusted);
  const reaped: Reaped[] = [];
  const queue = due.values();
  const worker = async (): Promise<void> => {
    for (const [grant, cause] of queue) reaped.push(await end(world, grant, cause));
  };
  await Promise.all(Array.from({ length: Math.min(pass.atOnce, due.length) }, worker));
  reaped.sort((a, b) =>
    a.expiresAt === b.expiresAt ? compare(a.digest, b.digest) : compare(a.expiresAt, b.expiresAt),
  );
  return { reaped, untrusted: trusted instanceof Error ? reasonOf(trusted) : null };
}

function dueGrants(world: World, pass: Pass, trusted: Trusted | Error): [OpenState, EndCause][] {
  const now = world.clock();
  const due: [OpenState, EndCause][] = [];
  for (const grant of openGrants(pass, trusted)) {
    if (pass.environments !== null && !pass.environments.has(grant.request.spec.environment)) continue;
    const cause =
      mustEnd(grant, trusted, now) ?? (isWithdrawn(pass, knownOf(trusted, grant.digest)) ? "withdrawn" : null);
    if (cause !== null) due.push([grant, cause]);
  }
  return due;
}

/** What may be open, each digest once: what the journal calls live, and what only a state knows of. */
function openGrants({ states }: Pass, trusted: Trusted | Error): Iterable<OpenState> {
  const open = new Map<Digest, OpenState>();
  if (!(trusted instanceof Error)) {
    for (const record of trusted.view.grants) {
      if (record.status === "live") open.set(record.digest, ofRecord(record));
    }
  }
  for (const state of states) {
    const grant = openOf(state, null);
    // What the journal knows to have ended was observed to; its resource goes with the next refresh.
    if (grant === null || open.has(grant.digest) || knownOf(trusted, grant.digest)?.status === "ended") continue;
    open.set(grant.digest, grant);
  }
  return open.values();
}

function ofRecord(record: GrantRecord): OpenState {
  const { request, origin } = record.intent;
  return openFromIntent({ request, digest: record.digest, origin: origin ?? "", ...record.stack }, record);
}

/** Grants written in a program have no origin: only an `up` knows whether they are still declared. */
function isWithdrawn({ declared }: Pass, known: GrantRecord | null): boolean {
  if (declared === null || known === null || known.intent.origin === null) return false;
  return known.intent.project === declared.project && !declared.digests.has(known.digest);
}

async function end(world: World, grant: OpenState, cause: EndCause): Promise<Reaped> {
  const { digest, request, place, expiresAt } = grant;
  const { requester, environment } = request.spec;
  const what = { digest, name: request.metadata.name, requester, environment, place, expiresAt, cause };
  try {
    const { status, residue } = await endGrant(world, grant, cause);
    return { ...what, outcome: status, reason: null, residue };
  } catch (error) {
    const ended = isGrantError(error) && error.code === "journal-untrusted";
    return { ...what, outcome: ended ? "unrecorded" : "stuck", reason: reasonOf(asError(error)), residue: [] };
  }
}

/** The last event that any of the states has seen: a journal without it was cut. */
function lastWitness(states: readonly GrantState[]): GrantState["witness"] {
  const witnesses = states.flatMap(({ witness }) => (witness === null ? [] : [witness]));
  return witnesses.reduce<GrantState["witness"]>((last, next) => (next.seq > (last?.seq ?? 0) ? next : last), null);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
