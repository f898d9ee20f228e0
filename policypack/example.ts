// SPDX-License-Identifier: Apache-2.0
import type { PolicyResourceOptions } from "@pulumi/policy";

/**
 * A Grant that a rule speaks about, told by what differs from a good one: the documentation is made by judging it by the
 * documents in examples/, so no message is written by hand.
 */
export interface Example {
  /** What is special about it, as the end of "the example Grant, …". */
  readonly what: string;
  /** Fields of the request's `spec`; null takes one away. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Instant at which it is judged, ISO 8601. */
  readonly at?: string;
  /** What the journal knows of the request; nothing, unless given. `absent`: the job names no journal. */
  readonly journal?: "absent" | "ended" | "live-elsewhere";
  /** Other grants that the journal knows of; none, unless given. */
  readonly earlier?: readonly Earlier[];
  /** The `spec` of other Grants of the stack, each under a name of its own, told in the same way; none, unless given. */
  readonly beside?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly opts?: Partial<PolicyResourceOptions>;
  /** `__provider`. */
  readonly code?: string;
  /** The rules that didn't look at it. */
  readonly unseenBy?: readonly string[] | "every rule";
  readonly type?: string;
}

/** Another grant that the journal of an example knows of, told by what differs from the good request's; instants are ISO 8601. */
export interface Earlier {
  /** `metadata.name`; `earlier`, unless given. */
  readonly name?: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** The rule that allowed it; `dba-production`, unless given. */
  readonly rule?: string;
  readonly from: string;
  readonly until: string;
  /** Absent: it is live. */
  readonly endedAt?: string;
}
