// SPDX-License-Identifier: Apache-2.0
import { type Instant, parseInstant } from "./instant";
import type { Order, OrderLock } from "./order";

/** What a lock is held against. */
export interface Lockable {
  readonly requester: string;
  readonly role: string;
  /** The connection of its target. */
  readonly connection: string;
}

/** A lock that an administrator ordered. */
export interface Lock {
  readonly scope: Omit<OrderLock, "until" | "reason">;
  readonly until: Instant;
  readonly reason: string;
  readonly by: string;
}

/** The lock of an order; null for any other order. */
export function lockOf({ payload }: Order): Lock | null {
  if (payload.lock === undefined) return null;
  const { until, reason, ...scope } = payload.lock;
  const end = parseInstant(until);
  return end === null ? null : { scope, until: end, reason: reason ?? payload.reason, by: payload.by };
}

/** Of locks, the one that matches longest at an instant; null where none does. A lock holds before its `until`. */
export function lockedBy(locks: readonly Lock[], grant: Lockable, at: Instant): Lock | null {
  const holding = locks.filter((lock) => at < lock.until && names(lock, grant));
  return holding.reduce<Lock | null>((longest, lock) => (lock.until > (longest?.until ?? 0) ? lock : longest), null);
}

/** As messages show what is locked: `role \`orders-admin\``, `everything`. */
export function namedLock(scope: Lock["scope"]): string {
  const [name, value] = Object.entries(scope)[0] ?? [];
  return name === "*" ? "everything" : `${name} \`${value}\``;
}

function names({ scope }: Lock, { requester, role, connection }: Lockable): boolean {
  if (scope["*"] === true) return true;
  return scope.person === requester || scope.role === role || scope.target === connection;
}
