// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  type Approval,
  type Decision,
  type DecisionContext,
  decide,
  type LintFinding,
  lint,
  type Policy,
  type Request,
  readJudge,
  requestDigestOf,
} from "@elevation/domain";
import fc from "fast-check";
import { type World, world } from "./small-worlds";

const MINUTE = 60_000;
const PEOPLE = ["ann@example.com", "ben@example.com", "cat@example.com"];
const JOB_FUNCTIONS = ["dba", "sre", "lead"];
const SCHEDULES = ["primary", "backup"];

type Rule = Policy["rules"][number];
type Allow = Extract<Rule, { effect: "allow" }>;
type Who = Rule["who"];

const some = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.oneof(value, fc.constant(undefined));
const rarely = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 1, arbitrary: value }, { weight: 4, arbitrary: fc.constant(undefined) });

const who: fc.Arbitrary<Who> = fc.oneof(
  fc.constant("everyone" as const),
  some(JOB_FUNCTIONS).map((jobFunctions) => ({ jobFunctions })),
  some(PEOPLE).map((people) => ({ people })),
  some(SCHEDULES).map((onCall) => ({ onCall })),
);
const leaf = fc
  .record({ from: who, count: fc.integer({ min: 1, max: 3 }), imported: fc.constantFrom(true, undefined, undefined) })
  .map(({ imported, ...rest }) => ({ ...rest, ...(imported === undefined ? {} : { imported }) }));
const approvals: fc.Arbitrary<NonNullable<Allow["approvals"]>> = fc.oneof(
  leaf,
  fc.array(leaf, { minLength: 1, maxLength: 2 }).map((all) => ({ all })),
  fc.array(leaf, { minLength: 1, maxLength: 2 }).map((any) => ({ any })),
);

/** What the worlds of arbitraries.ts don't have. */
const more = fc.record({
  approvals: maybe(approvals),
  approvalsValidFor: maybe(fc.constantFrom("PT1H", "PT2H")),
  cooldown: rarely(fc.constantFrom("PT1H", "PT4H")),
  extensions: rarely(fc.constant({ max: 1, upTo: "PT1H" })),
  onBehalf: maybe(who),
});

/** Verdicts of the last hour, and a little before it, as of an instant. */
const verdicts = fc
  .array(
    fc.record({
      approver: fc.constantFrom(...PEOPLE),
      verdict: fc.constantFrom("approve" as const, "approve" as const, "approve" as const, "reject" as const),
      before: fc.integer({ min: 0, max: 70 }),
      imported: fc.boolean(),
      upTo: fc.constantFrom(undefined, 10 * MINUTE, 60 * MINUTE),
    }),
    { maxLength: 4 },
  )
  .map(
    (given) =>
      (now: number): Approval[] =>
        given.map(({ before, upTo, ...verdict }) => ({
          ...verdict,
          at: now - before * MINUTE,
          ...(upTo === undefined ? {} : { upTo }),
        })),
  );

