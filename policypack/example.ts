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
  readonly opts?: Partial<PolicyResourceOptions>;
  /** `__provider`. */
  readonly code?: string;
  /** The rules that didn't look at it. */
  readonly unseenBy?: readonly string[] | "every rule";
  readonly type?: string;
}
