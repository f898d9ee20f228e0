// SPDX-License-Identifier: Apache-2.0
import type { Decision } from "./decision";
import type { Digest } from "./digest";
import type { Order } from "./order";
import type { Request } from "./request";

/** Who wrote an event: `key` is a verified fingerprint or CI identity, else `unverified` (design §9). */
export interface Actor {
  readonly kind: "job" | "reaper" | "person";
  readonly key: string;
}

/**
 * Everything that ending a grant needs, without policy, directory or request (design §6 "Delete"). Plain JSON strings:
 * it stands in the state and in the `activating` event.
 */
export interface Place {
  /** Target kind, as in `postgres`. */
  readonly kind: string;
  /** Connection name; its address comes from `ELEVATION_CONNECTION_<NAME>`. */
  readonly connection: string;
  /** The policy's role at the target, as in `orders_admin`. */
  readonly role: string;
  /** The server's own identity (PostgreSQL: system identifier). */
  readonly server: string;
  /** The person's identity at the target. */
  readonly identity: string;
  /** The name of the object that this grant makes at the target. */
  readonly object: string;
}

/** The stack that a digest belongs to. */
export interface StackRef {
  readonly organization: string;
  readonly project: string;
  readonly stack: string;
}

/** `data` of each type of event. Personal data stands only here. */
export interface EventData {
  opened: { readonly version: 1 };
  decided: {
    readonly decision: Decision;
    readonly request: Request;
    /** Present where an `up` left it scheduled: whose it is, so that it can be activated at its start without that stack's state. */
    readonly scheduled?: StackRef & { readonly origin: string | null };
  };
  activating: StackRef & {
    /** Path of the request file below the requests folder; null for a grant written in a program. */
    readonly origin: string | null;
    readonly request: Request;
    readonly requester: string;
    readonly role: string;
    readonly environment: string;
    readonly rule: string | null;
    readonly activatedAt: string;
    readonly expiresAt: string;
    readonly policyDigest: Digest;
    readonly directoryDigest: Digest;
    readonly place: Place;
    /** That the person had the access by other means before: whole sentences; absent where she didn't. */
    readonly alreadyHeld?: readonly string[];
  };
  activated: { readonly adopted: boolean };
  revoking: { readonly cause: EndCause };
  revoked: { readonly cause: EndCause; readonly endedAt: string; readonly sessionsEnded: number };
  expired: { readonly cause: EndCause; readonly endedAt: string; readonly sessionsEnded: number };
  failed: {
    readonly reason: string;
    /** What was scheduled is so no more: it lapsed, or was withdrawn. Without it, it is tried again. */
    readonly unscheduled?: true;
  };
  stuck: { readonly cause: EndCause; readonly reason: string };
  drift: { readonly differences: readonly string[] };
  orphan: { readonly place: Place; readonly differences: readonly string[] };
  /** `trace`: what the target needs to look for it again, in the target's own words. */
  residue: { readonly place: Place; readonly residue: readonly string[]; readonly trace?: string };
  approval: unknown;
  /** An order that was verified and obeyed; `actor` is who signed it. */
  order: { readonly order: Order; readonly standing: Standing };
  reviewed: unknown;
  bundle: unknown;
  checkpoint: unknown;
}

/** By what right somebody ordered: as an administrator, or as the one whose grant it is. */
export type Standing = "administrator" | "requester";

/**
 * Why a grant ends: its time is over; it was withdrawn from code; it was changed at the target; its activation did not
 * complete; it stood again after its end (a target restored from a backup, a create that came late); another grant of its chain of
 * extensions was ended early; its person left the directory; a deny rule matches it now;
 * its requester or an administrator ordered it; an administrator locked it.
 */
export type EndCause =
  | "expiry"
  | "withdrawn"
  | "drift"
  | "incomplete"
  | "returned"
  | "chain"
  | "left"
  | "denied"
  | "ordered"
  | "locked";

export type EventType = keyof EventData;

/** One line of the journal (design §9, a contract). */
export interface JournalEvent {
  readonly seq: number;
  readonly at: string;
  readonly type: EventType;
  readonly request: Digest | null;
  readonly actor: Actor;
  readonly digest: string;
  readonly prev: string;
  readonly hash: string;
  /** Absent in an export without personal data. */
  readonly data?: unknown;
  readonly salt?: string;
}

/** What a writer says; the store adds seq, digest, prev, hash and salt. */
export type NewEvent = {
  [T in EventType]: {
    readonly at: string;
    readonly type: T;
    readonly request: Digest | null;
    readonly actor: Actor;
    readonly data: EventData[T];
  };
}[EventType];