/** A rule that may ask for more than another one. */
const tightened = (rule: Allow) =>
  fc
    .record({
      who: fc.oneof({ weight: 3, arbitrary: fc.constant(rule.who) }, { weight: 2, arbitrary: who }),
      roles: fc.oneof(
        { weight: 3, arbitrary: fc.constant(rule.roles) },
        { weight: 1, arbitrary: fc.constant(["reader"]) },
      ),
      environments: fc.oneof(
        { weight: 3, arbitrary: fc.constant(rule.environments) },
        { weight: 1, arbitrary: fc.constant(["production"]) },
      ),
      duration: fc.oneof(
        { weight: 3, arbitrary: fc.constant(rule.duration) },
        {
          weight: 1,
          arbitrary: fc
            .constantFrom({ min: "PT15M" }, { max: "PT15M" }, { clamp: true }, { clamp: false }, { default: "PT15M" })
            .map((change) => ({ ...rule.duration, ...change })),
        },
      ),
      reason: fc.constantFrom(rule.reason, rule.reason, { ...rule.reason, minLength: 5 }),
      ticket: fc.constantFrom(rule.ticket, rule.ticket, { matches: "^INC-[0-9]+$" }),
      hours: fc.constantFrom(rule.hours, rule.hours, rule.hours && { ...rule.hours, mode: "activate" as const }, {
        zone: "Europe/Berlin",
        days: ["tue"] as "tue"[],
        from: "08:00",
        to: "20:00",
        mode: "hold" as const,
      }),
      approvals: fc.oneof(
        { weight: 3, arbitrary: fc.constant(rule.approvals) },
        { weight: 1, arbitrary: approvals },
        {
          weight: 1,
          arbitrary: approvals.map((other) =>
            rule.approvals === undefined ? other : { all: [rule.approvals, other] },
          ),
        },
      ),
      cooldown: fc.constantFrom(rule.cooldown, undefined, "PT4H"),
      onBehalf: fc.constantFrom(rule.onBehalf, undefined),
    })
    .map((change): Allow => ({ ...rule, ...change, id: "tightened" }) as Allow);

interface Asked extends World {
  readonly context: Omit<DecisionContext, "live">;
  /** Minutes that the grant to be prolonged has left; null: none is. */
  readonly extended: number | null;
  readonly startAt: number | null;
}

const asked: fc.Arbitrary<Asked> = world.chain((given) => {
  const allows = given.policy.rules.filter((rule): rule is Allow => rule.effect === "allow");
  const others = given.policy.rules.filter(({ effect }) => effect === "deny");
  return fc.tuple(...allows.map(() => more)).chain((extras) => {
    const rules = allows.map((rule, index) => JSON.parse(JSON.stringify({ ...rule, ...extras[index] })) as Allow);
    return fc
      .record({
        late: fc.nat({ max: rules.length - 1 }).chain((index) => tightened(rules[index] as Allow)),
        position: fc.oneof(
          { weight: 4, arbitrary: fc.constant(rules.length) },
          { weight: 1, arbitrary: fc.nat({ max: rules.length }) },
        ),
        always: rarely(
          fc.record({
            who,
            roles: fc.constantFrom("*" as const, ["reader"]),
            environments: fc.constantFrom("*" as const, ["production"]),
          }),
        ),
        held: fc.constantFrom(undefined, undefined, undefined, undefined, "PT30S", "PT10M"),
        proof: fc.constantFrom("none" as const, "signature" as const),
        by: fc.constantFrom(null, ...PEOPLE),
        verdicts,
        ended: fc.array(fc.record({ rule: fc.nat({ max: 4 }), ago: fc.constantFrom(0, 30, 90) }), { maxLength: 2 }),
        extended: fc.constantFrom(9, 240, null, null),
        startAt: fc.constantFrom(null, null, 0, 100, 700),
      })
      .map(({ late, position, always, held, proof, by, verdicts, ended, extended, startAt }): Asked => {
        const every = [...rules];
        every.splice(position, 0, late);
        const never = always === undefined ? [] : [{ id: "always", effect: "deny" as const, ...always }];
        const heldPer = held === undefined ? {} : { heldPer: { window: "P1D", max: held } };
        const limits = { ...given.policy.limits, perPerson: { ...given.policy.limits?.perPerson, ...heldPer } };
        const policy = { ...given.policy, rules: [...others, ...never, ...every], limits, requests: { proof } };
        const { now } = given;
        return {
          ...given,
          policy: JSON.parse(JSON.stringify(policy)) as Policy,
          extended,
          startAt: startAt === null ? null : now + startAt * MINUTE,
          context: {
            now,
            proof: by === null ? null : { by, how: "signature" },
            approvals: verdicts(now),
            history: ended.map(({ rule, ago }, index) => ({
              requester: PEOPLE[index] ?? "",
              role: "reader",
              environment: "production",
              activatedAt: now - (ago + 10) * MINUTE,
              expiresAt: now - ago * MINUTE,
              endedAt: now - ago * MINUTE,
              rule: every[rule]?.id ?? "gone",
            })),
          },
        };
      });
  });
});

