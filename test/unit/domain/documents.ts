// SPDX-License-Identifier: Apache-2.0
import {
  type Approval,
  type Decision,
  type DecisionContext,
  decide,
  digestOf,
  type EndedGrant,
  formatInstant,
  type LiveGrant,
  parseInstant,
  parseRequest,
  readJudge,
} from "@elevation/domain";

/** A policy that this version takes, with one of everything. */
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
  ledger-auditor:
    targets:
      production: { kind: postgres, connection: ledger-production, role: auditor }
rules:
  - id: dba-short
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production, staging]
    duration: { min: PT1M, default: PT30M, max: PT1H, clamp: false }
    reason: { minLength: 10 }
  - id: dba-long
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production]
    duration: { max: PT12H }
    hours: { zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "08:00", to: "20:00", mode: hold }
    reason: { minLength: 10, matches: "INC" }
    ticket: { matches: "^(INC|CHG)-[0-9]+$" }
  - id: freeze
    effect: deny
    who: everyone
    roles: "*"
    environments: [production]
    during: { from: 2026-12-20T00:00:00Z, to: 2027-01-02T00:00:00Z }
    breakGlass: false
requests: { proof: none }
activateWithin: PT24H
startWithin: P7D
`;

export const DIRECTORY = `apiVersion: elevation/v1
kind: Directory
people:
  alice@example.com:
    name: Alice
    jobFunctions: [dba]
    identities: { postgres: alice, github: alice-gh }
  bob@example.com:
    jobFunctions: [sre]
    identities: { postgres: bob }
  carol@example.com: {}
jobFunctions:
  dba: { includes: [dba-lead] }
  dba-lead: {}
  sre: {}
onCall:
  orders:
    - { person: bob@example.com, from: 2026-11-23T00:00:00Z, to: 2026-11-30T00:00:00Z }
`;

export const REQUEST = `apiVersion: elevation/v1
kind: Request
metadata: { name: alice-orders }
spec:
  requester: alice@example.com
  role: orders-admin
  environment: production
  duration: PT45M
  requestedAt: 2026-11-24T09:00:00Z
  reason: Rebuild the orders index after INC-4711
  ticket: INC-4711
