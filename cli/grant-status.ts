// SPDX-License-Identifier: Apache-2.0
import type { GrantRecord } from "@elevation/journal";

/** Which grant something is said of, in every report of `elevate status`. */
export interface GrantStatus {
  /** The request's digest. */
  readonly request: string;
  /** Its `metadata.name`; null where the journal doesn't say. */
  readonly name: string | null;
  readonly requester: string;
  readonly role: string;
  readonly environment: string;
  /** `organization/project/stack`. */
  readonly stack: string;
}

export function grantStatus({ digest, intent, stack }: GrantRecord): GrantStatus {
  // NB. Nothing has looked into the request of an intent when the journal was read.
  const name: unknown = (intent.request as { metadata?: { name?: unknown } }).metadata?.name;
  return {
    request: digest,
    name: typeof name === "string" ? name : null,
    requester: intent.requester,
    role: intent.role,
    environment: intent.environment,
    stack: `${stack.organization}/${stack.project}/${stack.stack}`,
  };
}