/** What is answered to everybody about everything, for several durations. */
function* decisions({ policy, directory, request, context, extended, startAt }: Asked): Generator<[Request, Decision]> {
  const { now } = context;
  const own = context.proof === null ? PEOPLE : [context.proof.by, ...PEOPLE];
  for (const requester of new Set(own)) {
    for (const role of Object.keys(policy.roles)) {
      for (const environment of Object.keys(policy.environments)) {
        for (const duration of [undefined, "PT10S", "PT15M", "PT1H", "PT4H"]) {
          const { duration: _, startAt: __, activateBy: ___, ...spec } = request.spec;
          const asked: Request = {
            ...request,
            spec: {
              ...spec,
              requester,
              role,
              environment,
              requestedAt: new Date(now - 60 * MINUTE).toISOString(),
              ...(duration === undefined ? {} : { duration }),
              ...(startAt === null || extended !== null ? {} : { startAt: new Date(startAt).toISOString() }),
            },
          };
          const before = {
            requester,
            role,
            environment,
            activatedAt: now - MINUTE,
            expiresAt: now + (extended ?? 0) * MINUTE,
          };
          const digest = requestDigestOf(asked);
          const final = extended !== null ? { ...asked, spec: { ...asked.spec, extends: digest } } : asked;
          const live = extended !== null ? [{ ...before, request: digest, rule: "rule-1" }] : [];
          yield [final, decide(policy, directory, final, { ...context, live })];
        }
      }
    }
  }
}

/** Ids of rules, or names, about which a check says something. */
function named(
  policy: Policy,
  findings: readonly LintFinding[],
  check: string,
  severities = ["error", "warning", "note"],
) {
  const own = findings.filter((finding) => finding.check === check && severities.includes(finding.severity));
  return new Set(
    own.map(({ path }) => {
      const index = /^rules\[(\d+)\]/.exec(path)?.[1];
      return index === undefined ? (path.split(".")[1] ?? path) : (policy.rules[Number(index)]?.id ?? "");
    }),
  );
}

const NOW = Date.parse("2026-11-24T10:00:00Z");
const APPROVERS = {
  apiVersion: "elevation/v1",
  kind: "Directory",
  people: {
    "ann@example.com": { jobFunctions: ["dba"], identities: { postgres: "ann" } },
    "ben@example.com": { jobFunctions: ["sre"] },
    "cat@example.com": { jobFunctions: ["lead"] },
  },
  jobFunctions: { dba: {}, sre: {}, lead: { includes: ["sre"] } },
  onCall: {
    primary: [{ person: "ben@example.com", from: "2026-11-24T09:30:00Z", to: "2026-11-24T09:45:00Z" }],
    backup: [{ person: "cat@example.com", from: "2026-11-24T09:30:00Z", to: "2026-11-24T09:45:00Z" }],
  },
};

const CLOCKS = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Africa/Casablanca",
  "Australia/Lord_Howe",
  "America/Havana",
];
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
/** Changes of clocks, in each zone some, and a week without. */
const WEEKS = ["2027-03-12", "2027-03-26", "2027-04-02", "2027-10-01", "2027-10-29", "2027-07-05"];
const hoursIn = (zones: readonly string[]) =>
  fc.record({
    zone: fc.constantFrom(...zones),
    days: fc.oneof(fc.constant([...DAYS]), fc.subarray([...DAYS], { minLength: 5 })),
    from: fc.constantFrom("00:00", "02:00", "02:30", "03:00", "08:00", "09:00"),
    to: fc.constantFrom("02:30", "03:00", "08:00", "12:00", "18:00", "24:00"),
  });

