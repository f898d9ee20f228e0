// SPDX-License-Identifier: Apache-2.0
import { type Directory, type Policy, parseRequest, type Request, readJudge } from "@elevation/domain";
import { randomFrom } from "../../support/random";

/** A rule that every engine can express: who, where, how long, why, when. Times are minutes of a UTC day, days 1 (Monday) to 7. */
export interface PlainRule {
  readonly id: string;
  readonly effect: "allow" | "deny";
  readonly jobFunction: string;
  readonly role: string;
  readonly environment: string;
  /** Seconds; of an allow rule. */
  readonly maxDuration: number;
  /** Code points of the reason; of an allow rule. */
  readonly minReason: number;
  /** What the ticket begins with; null: none is asked for. */
  readonly ticket: string | null;
  /** Monday to Friday from the first minute until before the second; null: always. */
  readonly hours: { readonly from: number; readonly to: number } | null;
  /** Of a deny rule: from the first instant until before the second, in milliseconds. */
  readonly during: { readonly from: number; readonly to: number } | null;
}

/** A request, and what an engine without a calendar must be told of it. */
export interface PlainRequest {
  readonly requester: string;
  readonly jobFunctions: readonly string[];
  readonly role: string;
  readonly environment: string;
  /** Seconds. */
  readonly duration: number;
  readonly reasonLength: number;
  readonly ticket: string;
  readonly day: number;
  readonly minute: number;
  readonly now: number;
}

/** One policy with its people, and requests to it, for us and for everybody else. */
export interface Scenario {
  readonly name: string;
  readonly rules: readonly PlainRule[];
  readonly people: ReadonlyMap<string, readonly string[]>;
  readonly requests: readonly PlainRequest[];
  readonly policy: Policy;
  readonly directory: Directory;
  /** The same requests, read. */
  readonly documents: readonly Request[];
}

export const SIZES = [
  { name: "tiny", rules: 1, people: 1 },
  { name: "100 rules", rules: 100, people: 1_000 },
  { name: "1,000 rules", rules: 1_000, people: 10_000 },
] as const;

const REQUESTS = 2_000;
const SEED = 20_261_124;
const ENVIRONMENTS = ["production", "staging", "development", "sandbox"];
/** A Tuesday. */
const MORNING = Date.parse("2026-11-24T00:00:00Z");
const MINUTE = 60_000;

/**
 * A company: ten rules a job function and five a role, one in ten a freeze. Half of the requests are by somebody whom a rule lets ask,
 * the others by anybody for anything; some are too long, too short of words, without a ticket or at night.
 */
export function makeScenario({ name, rules: count, people: many }: (typeof SIZES)[number]): Scenario {
  const random = randomFrom(SEED);
  const below = (limit: number) => Math.floor(random() * limit);
  const functions = Array.from({ length: Math.max(1, count / 10) }, (_, n) => `function-${n}`);
  const roles = Array.from({ length: Math.max(1, count / 5) }, (_, n) => `role-${n}`);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const rules = Array.from({ length: count }, (_, n): PlainRule => {
    const isDeny = count > 1 && n % 10 === 9;
    return {
      id: `rule-${n}`,
      effect: isDeny ? "deny" : "allow",
      jobFunction: pick(functions),
      role: pick(roles),
      environment: count === 1 ? "production" : pick(ENVIRONMENTS),
      maxDuration: pick([1_800, 3_600, 14_400, 28_800]),
      minReason: pick([1, 10, 20]),
      ticket: n % 3 === 1 ? "INC-" : null,
      hours: n % 4 === 1 ? { from: 8 * 60, to: 18 * 60 } : null,
      during: isDeny ? { from: MORNING + 9 * 60 * MINUTE, to: MORNING + 12 * 60 * MINUTE } : null,
    };
  });
  const people = new Map(
    Array.from({ length: many }, (_, n) => [
      `person-${n}@example.com`,
      [...new Set(count === 1 ? functions : [pick(functions), pick(functions), pick(functions)])],
    ]),
  );
  const byFunction = new Map(functions.map((each) => [each, rules.filter(({ jobFunction }) => jobFunction === each)]));
  const requesters = [...people.keys()];
  const requests = Array.from({ length: REQUESTS }, (): PlainRequest => {
    const requester = pick(requesters);
    const jobFunctions = people.get(requester) ?? [];
    const fitting = jobFunctions.flatMap((each) => byFunction.get(each) ?? []);
    const rule = random() < 0.5 && fitting.length > 0 ? pick(fitting) : pick(rules);
    const now = MORNING + below(24 * 60) * MINUTE;
    return {
      ...{ requester, jobFunctions, now, role: rule.role, environment: rule.environment },
      duration: pick([900, 1_800, 3_600, 36_000]),
      reasonLength: pick([5, 15, 40]),
      ticket: pick(["INC-4711", "INC-1", "CHG-1"]),
      ...{ day: 2, minute: (now - MORNING) / MINUTE },
    };
  });
  const judge = readJudge(
    { file: "elevation.json", text: JSON.stringify(policyOf(rules, roles)) },
    { file: "directory.json", text: JSON.stringify(directoryOf(people, functions)) },
  );
  return {
    ...{ name, rules, people, requests },
    policy: judge.policy.value,
    directory: judge.directory.value,
    documents: requests.map(documentOf),
  };
}

