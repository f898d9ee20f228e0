// SPDX-License-Identifier: Apache-2.0
import type { Directory } from "../directory";

/** A login or a seal of somebody that is another. */
export interface IdentityChange {
  readonly person: string;
  /** A kind of target, or `seal`: the key to which credentials are sealed. */
  readonly kind: string;
  /** Null: there is no seal. */
  readonly from: string | null;
  readonly to: string | null;
  /** Whether another login or key gets what the person can get; and one loses it. */
  readonly widened: boolean;
  readonly narrowed: boolean;
}

/**
 * Under which other logins and keys access opens, of people whom both directories have. NB. A kind of target at which there is a login on
 * one side alone is all that the person gains or loses there.
 */
export function identityChanges({ people: olds }: Directory, { people: nows }: Directory): readonly IdentityChange[] {
  return Object.entries(nows).flatMap(([person, now]) => {
    const old = Object.hasOwn(olds, person) ? olds[person] : undefined;
    if (old === undefined) return [];
    const logins = Object.entries(now.identities ?? {}).flatMap(([kind, to]) => {
      const from = new Map(Object.entries(old.identities ?? {})).get(kind);
      return from === undefined ? [] : changeOf(person, kind, from, to);
    });
    return [...logins, ...changeOf(person, "seal", old.seal ?? null, now.seal ?? null)];
  });
}

function changeOf(person: string, kind: string, from: string | null, to: string | null): IdentityChange[] {
  return from === to ? [] : [{ person, kind, from, to, widened: to !== null, narrowed: from !== null }];
}
