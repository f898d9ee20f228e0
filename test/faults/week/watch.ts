// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type Digest, type EventData, formatInstant, type Instant, type JournalEvent } from "@elevation/domain";
import { GENESIS, type GrantRecord, Journal, type JournalView, verifyChain } from "@elevation/journal";
import { MemoryStore } from "../../support/journal-memory-store";
import { requireEvidence } from "../evidence";
import type { Documents } from "./policies";
import { CONNECTIONS, type Connection } from "./sim-targets";
import { LOOK, SWEEP, type Watched } from "./watched";

/** The longest pause of a reaper between two tries, in milliseconds. */
const PAUSE = 60_000;
/** What was in the way is gone: within this nothing stands any more that must not, in milliseconds. */
const PROMISE = PAUSE + LOOK + SWEEP;
const DAY = 86_400_000;

/** What stands at a target and must not, and since when. */
interface Overdue {
  readonly since: Instant;
  readonly why: string;
  /** By then it must be gone. */
  readonly until: Instant;
}

/** Looks at the simulated world from outside whenever all is quiet, and throws as soon as something doesn't hold. */
export class Watch {
  /** How often each type of event was seen, and each cause of an end. */
  readonly seen = new Map<string, number>();
  readonly #week: Watched;
  readonly #store = new MemoryStore();
  #journal: Journal | null = null;
  #view: JournalView | null = null;
  /** When the reaper that runs last read the journal. */
  #lookedAt: Instant = Number.NEGATIVE_INFINITY;
  /** Until when something was in the way of ending what stands at a target, or of knowing it. */
  readonly #hinderedUntil = new Map<Connection, Instant>();
  /** Since when a thing must not stand, for another reason than its expiry. */
  readonly #unwanted = new Map<string, Instant>();
  /** The documents that were in force, the latest last: a process judges by those that it began with. */
  readonly #documents: Documents[] = [];

  constructor(week: Watched) {
    this.#week = week;
  }

  reaperLooked(): void {
    this.#lookedAt = this.#week.clock.now;
  }

  reaperGone(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }

  liveOf(person: string): readonly GrantRecord[] {
    const all = [...(this.#view?.grants ?? [])];
    return all.filter(({ status, intent }) => status === "live" && intent.requester === person);
  }

  hasEndedLongAgo(digest: Digest): boolean {
    const record = this.#view?.grant(digest);
    return record?.status === "ended" && this.#week.clock.now - (record.closedAt ?? 0) > DAY / 4;
  }

  async look(): Promise<void> {
    const { documents, clock, targets } = this.#week;
    if (this.#documents.at(-1) !== documents) this.#documents.push(documents);
    this.#noteHindrances();
    const view = await this.#read();
    for (const connection of CONNECTIONS) {
      for (const [object, thing] of targets[connection].things) {
        const record = view.grant(thing.digest);
        assert.ok(record !== null, `${object} stands, and no intent of it is in the journal`);
        const overdue = this.#overdue(object, connection, record);
        if (overdue === null || clock.now < overdue.until) continue;
        const by = (clock.now - overdue.since) / 1000;
        assert.fail(
          `${clockText(clock.now)}: ${record.intent.request.metadata.name} stands at ${connection} for ${by} s ${overdue.why}, since ${clockText(overdue.since)}`,
        );
      }
    }
  }

  /** When all time has passed nothing stands, and each grant's life is told from its beginning to its end. */
  requireOver(): void {
    for (const connection of CONNECTIONS) assert.deepEqual([...this.#week.targets[connection].things.keys()], []);
    const live = [...(this.#view?.grants ?? [])].filter(({ status }) => status === "live");
    assert.deepEqual(
      live.map(({ intent }) => intent.request.metadata.name),
      [],
      "live when all is over",
    );
    requireEvidence(this.#week.journal.events);
  }

  async #read(): Promise<JournalView> {
    const { events } = this.#week.journal;
    const known = this.#store.events.length;
    if (this.#view !== null && events.length === known) return this.#view;
    const added = events.slice(known);
    assert.equal(verifyChain(added, events[known - 1] ?? GENESIS), null, "the chain verifies");
    this.#store.events.push(...added);
    this.#journal ??= await Journal.open(this.#store, events[0]?.hash);
    this.#view = await this.#journal.view();
    for (const event of added) this.#requireAllowed(event);
    return this.#view;
  }

  /** What begins may begin by the documents that its process had, told by hand. */
  #requireAllowed({ type, data, at }: JournalEvent): void {
    const cause = (data as Partial<EventData["expired"]>).cause;
    for (const key of cause === undefined ? [type] : [type, `${type} ${cause}`])
      this.seen.set(key, (this.seen.get(key) ?? 0) + 1);
    if (type !== "activating") return;
    const intent = data as EventData["activating"];
    const begins = Date.parse(intent.activatedAt);
    const length = Date.parse(intent.expiresAt) - begins;
    const judgedBy = this.#documents.findLast(
      ({ digests: [policy, directory] }) => policy === intent.policyDigest && directory === intent.directoryDigest,
    );
    const name = intent.request.metadata.name;
    assert.ok(judgedBy?.allows(intent.request, begins, length), `${name} began at ${at} and was not allowed`);
  }

  #noteHindrances(): void {
    const { clock, journal, targets, isReaped } = this.#week;
    for (const connection of CONNECTIONS)
      if (journal.isDown || !isReaped || targets[connection].trouble !== null)
        this.#hinderedUntil.set(connection, clock.now);
  }

  /** Why it must not stand and until when it may all the same; null: it may stand. */
  #overdue(object: string, connection: Connection, record: GrantRecord): Overdue | null {
    const { now } = this.#week.clock;
    const expiresAt = Date.parse(record.intent.expiresAt);
    if (now >= expiresAt) {
      const why = "after its end";
      return {
        since: expiresAt,
        why,
        until: this.#isExact(connection, record) ? expiresAt : this.#late(connection, expiresAt),
      };
    }
    const why = this.#unwantedBecause(record);
    if (why === null) {
      this.#unwanted.delete(object);
      return null;
    }
    const since = this.#unwanted.get(object) ?? now;
    this.#unwanted.set(object, since);
    return { since, why, until: this.#late(connection, since) + 1 };
  }

  #unwantedBecause({ status, intent, marks }: GrantRecord): string | null {
    if (status !== "live") return `though the journal calls it ${status}`;
    if (marks.length > 0) return "though its end began";
    return this.#week.documents.forbids(intent.request, this.#week.clock.now)
      ? "though policy and directory forbid it"
      : null;
  }

  /** A reaper that knows of it and can reach its target ends it in the very instant. */
  #isExact(connection: Connection, record: GrantRecord): boolean {
    const { skew, targets, isReaped } = this.#week;
    const expiresAt = Date.parse(record.intent.expiresAt);
    const isKnown = isReaped && this.#lookedAt > (record.confirmedAt ?? Number.POSITIVE_INFINITY);
    const wasFree = (this.#hinderedUntil.get(connection) ?? 0) + PROMISE < expiresAt;
    return isKnown && wasFree && skew === 0 && targets[connection].trouble === null;
  }

  #late(connection: Connection, since: Instant): Instant {
    return Math.max(since, this.#hinderedUntil.get(connection) ?? 0) + PROMISE;
  }
}

function clockText(instant: Instant): string {
  return formatInstant(instant);
}
