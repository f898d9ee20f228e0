// SPDX-License-Identifier: Apache-2.0
import { type EndCause, formatInstant, type Instant, type NewEvent, type Place } from "@elevation/domain";
import type { GrantRecord, Journal, JournalView } from "@elevation/journal";
import { GrantError } from "../errors";
import type { Access, Observation, Revocation } from "./ports";
import { accessOf, instantOf, type OpenState } from "./state";
import {
  eventHeader,
  journalCall,
  laterClock,
  reasonOf,
  requireSameServer,
  trustedView,
  type World,
  withConnection,
} from "./world";

/** How a grant ended. */
export interface Ending {
  readonly status: "expired" | "revoked";
  readonly residue: readonly string[];
}

type Trusted = { journal: Journal; view: JournalView };

/**
 * Ends a grant: acts first, at the server of the activation, and journals after. Needs neither policy, directory,
 * request nor journal to act; until the end is journaled it throws, so that the resource stays in the state. Idempotent:
 * what is gone already counts as ended once it was observed, and is journaled once.
 *
 * Throws GrantError `revoke-failed` (the grant is `stuck`, and journaled so) or `journal-untrusted` (ended, not recorded).
 */
export async function endGrant(world: World, state: OpenState, cause: EndCause): Promise<Ending> {
  const access = accessOf(state);
  const trusted = await trustedView(world, state.witness).catch((error: unknown) => asError(error));
  const noted = noteRevoking(world, trusted, access, cause);
  const acted = await act(world, access, trusted).catch((error: unknown) => asError(error));
  await noted;
  if (acted instanceof Error) throw await stuck(world, trusted, access, cause, acted);
  if (trusted instanceof Error) {
    throw new GrantError(
      "journal-untrusted",
      `the access was ended at \`${access.place.connection}\`, but that can't be recorded: ${trusted.message}; the resource stays until it is`,
      { cause: trusted },
    );
  }
  return record(world, trusted, access, cause, acted);
}

/** Why a grant must end, by what the journal says of it: by its marks if it has any, else by the clock. */
export function endCauseOf(known: GrantRecord | null): EndCause {
  if (known === null || known.marks.length === 0) return "expiry";
  return known.marks.includes("drift") ? "drift" : "withdrawn";
}

/** What was changed behind our back, as sentences. */
export function driftOf(found: Observation, place: Place): readonly string[] {
  return "differences" in found ? found.differences : [`\`${place.object}\` is gone`];
}

/** Takes the access away. Sessions are spared only for another live grant that gives the person the same role there. */
async function act(world: World, access: Access, trusted: Trusted | Error): Promise<Revocation & { endedAt: Instant }> {
  return withConnection(world, access.place, async (connection) => {
    requireSameServer(connection, access.place);
    const spareSessions = !(trusted instanceof Error) && givesSameAccess(trusted.view, access, world.clock());
    const revocation = await connection.revoke(access, { spareSessions });
    return { ...revocation, endedAt: await laterClock(world, connection) };
  });
}

/** Whether another live grant gives the same person the same role at the same place, so that open sessions still have their right. */
export function givesSameAccess(view: JournalView, access: Access, now: Instant): boolean {
  for (const grant of view.grants) {
    if (grant.digest === access.digest || grant.status !== "live" || !grant.activated || grant.marks.length > 0)
      continue;
    const { place, expiresAt } = grant.intent;
    const same = (["kind", "connection", "server", "role", "identity"] as const).every(
      (key) => place[key] === access.place[key],
    );
    if (same && instantOf(expiresAt) > now) return true;
  }
  return false;
}

/** Evidence that an end has begun, written while it happens: the act never waits for the journal. */
async function noteRevoking(world: World, trusted: Trusted | Error, access: Access, cause: EndCause): Promise<void> {
  if (trusted instanceof Error) return;
  const record = trusted.view.grant(access.digest);
  if (record === null || record.status !== "live" || record.marks.includes("revoking")) return;
  const event = { ...eventHeader(world, access), type: "revoking", data: { cause } } as const;
  await trusted.journal.append([event]).catch(() => undefined);
}

async function record(
  world: World,
  trusted: Trusted,
  access: Access,
  cause: EndCause,
  acted: Revocation & { endedAt: Instant },
): Promise<Ending> {
  const due = acted.endedAt >= access.expiresAt;
  const status = due ? "expired" : "revoked";
  const ended = { cause, endedAt: formatInstant(acted.endedAt), sessionsEnded: acted.sessionsEnded };
  await journalCall(() =>
    trusted.journal.step((view) => {
      const events: NewEvent[] = [];
      const known = view.grant(access.digest);
      if (known?.status === "live") events.push({ ...eventHeader(world, access), type: status, data: ended });
      if (acted.residue.length > 0 && acted.residue.join() !== known?.residue.join()) {
        events.push({
          ...eventHeader(world, access),
          type: "residue",
          data: { place: access.place, residue: acted.residue },
        });
      }
      return { events, result: null };
    }),
  );
  for (const sentence of acted.residue) world.say(`residue of ${access.digest}: ${sentence}`);
  return { status, residue: acted.residue };
}

async function stuck(
  world: World,
  trusted: Trusted | Error,
  access: Access,
  cause: EndCause,
  fault: Error,
): Promise<GrantError> {
  const reason = reasonOf(fault);
  if (!(trusted instanceof Error)) {
    const event = { ...eventHeader(world, access), type: "stuck", data: { cause, reason } } as const;
    await trusted.journal
      .step((view) => ({ events: view.grant(access.digest)?.status === "live" ? [event] : [], result: null }))
      .catch(() => undefined);
  }
  return new GrantError(
    "revoke-failed",
    `stuck: the access of \`${access.place.identity}\` to role \`${access.place.role}\` at \`${access.place.connection}\` must end and could not be ended: ${reason}; the next refresh tries again`,
    { cause: fault },
  );
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
