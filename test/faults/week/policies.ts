// SPDX-License-Identifier: Apache-2.0
import { type Digest, type Instant, type Judge, type Request, readJudge } from "@elevation/domain";

const HOUR = 3_600_000;

/** Who is in the simulated world's directory, and what they are. */
export const PEOPLE = {
  "ada@example.com": "dba",
  "ben@example.com": "dba",
  "cleo@example.com": "sre",
  "dan@example.com": "sre",
  "eve@example.com": "guest",
} as const;
export type Person = keyof typeof PEOPLE;

export const ROLES = ["orders-admin", "ledger-admin"] as const;
export const ENVIRONMENTS = ["production", "staging"] as const;

/** Of each role the job function that may have it, and for how long, in milliseconds. */
const MAY: Readonly<Record<string, { readonly jobFunctions: readonly string[]; readonly max: number }>> = {
  "orders-admin": { jobFunctions: ["dba"], max: 4 * HOUR },
  "ledger-admin": { jobFunctions: ["dba", "sre"], max: 2 * HOUR },
};

/** What a policy says beside that. `nights`: no production between 22:00 and 04:00 UTC, but break-glass; `frozen`: no staging; `closed`: no ledger for SREs. */
export const POLICIES = ["plain", "nights", "frozen", "closed"] as const;
export type PolicyName = (typeof POLICIES)[number];

const NIGHTS = `
  - { id: nights, effect: deny, who: everyone, roles: "*", environments: [production], breakGlass: true,
      hours: { zone: UTC, days: [mon, tue, wed, thu, fri, sat, sun], from: "22:00", to: "04:00" } }`;
const FROZEN = `
  - { id: frozen, effect: deny, who: everyone, roles: "*", environments: [staging] }`;
const CLOSED = `
  - { id: closed, effect: deny, who: { jobFunctions: [sre] }, roles: [ledger-admin], environments: "*" }`;
const EXTRA: Readonly<Record<PolicyName, string>> = { plain: "", nights: NIGHTS, frozen: FROZEN, closed: CLOSED };

/** Documents as they may stand at one time of the week. */
export class Documents {
  readonly policy: PolicyName;
  readonly people: ReadonlySet<Person>;
  readonly judge: Judge;

  constructor(policy: PolicyName, people: ReadonlySet<Person>) {
    this.policy = policy;
    this.people = people;
    this.judge = readJudge(
      { file: "elevation.yaml", text: policyText(policy) },
      { file: "directory.yaml", text: directoryText(people) },
    );
  }

  get digests(): readonly [Digest, Digest] {
    return [this.judge.policy.digest, this.judge.directory.digest];
  }

  /** Whether a deny rule speaks against access at an instant, or its person is gone: told by hand, not by decide(). */
  forbids({ spec }: Request, at: Instant): boolean {
    if (!this.people.has(spec.requester as Person)) return true;
    const hour = new Date(at).getUTCHours();
    const isNight = hour >= 22 || hour < 4;
    if (this.policy === "nights" && spec.environment === "production" && isNight) return spec.breakGlass !== true;
    if (this.policy === "frozen" && spec.environment === "staging") return true;
    return this.policy === "closed" && spec.role === "ledger-admin" && functionOf(spec.requester) === "sre";
  }

  /** Whether access may begin at an instant and last for so long: told by hand. */
  allows(request: Request, at: Instant, milliseconds: number): boolean {
    const { spec } = request;
    if (this.forbids(request, at)) return false;
    if (spec.breakGlass === true) return functionOf(spec.requester) === "sre" && milliseconds <= HOUR;
    const may = MAY[spec.role];
    return may?.jobFunctions.includes(functionOf(spec.requester)) === true && milliseconds <= may.max;
  }
}

function functionOf(person: string): string {
  return PEOPLE[person as Person];
}

function policyText(name: PolicyName): string {
  const target = (role: string, environment: string) =>
    `${environment}: { kind: postgres, connection: ${role.split("-")[0]}, role: ${role.replace("-", "_")} }`;
  const roles = ROLES.map(
    (role) => `  ${role}: { targets: { ${ENVIRONMENTS.map((environment) => target(role, environment)).join(", ")} } }`,
  );
  const rules = Object.entries(MAY).map(
    ([role, { jobFunctions, max }]) =>
      `  - { id: ${role}, effect: allow, who: { jobFunctions: [${jobFunctions.join(", ")}] }, roles: [${role}], environments: "*", duration: { min: PT1M, max: PT${max / HOUR}H }, extensions: { max: 2, upTo: PT1H } }`,
  );
  return `
apiVersion: elevation/v1
kind: Policy
environments: { production: { maxDuration: PT8H }, staging: {} }
roles:
${roles.join("\n")}
rules:
${rules.join("\n")}${EXTRA[name]}
limits: { perPerson: { live: 3 } }
breakGlass:
  who: { jobFunctions: [sre] }
  roles: "*"
  environments: [production]
  maxDuration: PT1H
  reason: { minLength: 5 }
  review: { from: { jobFunctions: [dba] }, within: P7D }
  unreviewed: 100
requests: { proof: none }
`;
}

function directoryText(people: ReadonlySet<Person>): string {
  const lines = [...people].map((person) => {
    const login = person.split("@")[0];
    return `  ${person}: { name: ${login}, jobFunctions: [${PEOPLE[person]}], identities: { postgres: ${login} } }`;
  });
  return `
apiVersion: elevation/v1
kind: Directory
jobFunctions: { dba: {}, sre: {}, guest: {} }
people:
${lines.join("\n")}
`;
}