function policyOf(rules: readonly PlainRule[], roles: readonly string[]) {
  const targets = Object.fromEntries(
    ENVIRONMENTS.map((name) => [name, { kind: "postgres", connection: name, role: "app" }]),
  );
  return {
    apiVersion: "elevation/v1",
    kind: "Policy",
    environments: Object.fromEntries(ENVIRONMENTS.map((name) => [name, {}])),
    roles: Object.fromEntries(roles.map((name) => [name, { targets }])),
    rules: rules.map(ruleOf),
    requests: { proof: "none" },
  };
}

function ruleOf(rule: PlainRule) {
  const { id, effect, jobFunction, role, environment, maxDuration, minReason, ticket, hours, during } = rule;
  const base = { id, effect, who: { jobFunctions: [jobFunction] }, roles: [role], environments: [environment] };
  const clock = (minutes: number) => `${String(minutes / 60).padStart(2, "0")}:00`;
  const open = hours && {
    ...{ zone: "UTC", days: ["mon", "tue", "wed", "thu", "fri"] },
    ...{ from: clock(hours.from), to: clock(hours.to) },
  };
  const when = open === null ? {} : { hours: open };
  if (effect === "deny") {
    const text = (at: number) => new Date(at).toISOString();
    return { ...base, ...when, ...(during && { during: { from: text(during.from), to: text(during.to) } }) };
  }
  return {
    ...{ ...base, ...when },
    duration: { max: `PT${maxDuration}S` },
    reason: { minLength: minReason },
    ...(ticket === null ? {} : { ticket: { matches: `^${ticket}` } }),
  };
}

function directoryOf(people: Scenario["people"], functions: readonly string[]) {
  const entries = [...people].map(([person, jobFunctions]) => {
    return [person, { jobFunctions, identities: { postgres: person.replace(/@.*/, "") } }];
  });
  return {
    apiVersion: "elevation/v1",
    kind: "Directory",
    people: Object.fromEntries(entries),
    jobFunctions: Object.fromEntries(functions.map((name) => [name, {}])),
  };
}

function documentOf(
  { requester, role, environment, duration, reasonLength, ticket, now }: PlainRequest,
  index: number,
) {
  const requestedAt = new Date(now - MINUTE).toISOString();
  const spec = { requester, role, environment, duration: `PT${duration}S`, ticket, requestedAt };
  const document = { apiVersion: "elevation/v1", kind: "Request", metadata: { name: `request-${index}` } };
  return parseRequest({ ...document, spec: { ...spec, reason: "r".repeat(reasonLength) } }, `request-${index}`);
}