`;

/** Replaces text that must be there. */
export function edit(text: string, ...edits: readonly (readonly [string, string])[]): string {
  let result = text;
  for (const [from, to] of edits) {
    if (!result.includes(from)) throw new Error(`the document has no ${JSON.stringify(from)}`);
    result = result.replace(from, () => to);
  }
  return result;
}

export interface Asked {
  /** YAML; default: {@link POLICY}. */
  readonly policy?: string;
  readonly directory?: string;
  /** Fields of the spec; undefined leaves one out. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly now: string;
  /** What else is known; default: nobody proven, nothing approved, nothing live or ended. */
  readonly context?: Partial<DecisionContext>;
}

/** What is known of a request that is the first one ever. */
export function asNew(now: number): DecisionContext {
  return { now, proof: null, approvals: [], live: [], history: [] };
}

/** The decision on Alice's request, some things changed; by the whole policy language, also what can't be verified yet. */
export function ask({ policy = POLICY, directory = DIRECTORY, spec = {}, now, context }: Asked): Decision {
  const judge = readJudge(
    { file: "elevation.yaml", text: policy },
    { file: "directory.yaml", text: directory },
    "study",
  );
  return decide(judge.policy.value, judge.directory.value, aRequest(spec), { ...asNew(at(now)), ...context });
}

export function aRequest(spec: Readonly<Record<string, unknown>> = {}) {
  const written = {
    requester: "alice@example.com",
    role: "orders-admin",
    environment: "production",
    duration: "PT45M",
    requestedAt: "2026-11-24T09:00:00Z",
    reason: "Rebuild the orders index after INC-4711",
    ticket: "INC-4711",
    ...spec,
  };
  const fields = Object.entries(written).filter(([, value]) => value !== undefined);
  const document = { apiVersion: "elevation/v1", kind: "Request", metadata: { name: "alice-orders" } };
  return parseRequest({ ...document, spec: Object.fromEntries(fields) }, "alice-orders");
}

export function at(text: string): number {
  const instant = parseInstant(text);
  if (instant === null) throw new Error(`${text} is no instant`);
  return instant;
}

/** `rule expiresAt`, or the ids of the violations: what most tests are about. */
export function outcome(decision: Decision): string {
  if (decision.outcome === "allow") return `${decision.rule} until ${decision.expiresAt}`;
  return `${decision.rule}: ${decision.violations.map(({ id }) => id).join(", ")}`;
}

/** An instant some milliseconds later. */
export function later(text: string, milliseconds: number): string {
  return formatInstant(at(text) + milliseconds);
}

/** People for approvals: Lea leads, Sam is of security, Pat is both, Olga is on call for an hour; Alice and Bob ask, Tess may for others. */
export const TEAM = JSON.stringify({
  apiVersion: "elevation/v1",
  kind: "Directory",
  people: {
    "alice@example.com": { jobFunctions: ["dba"], identities: { postgres: "alice" } },
    "bob@example.com": { jobFunctions: ["dba"], identities: { postgres: "bob" } },
    "lea@example.com": { jobFunctions: ["dba-lead"] },
    "sam@example.com": { jobFunctions: ["security"] },
    "pat@example.com": { jobFunctions: ["dba-lead", "security"] },
    "olga@example.com": { identities: { postgres: "olga" } },
    "tess@example.com": { jobFunctions: ["team-lead"] },
  },
  jobFunctions: { dba: {}, "dba-lead": {}, security: {}, "team-lead": {} },
  onCall: { orders: [{ person: "olga@example.com", from: "2026-11-24T09:30:00Z", to: "2026-11-24T10:30:00Z" }] },
});

/** Any dba may have `orders-admin` in production for up to 8 h by the rule `dba`; all of it can be replaced. JSON is YAML. */
export function aPolicy(rule: Readonly<Record<string, unknown>> = {}, policy: Readonly<Record<string, unknown>> = {}) {
  const target = { kind: "postgres", connection: "orders", role: "admin" };
  return JSON.stringify({
    apiVersion: "elevation/v1",
    kind: "Policy",
    environments: { production: {}, staging: {} },
    roles: {
      "orders-admin": { targets: { production: target, staging: target } },
      "ledger-auditor": { targets: { production: { ...target, role: "auditor" } } },
    },
    rules: [aRule(rule)],
    requests: { proof: "none" },
    ...policy,
  });
}

/** The allow rule of {@link aPolicy}. */
export function aRule(rule: Readonly<Record<string, unknown>> = {}) {
  return {
    id: "dba",
    effect: "allow",
    who: { jobFunctions: ["dba"] },
    roles: ["orders-admin"],
    environments: ["production"],
    duration: { max: "PT8H" },
    ...rule,
  };
}

/** Alice's live grant of `orders-admin` in production from 08:00 to 11:00. */
export function aLive(grant: Partial<LiveGrant> = {}): LiveGrant {
  return {
    requester: "alice@example.com",
    role: "orders-admin",
    environment: "production",
    activatedAt: at("2026-11-24T08:00:00Z"),
    expiresAt: at("2026-11-24T11:00:00Z"),
    rule: "dba",
    request: digestOf("a live one"),
    ...grant,
  };
}

/** One that ended at 08:30. */
export function anEnded(grant: Partial<EndedGrant> = {}): EndedGrant {
  return { ...aLive({ request: digestOf("an ended one") }), endedAt: at("2026-11-24T08:30:00Z"), ...grant };
}

/** A verdict of 09:30. */
export function aVerdict(who: string, verdict: Partial<Approval> = {}): Approval {
  return { approver: `${who}@example.com`, verdict: "approve", at: at("2026-11-24T09:30:00Z"), ...verdict };
}

/** `id: message` of each violation. */
export function messages(decision: Decision): string[] {
  return decision.violations.map(({ id, message }) => `${id}: ${message}`);
}
