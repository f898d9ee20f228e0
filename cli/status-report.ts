// SPDX-License-Identifier: Apache-2.0
import { formatInstant, type Instant, type Lock, parseInstant } from "@elevation/domain";
import type { GrantRecord, Head, Heard, JournalView, Orphan } from "@elevation/journal";
import { type GrantStatus, grantStatus } from "./grant-status";
import { type ScheduledStatus, scheduledOf } from "./scheduled-report";
import { type StuckStatus, stuckOf } from "./stuck-report";
import { type WatchReport, watchOf } from "./watch-report";

/** What `elevate status --json` prints (design §8): fields are added, never changed. */
export interface StatusReport {
  readonly journal: string;
  readonly id: string;
  readonly head: Head;
  /** The instant that `remainingSeconds` and `overdue` are of. The rest is what the journal says now. */
  readonly at: string;
  /** Live grants, the one that ends first at the top. */
  readonly live: readonly LiveStatus[];
  /** What waits for its start, the first to start at the top. */
  readonly scheduled: readonly ScheduledStatus[];
  /** Those of them that must end and whose targets refuse, the one that has been stuck longest at the top. */
  readonly stuck: readonly StuckStatus[];
  /** Access that persons have by another path than our object, or what of our object could not be removed. */
  readonly residue: readonly ResidueStatus[];
  readonly orphans: readonly Orphan[];
  /** Who ends grants, and where nobody is heard of. */
  readonly watch: WatchReport;
  /** What administrators have locked, and is not over at `at`. */
  readonly locks: readonly LockStatus[];
}

/** What is locked is one of `person`, `role`, `target`, or `"*": true`. */
export interface LockStatus {
  readonly lock: Lock["scope"];
  readonly until: string;
  readonly reason: string;
  readonly by: string;
}

export interface LiveStatus extends GrantStatus {
  readonly rule: string | null;
  /** `stuck`: it must end, and the target refuses. */
  readonly status: "active" | "stuck";
  /** False until the target was observed to give the access. */
  readonly activated: boolean;
  readonly activatedAt: string;
  readonly expiresAt: string;
  /** From `at` to `expiresAt`, whole seconds, rounded down; negative once that has passed. */
  readonly remainingSeconds: number;
  /** Live at or after its `expiresAt`: nothing has ended it yet. */
  readonly overdue: boolean;
  /** Why it must end before its time: `revoking`, `stuck`, `drift`. */
  readonly marks: readonly string[];
  /** Why it is stuck. */
  readonly reason: string | null;
  /** By what other means the person had it when the grant was made: its end doesn't take that away. */
  readonly alreadyHeld: readonly string[];
  readonly target: {
    readonly kind: string;
    readonly connection: string;
    readonly role: string;
    readonly identity: string;
    readonly object: string;
  };
}

export interface ResidueStatus extends GrantStatus {
  readonly grant: "live" | "ended" | "failed";
  readonly residue: readonly string[];
}

/** What a view says at an instant. */
export function statusOf(journal: string, view: JournalView, heard: Heard | string, at: Instant): StatusReport {
  const records = [...view.grants];
  const live = records.filter(({ status }) => status === "live").map((record) => liveStatus(record, at));
  return {
    journal,
    id: view.id,
    head: view.head,
    at: formatInstant(at),
    live: live.sort((one, other) => one.remainingSeconds - other.remainingSeconds),
    scheduled: scheduledOf(view, at),
    stuck: stuckOf(records, heard, at),
    residue: records
      .filter(({ residue }) => residue.length > 0)
      .map((record) => ({ ...grantStatus(record), grant: record.status, residue: record.residue })),
    orphans: view.orphans,
    watch: watchOf(heard, view, at),
    locks: view.locks
      .filter(({ until }) => at < until)
      .map(({ scope, until, reason, by }) => ({ lock: scope, until: formatInstant(until), reason, by })),
  };
}

function liveStatus(record: GrantRecord, at: Instant): LiveStatus {
  const { intent, activated, marks, lastError } = record;
  const { kind, connection, role, identity, object } = intent.place;
  const expiresAt = parseInstant(intent.expiresAt) ?? at;
  return {
    ...grantStatus(record),
    rule: intent.rule,
    status: marks.includes("stuck") ? "stuck" : "active",
    activated,
    activatedAt: intent.activatedAt,
    expiresAt: intent.expiresAt,
    remainingSeconds: Math.floor((expiresAt - at) / 1000),
    overdue: expiresAt <= at,
    marks,
    reason: lastError ?? null,
    alreadyHeld: intent.alreadyHeld ?? [],
    target: { kind, connection, role, identity, object },
  };
}
