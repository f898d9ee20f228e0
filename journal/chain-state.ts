// SPDX-License-Identifier: Apache-2.0
import {
  type Decision,
  type Digest,
  digestOf,
  type EndedGrant,
  type EventData,
  type Instant,
  type JournalEvent,
  type LiveGrant,
  type Lock,
  lockOf,
  type Place,
} from "@elevation/domain";
import { type GrantRecord, headOf, nextRecord, verifiedInstant } from "./grant-record";
import type { JournalView, ObeyedOrder, Revocation } from "./journal-view";
import { Orphans } from "./orphan";
import { Schedules } from "./schedule";
import { GENESIS, type Head } from "./store";

interface Failed {
  readonly seq: number;
  readonly reason: string;
}

interface Decided {
  readonly seq: number;
  readonly decision: Decision;
}

/** A grant from the event that made it live to the one that made it something else, or without end. */
interface Life {
  readonly grant: LiveGrant;
  readonly from: number;
  to: number;
}

/**
 * What one process knows of a verified chain, and how it gives out views. Everything here is only ever added to, so that
 * an earlier view stays what it was without a copy: it looks no further than its head.
 */
export class ChainState {
  /** By seq - 1. */
  readonly #hashes: string[] = [];
  /** All that was ever known of a digest, oldest first. */
  readonly #records = new Map<Digest, GrantRecord[]>();
  /** Of which digests it was ever known that they give an identity a role at a place. */
  readonly #places = new Map<string, Digest[]>();
  readonly #decisions = new Map<Digest, Decided[]>();
  readonly #failures = new Map<Digest, Failed[]>();
  readonly #schedules = new Schedules();
  /** All that ever were live, in the order in which they became so, and those that are. */
  readonly #lives: Life[] = [];
  readonly #live = new Map<Digest, Life>();
  readonly #history: EndedGrant[] = [];
  /** Of each digest that prolongs another or is prolonged, those of its chain: one list for all of them. */
  readonly #chains = new Map<Digest, Digest[]>();
  /** How many extensions the chain of a digest has, up to it. */
  readonly #extensions = new Map<Digest, number>();
  readonly #orphans = new Orphans();
  /** Each by its payload, and by its key and `id`. */
  readonly #orders = new Map<string, ObeyedOrder>();
  readonly #revocations = new Map<string, Revocation & { readonly seq: number }>();
  readonly #locks: Lock[] = [];
  #openedAt: Instant = 0;
  #view: JournalView | null = null;

