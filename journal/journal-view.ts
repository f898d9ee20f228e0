// SPDX-License-Identifier: Apache-2.0
import type { Decision, Digest, EndedGrant, Instant, LiveGrant, Lock, OrderPayload, Place } from "@elevation/domain";
import type { GrantRecord } from "./grant-record";
import type { Orphan } from "./orphan";
import type { Schedule } from "./schedule";
import type { Head } from "./store";

/** An order to revoke that was obeyed. */
export interface Revocation {
  readonly id: string;
  readonly by: string;
  readonly at: string;
}

/** The event of an order that was obeyed. */
export interface ObeyedOrder extends Head {
  /** Of its payload. */
  readonly digest: Digest;
}

/** What a verified journal says up to one event. It never changes: later events are in a later view. */
export interface JournalView {
  /** The hash of the first event. */
  readonly id: string;
  readonly head: Head;
  readonly openedAt: Instant;
  /** Grants from their intent until they ended or failed, as decide() takes them. */
  readonly live: readonly LiveGrant[];
  /** Those of the live grants that give the same identity the same role at the same place, whoever asked for them; in the order of their first intents. */
  alike(place: Place): readonly GrantRecord[];
  /** Grants that ended, in the order of their ends, as decide() takes them. */
  readonly history: readonly EndedGrant[];
  /** Requests that wait for their start, or whose activation there is not yet known to have come about. */
  readonly scheduled: ReadonlyMap<Digest, Schedule>;
  /** Everything known of a digest; null where it never had an intent. */
  grant(digest: Digest): GrantRecord | null;
  /** The digests that prolong one another with this one, itself included, in the order of their intents. */
  chain(digest: Digest): readonly Digest[];
  /** Of all digests that ever had an intent, in the order of their first. */
  readonly grants: Iterable<GrantRecord>;
  /** What stands at targets under names of ours and nothing has settled since, the latest event of each. */
  readonly orphans: readonly Orphan[];
  /**
   * Whether an event is part of the chain: the check of a witness, which finds a journal that was cut, replaced or
   * restored from an older copy.
   */
  has(head: Head): boolean;
  /** Locks that were ordered, those that are over included, in their order. */
  readonly locks: readonly Lock[];
  /**
   * The first order that was obeyed and that keeps an order signed by a key from being obeyed: one of the same payload, whoever signed it,
   * or another one by that key with its `id`; null where there is none.
   */
  order(payload: OrderPayload, key: string): ObeyedOrder | null;
  /** The first order to revoke that names a digest; null where there is none. What it names is never opened after it. */
  revocation(digest: Digest): Revocation | null;
  /** The latest decision on a digest that was journaled; null where there is none. */
  lastDecision(digest: Digest): Decision | null;
  /** Why a digest's activation did not happen, the latest that was journaled; null where it never failed. */
  lastFailure(digest: Digest): string | null;
}
