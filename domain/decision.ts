// SPDX-License-Identifier: Apache-2.0
import type { Digest } from "./digest";
import type { Instant } from "./instant";

/** Ids of violations that decide() itself reports (design §5); the last four are added outside of it. */
export type ViolationId =
  | "request-ended"
  | "unknown-requester"
  | "unknown-role"
  | "unknown-environment"
  | "request-not-yet"
  | "start-too-late"
  | "request-lapsed"
  | "request-unproven"
  | "denied"
  | "break-glass-not-allowed"
  | "break-glass-review-overdue"
  | "environment-not-allowed"
  | "not-eligible"
  | "duration-too-short"
  | "duration-too-long"
  | "outside-hours"
  | "reason-insufficient"
  | "ticket-required"
  | "ticket-invalid"
  | "approvals-missing"
  | "cooling-down"
  | "rejected"
  | "limit-exceeded"
  | "conflicting-roles"
  | "extension-not-allowed"
  | "no-identity"
  | "outlives-too-long"
  | "policy-untrusted"
  | "journal-untrusted"
  | "locked"
  | "request-elsewhere";

/** One thing that is wrong with a request: what was seen, the limit, and how to mend it. */
export interface Violation {
  readonly id: ViolationId;
  /** The rule of the policy that is violated; null where no rule is involved. */
  readonly rule: string | null;
  /** Where in the request, as in `spec.duration`. */
  readonly path: string;
  readonly observed: string | null;
  readonly limit: string | null;
  /** Rendered when it is read. One line: "`alice-orders` asks for 9 h, rule `dba-orders-long` allows 8 h; set `duration` to PT8H or less". */
  readonly message: string;
}

/** The policy's answer to a request at an instant. JSON-safe; all instants are UTC text with milliseconds. */
export interface Decision {
  readonly outcome: "allow" | "deny";
  /** The allow rule (or `breakGlass`) that allows or speaks for the request; null where none does. */
  readonly rule: string | null;
  readonly activatesAt: string | null;
  readonly expiresAt: string | null;
  /** Until when access may outlive the grant at the target; equals `expiresAt` where the target ends what is open. */
  readonly effectiveEnd: string | null;
  readonly violations: readonly Violation[];
  readonly approvals: {
    readonly required: readonly string[];
    readonly given: readonly string[];
    readonly missing: readonly string[];
  };
  readonly requestDigest: Digest;
  readonly policyDigest: Digest;
  readonly directoryDigest: Digest;
  readonly decidedAt: string;
}

/** A live grant as decide() sees it (design §5). */
export interface LiveGrant {
  readonly requester: string;
  readonly role: string;
  readonly environment: string;
  readonly activatedAt: Instant;
  readonly expiresAt: Instant;
  /** The rule that allowed it, or `breakGlass`. */
  readonly rule?: string;
  readonly request?: Digest;
  /** How many extensions its chain has, itself included; absent: it is none. */
  readonly extensions?: number;
  readonly breakGlass?: boolean;
  /** When a break-glass grant was reviewed; absent: not yet. */
  readonly reviewedAt?: Instant;
}

/** A grant that ended. */
export interface EndedGrant extends LiveGrant {
  readonly endedAt: Instant;
}

/** One person's verdict on this very request, its signature verified (design §4.4). */
export interface Approval {
  readonly approver: string;
  readonly verdict: "approve" | "reject";
  readonly at: Instant;
  /** What the role meant to the approver ({@link roleDigestOf}); an approve of another meaning counts for nothing. Absent: not looked at. */
  readonly role?: Digest;
  /** The longest duration agreed to, in milliseconds; an approve of less than is asked counts for nothing. Absent: any. */
  readonly upTo?: number;
  /** Whether it came from a forge, by an importer's signature. */
  readonly imported?: boolean;
}

/** Who was proven to have asked, and how: by a signature of the request, or as the author of the change that brought it. */
export interface Proof {
  readonly by: string;
  readonly how: "signature" | "author";
}

/** What decide() judges by, besides the documents. */
export interface DecisionContext {
  readonly now: Instant;
  /** Null: nobody is proven to have asked. */
  readonly proof: Proof | null;
  /** Null: none can be verified, so none counts, and the answer says so. */
  readonly approvals: readonly Approval[] | null;
  /** Lookups are keyed; order carries no meaning. A list that is frozen is indexed once. */
  readonly live: readonly LiveGrant[];
  readonly history: readonly EndedGrant[];
}

/** Whether the request can open nothing any more (ended, or lapsed): it is inert in code and breaks a stack for nobody (design §6). */
export function isInert(decision: Decision): boolean {
  const ids = decision.violations.map(({ id }) => id);
  // Without a trusted journal it isn't known what ended.
  return !ids.includes("journal-untrusted") && (ids.includes("request-ended") || ids.includes("request-lapsed"));
}
