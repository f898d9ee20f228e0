// SPDX-License-Identifier: Apache-2.0
import { type EndCause, formatInstant, type Instant } from "@elevation/domain";
import type { GrantRecord, Head, Heard } from "@elevation/journal";
import { type GrantStatus, grantStatus } from "./grant-status";
import { nextTryBy } from "./watch-report";

/** What `elevate status --stuck --json` prints: fields are added, never changed. */
export interface StuckReport {
  readonly journal: string;
  readonly id: string;
  readonly head: Head;
  readonly at: string;
  /** The one that has been stuck longest at the top. */
  readonly stuck: readonly StuckStatus[];
}

/** A grant that must end, and whose target refuses. */
export interface StuckStatus extends GrantStatus {
  /** Why it must end. */
  readonly cause: EndCause | null;
  readonly expiresAt: string;
  /** When it could not be ended for the first time, and the last. */
  readonly since: string;
  readonly triedAt: string;
  /** How often, as far as the journal could be told. */
  readonly tries: number;
  /** Why not, the last time. */
  readonly reason: string;
  /** By when it is tried again at the latest; null where nobody is heard of who would. */
  readonly nextTryBy: string | null;
  /** What may still stand at the target, in one sentence. */
  readonly access: string;
  readonly target: {
    readonly kind: string;
    readonly connection: string;
    readonly role: string;
    readonly identity: string;
    readonly object: string;
  };
}

/** The stuck ones among what a journal knows. */
export function stuckOf(records: Iterable<GrantRecord>, heard: Heard | string, at: Instant): readonly StuckStatus[] {
  return [...records]
    .flatMap((record) =>
      record.status === "live" && record.stuck !== undefined ? [stuckStatus(record, heard, at)] : [],
    )
    .sort((one, other) => compare(one.since, other.since));
}

function stuckStatus(record: GrantRecord, heard: Heard | string, at: Instant): StuckStatus {
  const { intent, endingCause, stuck, lastError, activated } = record;
  const { kind, connection, role, identity, object } = intent.place;
  const { since = 0, triedAt = 0, tries = 0 } = stuck ?? {};
  const next = nextTryBy(heard, { environment: intent.environment, triedAt }, at);
  const seen = activated ? "may still have" : "may have";
  return {
    ...grantStatus(record),
    cause: endingCause ?? null,
    expiresAt: intent.expiresAt,
    since: formatInstant(since),
    triedAt: formatInstant(triedAt),
    tries,
    reason: lastError ?? "no reason is known",
    nextTryBy: next === null ? null : formatInstant(next),
    access: `\`${identity}\` ${seen} role \`${role}\` at \`${connection}\`, by \`${object}\``,
    target: { kind, connection, role, identity, object },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