  get head(): Head {
    const hash = this.#hashes.at(-1);
    return hash === undefined ? GENESIS : { seq: this.#hashes.length, hash };
  }

  /** Adds events that were verified to follow the head, and whose data was. */
  add(events: readonly JournalEvent[]): void {
    if (events.length > 0) this.#view = null;
    for (const event of events) {
      this.#hashes.push(event.hash);
      if (event.type === "opened") this.#openedAt = verifiedInstant(event.at);
      this.#orphans.add(event);
      if (event.type === "order") this.#addOrder(event);
      if (event.request !== null) this.#addOf(event.request, event);
    }
  }

  /** The view up to the head; the same object until there are more events. */
  view(): JournalView {
    this.#view ??= this.#makeView();
    return this.#view;
  }

  #addOrder(event: JournalEvent): void {
    const { order } = event.data as EventData["order"];
    const obeyed = { ...headOf(event), digest: digestOf(order.payload) };
    // The first one is the one that was obeyed.
    for (const key of [obeyed.digest, idKey(event.actor.key, order.payload.id)]) {
      if (!this.#orders.has(key)) this.#orders.set(key, obeyed);
    }
    const { by, id, request } = order.payload;
    if (order.payload.order === "revoke" && request !== undefined && !this.#revocations.has(request))
      this.#revocations.set(request, { id, by, at: event.at, seq: event.seq });
    const lock = lockOf(order);
    if (lock !== null) this.#locks.push(lock);
  }

  #addOf(digest: Digest, event: JournalEvent): void {
    this.#schedules.add(digest, event);
    if (event.type === "decided") {
      const { decision } = event.data as EventData["decided"];
      append(this.#decisions, digest, { seq: event.seq, decision });
    }
    if (event.type === "failed") {
      const { reason } = event.data as EventData["failed"];
      append(this.#failures, digest, { seq: event.seq, reason });
    }
    const before = this.#records.get(digest)?.at(-1) ?? null;
    const after = nextRecord(digest, before, event);
    if (after === null) return;
    append(this.#records, digest, after);
    if (before?.intent !== after.intent) append(this.#places, placeKey(after.intent.place), digest);
    if (after.status === before?.status) return;
    const grant = this.#grantOf(after);
    if (after.status === "live") {
      const life = { grant, from: event.seq, to: Number.POSITIVE_INFINITY };
      this.#lives.push(life);
      this.#live.set(digest, life);
    } else {
      const life = this.#live.get(digest);
      if (life !== undefined) life.to = event.seq;
      this.#live.delete(digest);
    }
    if (after.endedAt !== undefined) this.#history.push({ ...grant, endedAt: after.endedAt });
  }

  #grantOf({ digest, intent }: GrantRecord): LiveGrant {
    const { requester, role, environment, rule, request } = intent;
    const prolonged = request.spec.extends as Digest | undefined;
    if (prolonged !== undefined) this.#prolong(prolonged, digest);
    const extensions = this.#extensions.get(digest);
    return {
      requester,
      role,
      environment,
      activatedAt: verifiedInstant(intent.activatedAt),
      expiresAt: verifiedInstant(intent.expiresAt),
      ...(rule === null ? {} : { rule }),
      request: digest,
      ...(extensions === undefined ? {} : { extensions }),
      ...(request.spec.breakGlass === true ? { breakGlass: true } : {}),
    };
  }

  #prolong(prolonged: Digest, by: Digest): void {
    if (this.#extensions.has(by)) return;
    const chain = this.#chains.get(prolonged) ?? [prolonged];
    chain.push(by);
    this.#chains.set(prolonged, chain);
    this.#chains.set(by, chain);
    this.#extensions.set(by, (this.#extensions.get(prolonged) ?? 0) + 1);
  }

  /** Grants that are live after an event, in the order in which they became so. Of the last one they are known; of others all that ever were are gone through. */
  #liveAt(seq: number): LiveGrant[] {
    const lives =
      seq === this.head.seq ? [...this.#live.values()] : this.#lives.filter(({ from, to }) => from <= seq && seq < to);
    return lives.map(({ grant }) => grant);
  }

  #makeView(): JournalView {
    const [hashes, records, decisions, failures] = [this.#hashes, this.#records, this.#decisions, this.#failures];
    const [chains, orders, allLocks, locks] = [this.#chains, this.#orders, this.#locks, this.#locks.length];
    const [revocations, places] = [this.#revocations, this.#places];
    const [head, ended, allEnded] = [this.head, this.#history.length, this.#history];
    // Made when they are asked for, as they were then. Frozen: decide() indexes such a list once.
    let live: readonly LiveGrant[] | null = null;
    let history: readonly EndedGrant[] | null = null;
    const liveThen = () => this.#liveAt(head.seq);
    const grant = (digest: Digest): GrantRecord | null =>
      records.get(digest)?.findLast(({ last }) => last.seq <= head.seq) ?? null;
    return {
      id: hashes[0] ?? GENESIS.hash,
      head,
      openedAt: this.#openedAt,
      get live() {
        live ??= Object.freeze(liveThen());
        return live;
      },
      get history() {
        history ??= Object.freeze(allEnded.slice(0, ended));
        return history;
      },
      scheduled: this.#schedules.snapshot(),
      grant,
      alike: (place) => {
        const key = placeKey(place);
        const records = [...new Set(places.get(key))].flatMap((digest) => grant(digest) ?? []);
        return records.filter(({ status, intent }) => status === "live" && placeKey(intent.place) === key);
      },
      chain: (digest) => (chains.get(digest) ?? [digest]).filter((each) => each === digest || grant(each) !== null),
      grants: {
        *[Symbol.iterator]() {
          for (const digest of records.keys()) {
            const record = grant(digest);
            if (record !== null) yield record;
          }
        },
      },
      orphans: this.#orphans.snapshot(),
      get locks() {
        return allLocks.slice(0, locks);
      },
      order: (payload, key) => {
        const found = [digestOf(payload), idKey(key, payload.id)].map((name) => orders.get(name));
        return found.find((each) => each !== undefined && each.seq <= head.seq) ?? null;
      },
      revocation: (digest) => {
        const found = revocations.get(digest);
        return found !== undefined && found.seq <= head.seq ? found : null;
      },
      has: ({ seq, hash }) => seq <= head.seq && hashes[seq - 1] === hash,
      lastFailure: (digest) => failures.get(digest)?.findLast(({ seq }) => seq <= head.seq)?.reason ?? null,
      lastDecision: (digest) => decisions.get(digest)?.findLast(({ seq }) => seq <= head.seq)?.decision ?? null,
    };
  }
}

/** NB. neither has a blank in it. */
function idKey(key: string, id: string): string {
  return `${key} ${id}`;
}

/** Which role it gives whom, wherever its object is. */
function placeKey({ kind, connection, server, role, identity }: Place): string {
  return JSON.stringify([kind, connection, server, role, identity]);
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
