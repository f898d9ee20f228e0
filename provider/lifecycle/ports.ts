// SPDX-License-Identifier: Apache-2.0
import type { Digest, Instant, Place } from "@elevation/domain";

/** What a grant gives: to whom, where, under which name, until when. */
export interface Access {
  readonly digest: Digest;
  readonly place: Place;
  readonly expiresAt: Instant;
  /** Of an end before this one, see {@link Revocation}; absent where none told it. */
  readonly trace?: string;
}

/** What is really at the target. `differences` are whole sentences without a final period, safe to print. */
export type Observation =
  /** Exactly as we make it. */
  | { readonly state: "intact" }
  /** Nothing of ours gives the person access: no object, or one that has no members and no role. */
  | { readonly state: "absent" }
  /** Ours (maker and note), but some of the access is missing: somebody removed it behind our back. */
  | { readonly state: "damaged"; readonly differences: readonly string[] }
  /** Ours and complete, but it gives more: another member, another option, a later expiry. */
  | { readonly state: "wider"; readonly differences: readonly string[] }
  /** Something stands under our name that we did not make. Never adopted. */
  | { readonly state: "foreign"; readonly differences: readonly string[] };

/** The outcome of a revocation that was observed to leave the person no access by any path of ours. */
export interface Revocation {
  /**
   * Whether anything of ours was there to be taken away: if not, nobody had access by it when the revocation began. What an earlier end
   * had to leave, emptied, is nothing.
   */
  readonly found: boolean;
  readonly sessionsEnded: number;
  /** Access by other paths than our object, and what of our object could not be removed. Whole sentences. */
  readonly residue: readonly string[];
  /**
   * What the target needs to look for the residue again once its object is gone, in its own words, without a secret; absent where it needs
   * nothing.
   */
  readonly trace?: string;
}

/**
 * Whether the person's open sessions are left alone; `found` says whether anything of the grant was still there. Asked
 * only after the access itself was taken away: of two grants that end at the same time, the one that asks last then cuts
 * the sessions.
 */
export type SparesSessions = (found: boolean) => Promise<boolean>;

/** Told at the moment at which all of a grant is seen to be gone, with the target's time; not told where that isn't asked. */
export type OnGone = (at: Instant) => void;

/** Where a grant is made, before its server is known. */
export type Where = Omit<Place, "server">;

/** What a grant does and undoes at its target, one sentence each, without a final period, for people. */
export interface Effect {
  readonly begin: string;
  readonly end: string;
  /** That the person has it by other means, as far as that is known: then the end does not end her access. */
  readonly alreadyHeld?: readonly string[];
}

/** Who has what a policy's role gives otherwise than by a grant of ours. */
export interface Holding {
  readonly member: string;
  /** Whether it can log in itself. */
  readonly isLogin: boolean;
  /** `INHERIT`: in every session; `SET`: after SET ROLE; `ADMIN`: can give it to itself and others. */
  readonly how: readonly ("INHERIT" | "SET" | "ADMIN" | "SUPERUSER")[];
  /** From the member to the role; empty where it is a member itself. */
  readonly through: readonly string[];
}

/** Something that stands at a target under a name of ours. */
export interface Standing {
  /** Where, and whom it gives what as far as that is seen: `identity` and `role` are empty where that is nobody or nothing. */
  readonly place: Place;
  /** Whether our login made it. */
  readonly isOurs: boolean;
  /** What its note says; null where it bears none of ours for this very name. */
  readonly note: { readonly digest: Digest; readonly expiresAt: Instant } | null;
  /** Whether nothing can be reached through it. */
  readonly isEmptied: boolean;
  /** Why it isn't as we make it, or must stay although it gives nothing. */
  readonly doubts: readonly string[];
  /** What was seen, judged as {@link TargetConnection.observe} does for an access of this name. */
  observe(access: Access): Observation;
}

/** One kind of system where access is created and removed. */
export interface Target {
  readonly kind: string;
  /** The object's name at the target: holds at least 160 bits of the digest (design §6). */
  objectName(digest: Digest): string;
  /** What a grant does there, told without asking the target: a preview holds no credential. */
  effect(where: Where): Effect;
  /** The names of all connections of this kind that the environment has an address for. */
  connections(): readonly string[];
  /** Opens a connection by name. Throws GrantError `connection-failed`, with the address and password masked. */
  connect(connection: string): Promise<TargetConnection>;
}

/** An open connection to one target. All calls bound their own time. */
export interface TargetConnection {
  /** The server's own identity, as in PostgreSQL's system identifier. */
  readonly server: string;
  /** The target's clock, read anew; `precision` is half the round trip in milliseconds. */
  clock(): Promise<{ readonly now: Instant; readonly precision: number }>;
  /** Throws GrantError (`login-missing`, `role-missing`, `rights-missing`, `target-unsupported`) if create could not work. Changes nothing. */
  preflight(place: Place): Promise<void>;
  /** Who has a policy's role by other means; empty where there is no such role. */
  holdings(role: string): Promise<readonly Holding[]>;
  /** That the person of a place has its role by other means, or can take it: whole sentences; none where she can't. */
  heldAlready(place: Place): Promise<readonly string[]>;
  /** Makes the access, all of it or nothing. Throws GrantError `name-taken` if the name stands already. */
  create(access: Access): Promise<void>;
  observe(access: Access): Promise<Observation>;
  /** Takes away what `observe` calls wider, and nothing else. */
  cutBack(access: Access): Promise<void>;
  /**
   * Ends the access and, unless `spares` says otherwise, all that is open through it; idempotent. Resolves only after it
   * was observed that no path of ours gives access any more, and that no `create` of ours can still come to an effect;
   * otherwise throws GrantError `revoke-failed`.
   */
  revoke(access: Access, spares: SparesSessions, onGone?: OnGone): Promise<Revocation>;
  /** Removes what of ours gives nobody anything any more and could not be removed when it ended, where it may; returns the names. */
  sweep(mayClear: (object: string) => boolean): Promise<readonly string[]>;
  /** All that stands there under names of ours, whoever made it, seen at one instant. */
  list(): Promise<readonly Standing[]>;
  close(): Promise<void>;
}

/** Logs in at targets of one kind as a person does, with her own login: sees from outside what a grant gives. */
export interface Visitor {
  /** What keeps a text from being a login of this kind, and the fix, without a part of it; null where nothing does. */
  fault(login: string): string | null;
  /** A new login, within seconds. Throws GrantError `connection-failed`, which repeats nothing of the login. */
  enter(login: string): Promise<Visit>;
}

/** An open login. All calls bound their own time. */
export interface Visit {
  /** Whether a statement works, which is run read-only; false: a right is lacking. Throws GrantError `connection-failed` for all else. */
  may(statement: string): Promise<boolean>;
  /** Resolves when the login is cut from outside, or closed. */
  readonly cut: Promise<void>;
  close(): Promise<void>;
}
