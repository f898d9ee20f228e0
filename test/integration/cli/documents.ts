// SPDX-License-Identifier: Apache-2.0
import type { Digest, EventData, NewEvent, Request } from "@elevation/domain";
import { readRequest } from "@elevation/domain";

export const POLICY = `apiVersion: elevation/v1
kind: Policy
environments:
  production: { description: Customer traffic, maxDuration: PT8H }
  staging: {}
roles:
  orders-admin:
    description: Full control of the orders database
    severity: critical
    targets:
      production: { kind: postgres, connection: orders-production, role: orders_admin }
      staging: { kind: postgres, connection: orders-staging, role: orders_admin }
rules:
  - id: dba-orders-short
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production, staging]
    duration: { min: PT1M, default: PT30M, max: PT1H }
    reason: { minLength: 10 }
  - id: year-end-freeze
    effect: deny
    who: everyone
    roles: "*"
    environments: [production]
    during: { from: 2026-12-20T00:00:00Z, to: 2027-01-02T00:00:00Z }
requests: { proof: none }
`;

export const DIRECTORY = `apiVersion: elevation/v1
kind: Directory
people:
  alice@example.com:
    name: Alice
    jobFunctions: [dba]
    identities: { postgres: alice }
  bob@example.com:
    name: Bob
    jobFunctions: [sre]
    identities: { postgres: bob }
jobFunctions:
  dba: {}
  sre: {}
`;

/** The instant at which the tests judge: five minutes after {@link aRequest} was written. */
export const AT = "2026-11-24T10:00:00Z";

/** A request that is allowed, unless it is changed. */
export function aRequest(spec: Readonly<Record<string, unknown>> = {}, name = "alice-orders"): string {
  const fields = {
    requester: "alice@example.com",
    role: "orders-admin",
    environment: "production",
    duration: "PT45M",
    requestedAt: "2026-11-24T09:55:00Z",
    reason: "Rebuild the orders index after INC-4711",
    ...spec,
  };
  const lines = Object.entries(fields).map(([field, value]) => `  ${field}: ${JSON.stringify(value)}`);
  return ["apiVersion: elevation/v1", "kind: Request", `metadata: { name: ${name} }`, "spec:", ...lines, ""].join("\n");
}

/** What the provider writes when a grant of `request` begins. */
export function intentOf(
  text: string,
  change: Partial<EventData["activating"]> = {},
): NewEvent & { type: "activating" } {
  const { value: request, digest } = readRequest({ file: "request.yaml", text });
  const { requester, role, environment } = request.spec;
  const data: EventData["activating"] = {
    organization: "organization",
    project: "example",
    stack: environment,
    origin: "request.yaml",
    request,
    requester,
    role,
    environment,
    rule: "dba-orders-short",
    activatedAt: "2026-11-24T09:56:00.000Z",
    expiresAt: "2026-11-24T10:41:00.000Z",
    policyDigest: digest,
    directoryDigest: digest,
    place: placeOf(request),
    ...change,
  };
  return { at: "2026-11-24T09:56:00.000Z", type: "activating", request: digest, actor: ACTOR, data };
}

export function placeOf({ spec }: Request): EventData["activating"]["place"] {
  const [identity = ""] = spec.requester.split("@");
  return {
    kind: "postgres",
    connection: `orders-${spec.environment}`,
    role: "orders_admin",
    server: "7300000000000000001",
    identity,
    object: `elevation_${identity}`,
  };
}

/** Any later event of a grant. */
export function eventOf(request: Digest | null, event: Pick<NewEvent, "type" | "data">, at = AT): NewEvent {
  return { at: new Date(at).toISOString(), request, actor: ACTOR, ...event } as NewEvent;
}

const ACTOR = { kind: "job", key: "unverified" } as const;
