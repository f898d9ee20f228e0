// SPDX-License-Identifier: Apache-2.0

const POLICY = `apiVersion: elevation/v1
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
    hours: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "08:00", to: "20:00", mode: hold }
    reason: { minLength: 10 }
    ticket: { matches: "^(INC|CHG)-[0-9]+$" }
  - id: year-end-freeze
    effect: deny
    who: everyone
    roles: "*"
    environments: [production]
    during: { from: 2026-12-20T00:00:00Z, to: 2027-01-02T00:00:00Z }
requests: { proof: none }
`;

const DIRECTORY = `apiVersion: elevation/v1
kind: Directory
people:
${Array.from({ length: 20 }, (_, n) => `  person-${n}@example.com: { name: Person ${n}, jobFunctions: [dba], identities: { postgres: person_${n} } }`).join("\n")}
jobFunctions:
  dba: {}
  sre: { includes: [dba] }
`;

const REQUEST = `apiVersion: elevation/v1
kind: Request
metadata: { name: person-7-orders }
spec:
  requester: person-7@example.com
  role: orders-admin
  environment: production
  duration: PT45M
  requestedAt: 2026-11-24T09:55:00Z
  reason: Rebuild the orders index after INC-4711
  ticket: INC-4711
`;

/** A company small enough to read and real enough to cost what a real one does: rules with hours, ticket and a freeze. */
export const measureDocuments: Readonly<Record<string, string>> = {
  "policy.yaml": POLICY,
  "directory.yaml": DIRECTORY,
  "request.yaml": REQUEST,
};
