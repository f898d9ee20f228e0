// SPDX-License-Identifier: Apache-2.0
import { performance } from "node:perf_hooks";
import type { Actor, Digest, Instant, Judge } from "@elevation/domain";
import { formatInstant } from "@elevation/domain";
import { type GrantRecord, type Head, isJournalError, type Journal, type JournalView } from "@elevation/journal";
import { GrantError, isGrantError } from "../errors";
import type { Target, TargetConnection } from "./ports";

/** Everything outside that a grant's life needs, behind ports: tests give other ones, nothing here reads a clock. */
export interface World {
  readonly clock: () => Instant;
  /** Policy and directory; throws GrantError `policy-invalid`. Revoking never calls it. */
  readonly judge: () => Judge;
  /** The verified journal; throws GrantError `journal-untrusted`. */
  readonly journal: () => Promise<Journal>;
  readonly targets: ReadonlyMap<string, Target>;
  /** Environments that this stack serves (`elevation:environments`). */
  readonly environments: () => readonly string[];
  /** Anchors that are wrongly set; whole sentences. */
  readonly anchorProblems: () => readonly string[];
  readonly actor: Actor;
  /** Tells the person who runs the engine something that is no failure. */
  readonly say: (line: string) => void;
  /** Bounds the operation that this world is given to; absent: unbounded. */
  readonly deadline?: Deadline;
}

/** The end of one operation's time. */
export interface Deadline {
  /** Throws GrantError `timed-out` once the time is over: asked before each step that can't be taken back. */
  readonly check: () => void;
  /** Rejects with the same error at that moment. */
  readonly passed: Promise<never>;
}

/** A verified journal and what it says now. */
export interface Trusted {
  readonly journal: Journal;
  readonly view: JournalView;
}

/** A target's clock and ours may differ by this much, in milliseconds (design §6); beyond it nothing is activated. */
export const MAX_CLOCK_GAP = 5_000;
/** Half of the longest round trip, in milliseconds, that is taken off a measured gap: a slow network must not hide a wrong clock. */
export const MAX_CLOCK_PRECISION = 1_000;

/** What every event of a grant begins with: when, which request, and who writes. */
export function eventHeader(world: World, { digest }: { readonly digest: Digest }) {
  return { at: formatInstant(world.clock()), request: digest, actor: world.actor } as const;
}

/** Journals that were found to lack what a state has seen: for this process they stay untrusted, whichever grant found it. */
const distrusted = new WeakMap<Journal, GrantError>();

/** The view of a journal that holds the event which the state has seen. Throws GrantError `journal-untrusted`. */
export async function trustedView(world: World, witness: Head | null): Promise<Trusted> {
  const journal = await world.journal();
  const view = await journalCall(() => journal.view());
  if (witness !== null && !view.has(witness)) {
    distrusted.set(
      journal,
      new GrantError(
        "journal-untrusted",
        `the journal lacks event ${witness.seq}, which this stack's state has seen: it was cut, replaced or restored from a backup; restore the whole journal`,
      ),
    );
  }
  const distrust = distrusted.get(journal);
  if (distrust !== undefined) throw distrust;
  return { journal, view };
}

/** How long whoever may have to end something waits for the journal before acting without it, in milliseconds. */
const PATIENCE = 2_000;
/** How long whoever has acted waits to record it. */
const RECORD_PATIENCE = 30_000;
/** How long others don't wait for a journal that did not answer in time. */
const SILENCE = 10_000;

/** Until when (by a clock that no one sets) a process does not wait for a journal, by what it would wait for. */
const silent = { acting: new WeakMap<World["journal"], number>(), recording: new WeakMap<World["journal"], number>() };

/**
 * As {@link trustedView}, for whoever goes on without: why the journal can't be trusted, or that it didn't answer in time.
 * An end acts first and journals after: no lock, no network and no long chain holds it up for more than two seconds, and
 * those behind it for none. `recording`: the act is done, and waiting costs nobody's access.
 */
export async function tryTrustedView(
  world: World,
  witness: Head | null,
  phase: "acting" | "recording" = "acting",
): Promise<Trusted | Error> {
  const patience = phase === "acting" ? PATIENCE : RECORD_PATIENCE;
  const late = () =>
    new GrantError(
      "journal-untrusted",
      `the journal did not answer within ${patience / 1000} s; see whether it can be reached, and who holds its lock`,
    );
  if (performance.now() < (silent[phase].get(world.journal) ?? 0)) return late();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Error>((resolve) => {
    timer = setTimeout(() => {
      silent[phase].set(world.journal, performance.now() + SILENCE);
      resolve(late());
    }, patience);
  });
  try {
    return await Promise.race([trustedView(world, witness).catch(asError), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the journal says of a digest; null where it says nothing, or can't be trusted. */
export function knownOf(trusted: Trusted | Error, digest: Digest): GrantRecord | null {
  return trusted instanceof Error ? null : trusted.view.grant(digest);
}

/** Journal faults become GrantError `journal-untrusted`: whatever is wrong with it, nothing may be granted. */
export async function journalCall<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (isJournalError(error)) throw new GrantError("journal-untrusted", error.message, { cause: error });
    throw error;
  }
}

/** Runs `use` with an open connection to a target and closes it, whatever happens. */
export async function withConnection<T>(
  world: World,
  where: { kind: string; connection: string },
  use: (connection: TargetConnection) => Promise<T>,
): Promise<T> {
  const target = world.targets.get(where.kind);
  if (target === undefined) {
    throw new GrantError("target-unsupported", `this version has no target of kind \`${where.kind}\``);
  }
  const connection = await target.connect(where.connection);
  try {
    return await use(connection);
  } finally {
    await connection.close().catch(() => undefined);
  }
}

/** A grant is only ever touched at the very server of its activation (design §6 "Delete"). Throws GrantError `server-changed`. */
export function requireSameServer(connection: TargetConnection, place: { connection: string; server: string }): void {
  if (connection.server === place.server) return;
  throw new GrantError(
    "server-changed",
    `connection \`${place.connection}\` leads to server ${connection.server}, the grant was made at ${place.server}; point the connection back at it`,
  );
}

/** The later of our clock and the target's: a grant has ended when either has reached its expiry (design §6). */
export async function laterClock(world: World, connection: TargetConnection): Promise<Instant> {
  const { now } = await connection.clock();
  return Math.max(now, world.clock());
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

export function reasonOf(error: unknown): string {
  if (isGrantError(error)) return error.message;
  return error instanceof Error ? error.message : String(error);
}

/** Calls `make` at the first need only. A failure is not kept: the next call tries again. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    if (made !== null) return made.value;
    const value = make();
    made = { value };
    if (value instanceof Promise)
      value.catch(() => {
        made = null;
      });
    return value;
  };
}