/** One rule that allows in hours, and some that deny in others. */
const closing = (zones: readonly string[]) =>
  fc.tuple(maybe(hoursIn(zones)), fc.array(hoursIn(zones), { minLength: 1, maxLength: 3 })).map(([hours, denied]) => {
    const rule = { roles: ["reader"], environments: ["production"] };
    const rules = [
      ...denied.map((each, n) => ({ ...rule, id: `deny-${n}`, effect: "deny", who: "everyone", hours: each })),
      { ...rule, id: "allow", effect: "allow", who: { jobFunctions: ["dba"] }, hours, duration: { max: "PT1M" } },
    ];
    const targets = { production: { kind: "postgres", connection: "main", role: "reader" } };
    return JSON.parse(
      JSON.stringify({
        apiVersion: "elevation/v1",
        kind: "Policy",
        environments: { production: {} },
        roles: { reader: { targets } },
        rules,
        requests: { proof: "none" },
        activateWithin: "P400D",
      }),
    ) as Policy;
  });

/** Whether a request is allowed at any quarter of an hour of a week. */
function isEverAllowed(policy: Policy, monday: string): boolean {
  const directory = judgeOf(policy).directory.value;
  const start = Date.parse(`${monday}T00:00:00Z`);
  const spec = { requester: "ann@example.com", role: "reader", environment: "production", reason: "any" };
  const request: Request = {
    apiVersion: "elevation/v1",
    kind: "Request",
    metadata: { name: "at-any-time" },
    spec: { ...spec, requestedAt: new Date(start).toISOString() },
  };
  for (let now = start; now < start + 7 * 24 * 60 * MINUTE; now += 15 * MINUTE) {
    const context = { now, proof: null, approvals: null, live: [], history: [] };
    if (decide(policy, directory, request, context).outcome === "allow") return true;
  }
  return false;
}

function judgeOf(policy: Policy) {
  return readJudge(
    { file: "policy.json", text: JSON.stringify(policy) },
    { file: "directory.json", text: JSON.stringify(APPROVERS) },
    "study",
  );
}

function isSaidDenied(policy: Policy): boolean {
  return lint(judgeOf(policy), { at: NOW, tested: null }).some(({ check }) => check === "rule-denied");
}

/** Two rules that ask for approvals, the second often for what the first asks or more, and differ in little else. */
const approved = fc
  .record({
    approvals,
    extra: fc.oneof(fc.constant(null), approvals),
    form: fc.constantFrom("same" as const, "all" as const, "any" as const, "other" as const),
    valid: fc.tuple(maybe(fc.constantFrom("PT20M", "PT40M")), maybe(fc.constantFrom("PT20M", "PT40M"))),
    lengths: fc.tuple(
      fc.constantFrom(
        { max: "PT1H" },
        { max: "PT1H", clamp: true },
        { max: "PT15M", clamp: true },
        { max: "PT1H", default: "PT10M" },
      ),
      fc.constantFrom(
        { max: "PT1H" },
        { max: "PT1H", clamp: true },
        { max: "PT5M", clamp: true },
        { max: "PT15M" },
        { max: "PT1H", default: "PT5M" },
      ),
    ),
  })
  .map(({ approvals, extra, form, valid, lengths }) => {
    const other = extra ?? approvals;
    const late = { same: approvals, other, all: { all: [other, approvals] }, any: { any: [approvals, other] } }[form];
    const rule = {
      effect: "allow",
      who: { people: ["ann@example.com"] },
      roles: ["reader"],
      environments: ["production"],
    };
    const rules = [
      { ...rule, id: "early", duration: lengths[0], approvals, approvalsValidFor: valid[0] },
      { ...rule, id: "late", duration: lengths[1], approvals: late, approvalsValidFor: valid[1] },
    ];
    const target = { kind: "postgres", connection: "main", role: "reader" };
    return JSON.stringify({
      apiVersion: "elevation/v1",
      kind: "Policy",
      environments: { production: {} },
      roles: { reader: { targets: { production: target } } },
      rules,
      requests: { proof: "none" },
    });
  });

