// SPDX-License-Identifier: Apache-2.0
import type { Actor, Decision, Digest, EventData, NewEvent, Request } from "@elevation/domain";
import { formatInstant, parseInstant, sha256Hex } from "@elevation/domain";

export const JOB: Actor = { kind: "job", key: "unverified" };
export const NOON = parseInstant("2026-11-24T12:00:00Z") ?? Number.NaN;
export const AT = formatInstant(NOON);

/** The digest of the n-th request of a test. */
export function aDigest(n: number): Digest {
  return `sha256:${sha256Hex(`request ${n}`)}`;
}

export function aRequest(spec: Partial<Request["spec"]> = {}): Request {
  return {
    apiVersion: "elevation/v1",
    kind: "Request",
    metadata: { name: "alice-orders" },
    spec: {
      requester: "alice@example.com",
      role: "orders-admin",
      environment: "production",
      requestedAt: "2026-11-24T12:00:00Z",
      reason: "Rebuild the orders index",
      ...spec,
    },
  };
}

export function anIntent(data: Partial<EventData["activating"]> = {}): EventData["activating"] {
  return {
    organization: "acme",
    project: "elevation",
    stack: "production",
    origin: "alice.yaml",
    request: aRequest(),
    requester: "alice@example.com",
    role: "orders-admin",
    environment: "production",
    rule: "dba-orders-short",
    activatedAt: AT,
    expiresAt: formatInstant(NOON + 1_800_000),
    policyDigest: aDigest(-1),
    directoryDigest: aDigest(-2),
    place: {
      kind: "postgres",
      connection: "orders-production",
      role: "orders_admin",
      server: "7301",
      identity: "alice",
      object: "elev_1",
    },
    ...data,
  };
}

export function aDecision(fields: Partial<Decision> = {}): Decision {
  return {
    outcome: "allow",
    rule: "dba-orders-short",
    activatesAt: AT,
    expiresAt: formatInstant(NOON + 1_800_000),
    effectiveEnd: formatInstant(NOON + 1_800_000),
    violations: [],
    approvals: { required: [], given: [], missing: [] },
    requestDigest: aDigest(1),
    policyDigest: aDigest(-1),
    directoryDigest: aDigest(-2),
    decidedAt: AT,
    ...fields,
  };
}

const EVENT_DATA = {
  decided: { decision: aDecision(), request: aRequest() },
  activating: anIntent(),
  activated: { adopted: false },
  revoking: { cause: "expiry" },
  revoked: { cause: "withdrawn", endedAt: AT, sessionsEnded: 1 },
  expired: { cause: "expiry", endedAt: AT, sessionsEnded: 1 },
  failed: { reason: "the target refused" },
  stuck: { cause: "expiry", reason: "the target is down" },
  drift: { differences: ["`elev_1` is gone"] },
  residue: { place: anIntent().place, residue: ["`alice` owns table `t`"] },
} as const satisfies Partial<EventData>;

/** An event of a digest, with the data given or believable data. */
export function anEvent<T extends keyof typeof EVENT_DATA>(type: T, digest: Digest, data?: EventData[T]): NewEvent {
  return { at: AT, type, request: digest, actor: JOB, data: data ?? EVENT_DATA[type] } as NewEvent;
}

/** An event that says nothing of any grant, as large as a test wants it. */
export function aNote(text: unknown): NewEvent {
  return { at: AT, type: "approval", request: null, actor: JOB, data: { text } };
}
