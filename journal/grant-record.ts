// SPDX-License-Identifier: Apache-2.0
import type { Digest, EndCause, EventData, EventType, Instant, JournalEvent, StackRef } from "@elevation/domain";
import { parseInstant } from "@elevation/domain";
import type { Head } from "./store";

/** What makes a live grant one that must end: none of them is ever taken back (design §6 "Activate"). */
export type GrantMark = "revoking" | "stuck" | "drift";

/** Everything that a journal says of one digest's grant. Immutable: the next event makes another record. */
export interface GrantRecord {
  readonly digest: Digest;
  /** `live` from the intent until `revoked` or `expired` (`ended`) or `failed`: half-made and stuck ones are live. */
  readonly status: "live" | "ended" | "failed";
  /** The first intent since the last failure: a retry keeps its times. */
  readonly intent: EventData["activating"];
  /** When that was journaled: from then on access may be open. */
  readonly intendedAt: Instant;
  /** The stack of the digest's first intent ever, failed ones included: the digest belongs to it. */
  readonly stack: StackRef;
  /** Whether the target was observed to give the access. */
  readonly activated: boolean;
  /** In the order in which they came, each once; kept when the grant has ended. */
  readonly marks: readonly GrantMark[];
  /** Why its end began; absent while nothing ends it. */
  readonly endingCause?: EndCause;
  /** When it was journaled that the target gives the access. */
  readonly confirmedAt?: Instant;
  /** When its end, or its failure, was journaled. */
  readonly closedAt?: Instant;
  readonly endedAt?: Instant;
  /** `abandoned`: nobody has observed that it is gone, and an administrator ordered to try no more. */
  readonly endedBy?: "expired" | "revoked" | "abandoned";
  readonly endCause?: EndCause;
  /** The last event that names this digest, of any type: the witness that the state keeps. */
  readonly last: Head;
  /** What the last scan found, whole sentences; empty where there is none. */
  readonly residue: readonly string[];
  /** What the target needs to look for the residue again; absent where it told nothing. */
  readonly trace?: string;
  /** Why it is stuck or failed, the latest. */
  readonly lastError?: string;
  /** What was journaled of its failed ends; absent where none failed, kept when the grant has ended. */
  readonly stuck?: FailedEnds;
}

/** How often a grant could not be ended, by the journal: tries that it could not be told of are not counted. */
export interface FailedEnds {
  /** When the first failure was journaled, and the latest. */
  readonly since: Instant;
  readonly triedAt: Instant;
  readonly tries: number;
}

/**
 * The record of a digest after one more event of it; null while a digest has no intent. INVARIANT (ended is final): no event makes an
 * ended grant live or failed again, and no failure ends what was observed to be active. The journal refuses to append
 * such an event; a chain that holds one all the same is read like this.
 */
export function nextRecord(digest: Digest, record: GrantRecord | null, event: JournalEvent): GrantRecord | null {
  if (event.type === "activating") return intended(digest, record, event);
  if (record === null) return null;
  const next: GrantRecord = { ...record, last: headOf(event) };
  if (event.type === "residue") {
    const { residue, trace } = dataOf(event, "residue");
    return { ...next, residue, ...(trace === undefined ? {} : { trace }) };
  }
  if (record.status !== "live") return next;
  switch (event.type) {
    case "activated":
      return { ...next, activated: true, confirmedAt: verifiedInstant(event.at) };
    case "revoking":
      return marked(next, "revoking", dataOf(event, "revoking").cause);
    case "drift":
      return marked(next, "drift", "drift");
    case "stuck":
      return {
        ...marked(next, "stuck", dataOf(event, "stuck").cause),
        ...{ lastError: dataOf(event, "stuck").reason, stuck: failedAgain(record.stuck, event) },
      };
    case "failed":
      return record.activated ? next : failed(next, event);
    case "order":
      return dataOf(event, "order").order.payload.order === "abandon" ? abandoned(next, event) : next;
    case "revoked":
    case "expired":
      return { ...next, ...closed(event), ...endOf(event), status: "ended", endedBy: event.type };
    default:
      return next;
  }
}

export function headOf({ seq, hash }: Head): Head {
  return { seq, hash };
}

/** The instant that a verified event's data names; the data was checked when the event was read. */
export function verifiedInstant(text: string): Instant {
  const instant = parseInstant(text);
  if (instant === null) throw new TypeError(`\`${text}\` is no instant, and yet it was verified`);
  return instant;
}

function intended(digest: Digest, record: GrantRecord | null, event: JournalEvent): GrantRecord {
  const last = headOf(event);
  if (record !== null && record.status !== "failed") return { ...record, last };
  const intent = dataOf(event, "activating");
  const { organization, project, stack } = intent;
  return {
    digest,
    status: "live",
    intent,
    intendedAt: verifiedInstant(event.at),
    stack: record?.stack ?? { organization, project, stack },
    activated: false,
    marks: [],
    last,
    residue: [],
  };
}

function failed(record: GrantRecord, event: JournalEvent): GrantRecord {
  return { ...record, ...closed(event), status: "failed", lastError: dataOf(event, "failed").reason };
}

/** It is out of the way of others, and what may still stand there stays in view as residue. */
function abandoned(record: GrantRecord, event: JournalEvent): GrantRecord {
  const { identity, role, connection } = record.intent.place;
  const { by } = dataOf(event, "order").order.payload;
  const left = `\`${identity}\` may still have role \`${role}\` at \`${connection}\`: abandoned by ${by} on ${event.at}`;
  const ended = { endedAt: verifiedInstant(event.at), endCause: record.endingCause ?? "expiry" } as const;
  return {
    ...record,
    ...closed(event),
    ...ended,
    status: "ended",
    endedBy: "abandoned",
    residue: [...record.residue, left],
  };
}

function closed({ at }: JournalEvent): Pick<GrantRecord, "closedAt"> {
  return { closedAt: verifiedInstant(at) };
}

function marked(record: GrantRecord, mark: GrantMark, cause: EndCause): GrantRecord {
  if (record.marks.includes(mark)) return record;
  return { ...record, marks: [...record.marks, mark], endingCause: record.endingCause ?? cause };
}

function failedAgain(before: FailedEnds | undefined, { at }: JournalEvent): FailedEnds {
  const triedAt = verifiedInstant(at);
  return { since: before?.since ?? triedAt, triedAt, tries: (before?.tries ?? 0) + 1 };
}

function endOf(event: JournalEvent): Required<Pick<GrantRecord, "endedAt" | "endCause">> {
  const { cause, endedAt } = event.data as EventData["expired"];
  return { endedAt: verifiedInstant(endedAt), endCause: cause };
}

function dataOf<T extends EventType>(event: JournalEvent, _type: T): EventData[T] {
  return event.data as EventData[T];
}