describe("properties of lint", function () {
  this.timeout(120_000);

  it("when a rule, a role or an environment is said to be dead, then no request ever shows that it isn't", () => {
    const met = {
      shadowed: 0,
      "rule-denied": 0,
      "no-duration-fits": 0,
      "min-above-held": 0,
      "approvals-impossible": 0,
      role: 0,
      allowed: 0,
    };
    fc.assert(
      fc.property(asked, (given) => {
        const { policy, directory } = given;
        const judge = readJudge(
          { file: "policy.json", text: JSON.stringify(policy) },
          { file: "directory.json", text: JSON.stringify(directory) },
          "study",
        );
        const findings = lint(judge, { at: given.context.now, tested: null });
        const shadowed = named(policy, findings, "rule-shadowed");
        const roles = named(policy, findings, "role-unreachable");
        const environments = named(policy, findings, "environment-unused");
        const never = new Set<string>();
        for (const check of ["rule-denied", "no-duration-fits", "min-above-held", "approvals-impossible"] as const) {
          const ids = named(policy, findings, check, ["error"]);
          met[check] += ids.size;
          for (const id of ids) never.add(id);
        }
        for (const id of named(policy, findings, "no-target", ["error"])) never.add(id);
        for (const id of named(policy, findings, "nobody-matches")) never.add(id);
        met.shadowed += shadowed.size;
        met.role += roles.size;
        for (const [request, decision] of decisions(given)) {
          assert.ok(!shadowed.has(decision.rule ?? ""), `${decision.rule} is shadowed and decides`);
          if (decision.outcome === "deny") continue;
          met.allowed++;
          assert.ok(!never.has(decision.rule ?? ""), `${decision.rule} never allows and does`);
          assert.ok(!roles.has(request.spec.role), `${request.spec.role} is had by ${request.spec.requester}`);
          assert.ok(!environments.has(request.spec.environment), `something is had in ${request.spec.environment}`);
        }
      }),
      { numRuns: 400 },
    );
    for (const [what, count] of Object.entries(met)) assert.ok(count > 0, `nothing was said of ${what}`);
  });

  it("when a rule is said to be shadowed by one that wants approvals, too, then no verdicts show that it isn't", () => {
    let shadowed = 0;
    fc.assert(
      fc.property(approved, fc.array(verdicts, { minLength: 8, maxLength: 8 }), (text, given) => {
        const judge = readJudge(
          { file: "policy.json", text },
          { file: "directory.json", text: JSON.stringify(APPROVERS) },
          "study",
        );
        const findings = lint(judge, { at: NOW, tested: null });
        if (!named(judge.policy.value, findings, "rule-shadowed").has("late")) return;
        shadowed++;
        for (const duration of [undefined, "PT5M", "PT30M", "PT2H"]) {
          const spec = {
            requester: "ann@example.com",
            role: "reader",
            environment: "production",
            reason: "Rebuild the index",
            requestedAt: "2026-11-24T09:00:00Z",
            ...(duration === undefined ? {} : { duration }),
          };
          const request: Request = { apiVersion: "elevation/v1", kind: "Request", metadata: { name: "ann" }, spec };
          for (const verdicts of given) {
            const context = { now: NOW, proof: null, approvals: verdicts(NOW), live: [], history: [] };
            const { rule } = decide(judge.policy.value, judge.directory.value, request, context);
            assert.notEqual(rule, "late");
          }
        }
      }),
      { numRuns: 400 },
    );
    assert.ok(shadowed > 0);
  });

  it("when deny rules are said to match in all hours of a rule, then it allows in none, whatever clocks do", () => {
    fc.assert(
      fc.property(closing(CLOCKS), (policy) => {
        fc.pre(isSaidDenied(policy));
        for (const week of WEEKS) assert.equal(isEverAllowed(policy, week), false);
      }),
      { numRuns: 100 },
    );
  });

  it("when a rule allows in no hours of a zone that keeps its clocks, then it is said", () => {
    fc.assert(
      fc.property(closing(["UTC", "Asia/Kolkata"]), (policy) => {
        assert.equal(isSaidDenied(policy), !isEverAllowed(policy, "2027-07-05"));
      }),
      { numRuns: 200 },
    );
  });
});
