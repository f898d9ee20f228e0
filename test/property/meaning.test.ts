// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  compareMeaning,
  type Decision,
  type Digest,
  decide,
  type MeaningChange,
  type Policy,
  type Request,
} from "@elevation/domain";
import fc from "fast-check";
import { enriched, type RichWorld, richWorld } from "./rich-world";
import { denyRule, world } from "./small-worlds";

const RUNS = { numRuns: Number(process.env["RUNS"] ?? 400) };
const MINUTE = 60_000;
const ACTIVE: Digest = `sha256:${"a".repeat(64)}`;

const FIELDS = [
  ...["who", "hours", "duration", "reason", "ticket", "cooldown", "approvals", "approvalsValidFor", "extensions"],
  ...["onBehalf", "cooldown", "extensions", "onBehalf", "during", "breakGlass"],
];

/** The same policy with one field of some rules from another, one of them gone, or another order. */
const changed = (policy: Policy): fc.Arbitrary<Policy> =>
  fc
    .tuple(
      enriched(policy),
      fc.array(fc.constantFrom("keep", "keep", "field", "field", "drop", "last"), { minLength: 8, maxLength: 8 }),
      fc.array(fc.constantFrom(...FIELDS), { minLength: 8, maxLength: 8 }),
    )
    .map(([other, what, fields]) => {
      const kept = policy.rules.flatMap((rule, index) => {
        const choice = what[index];
        if (choice === "drop" || choice === "last") return [];
        const field = fields[index] ?? "";
        const from: Readonly<Record<string, unknown>> = other.rules[index] ?? {};
        return [choice === "field" ? ({ ...rule, [field]: from[field] } as typeof rule) : rule];
      });
      const last = policy.rules.filter((_, index) => what[index] === "last");
      const rules = [...kept, ...last];
      const base = what[6] === "field" && what[7] === "field" ? other : policy;
      const next = { ...base, rules: rules.length === 0 ? policy.rules : rules };
      return JSON.parse(
        JSON.stringify(what[6] === "drop" || what[6] === "last" ? withoutWriter(next) : next),
      ) as Policy;
    });

/** A role gone, with all that names it: grants of it may be live all the same. */
function withoutWriter(policy: Policy): Policy {
  const { conflicts: _, ...others } = policy;
  const { writer: __, ...roles } = policy.roles;
  const rules = policy.rules.flatMap((rule) => {
    if (rule.roles === "*") return [rule];
    const left = rule.roles.filter((role) => role !== "writer");
    return left.length === 0 ? [] : [{ ...rule, roles: left }];
  });
  return rules.length === 0 ? policy : { ...others, roles, rules };
}

/** A year far off in which opening hours are denied, by the clocks of one zone or another. */
interface FarYear {
  readonly hours: readonly object[];
  /** Instants of that year at which somebody asks, as minutes since it began. */
  readonly asked: readonly number[];
}

const YEAR = { from: "2029-01-01T00:00:00Z", to: "2030-01-01T00:00:00Z" };
const WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/** Those whose clocks are apart in one half of the year alone, in the month of fasting, or always. */
const ZONES: readonly (readonly string[])[] = [
  ["Europe/Berlin", "Africa/Lagos"],
  ["Africa/Lagos", "Europe/Berlin"],
  ["Europe/London", "UTC"],
  ["Africa/Casablanca", "Africa/Lagos"],
  ["Europe/Berlin", "UTC"],
];

const farYear: fc.Arbitrary<FarYear> = fc
  .record({
    zones: fc.constantFrom(...ZONES),
    opens: fc.integer({ min: 5, max: 12 }),
    length: fc.integer({ min: 1, max: 8 }),
    days: fc.array(fc.integer({ min: 0, max: 364 }), { minLength: 6, maxLength: 6 }),
    by: fc.integer({ min: -3, max: 1 }),
  })
  .map(({ by, days, length, opens, zones }) => {
    const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
    const hours = { days: WEEK, from: clock(opens), to: clock(opens + length) };
    return {
      hours: zones.map((zone) => ({ ...hours, zone })),
      asked: days.map((day) => (day * 24 + opens + by) * 60 + 30),
    };
  });

function withFarYear(policy: Policy, hours: object | undefined): Policy {
  const rule = { id: "far-off", effect: "deny", who: "everyone", roles: "*", environments: "*", during: YEAR, hours };
  return { ...policy, rules: [...policy.rules, rule as Policy["rules"][number]] };
}

interface Change {
  readonly old: RichWorld;
  readonly now: RichWorld;
  /** How the request is made. */
  readonly by: string;
  readonly extended: boolean;
  readonly emergency: boolean;
  /** A request that is hardly ever refused for its own sake: fields of its spec; null: as it comes. */
  readonly good: Partial<Request["spec"]> | null;
  readonly at: number;
  /** Later instants at which everybody asks for everything. */
  readonly later: readonly number[];
}

const PEOPLE = ["ann@example.com", "ben@example.com", "cat@example.com"];

const change: fc.Arbitrary<Change> = richWorld.chain((old) =>
  fc
    .record({
      policy: fc.oneof(
        fc.constant(old.policy),
        changed(old.policy),
        changed(old.policy),
        world.chain(({ policy }) => enriched(policy)),
      ),
      directory: fc.oneof(
        fc.constant(old.directory),
        world.map(({ directory }) => directory),
      ),
      by: fc.constantFrom(old.request.spec.requester, old.request.spec.requester, ...PEOPLE),
      extended: fc.boolean(),
      emergency: fc.constantFrom(false, false, false, true),
      good: fc.option(
        fc.record(
          {
            requester: fc.constantFrom(...PEOPLE),
            role: fc.constantFrom("reader", "writer"),
            environment: fc.constantFrom("production", "staging"),
            duration: fc.constantFrom("PT1M", "PT10M", "PT15M", "PT20M", "PT30M", "PT1H", "PT2H"),
            requestedAt: fc.constant(new Date(old.now - MINUTE).toISOString()),
            reason: fc.constantFrom(" INC-1 again and again x", "x", "INC", "just because of x"),
            ticket: fc.constantFrom("INC-1", "CHG-1", undefined),
          },
          { requiredKeys: ["requester", "role", "environment", "requestedAt", "reason"] },
        ),
        { freq: 5 },
      ),
      at: fc.integer({ min: 0, max: 3000 }).map((minutes) => old.now - minutes * MINUTE),
      far: fc.option(farYear, { freq: 2 }),
    })
    .map(({ at, by, directory, emergency, extended, far, good, policy }) => ({
      old: far === null ? old : { ...old, policy: withFarYear(old.policy, far.hours[0]) },
      now: { ...old, policy: far === null ? policy : withFarYear(policy, far.hours[1]), directory },
      later: [
        ...[0, 61, 1000].map((after) => old.now + after * MINUTE),
        ...(far?.asked ?? []).map((minutes) => Date.parse(YEAR.from) + minutes * MINUTE),
      ],
      good,
      by,
      extended,
      emergency,
      at: Math.floor(at / MINUTE) * MINUTE,
    })),
);

function specOf(request: Request, good: Change["good"]): Request["spec"] {
  if (good === null) return { ...request.spec };
  const { environment, reason, requestedAt, requester, role } = request.spec;
  return { requester, role, environment, reason, requestedAt, ...good };
}

/** Approvals of many or few. */
function everybody(now: number, seed: number) {
  return PEOPLE.slice(seed % 3).map((approver) => ({ approver, verdict: "approve" as const, at: now - 1000 }));
}

/** The request of a change, before one of its sides. */
function decided(
  { directory, history, live, now, policy, request, ...known }: RichWorld,
  { by, emergency, extended, good }: Change,
): Decision {
  const [first, ...others] = live;
  const spec = specOf(request, good);
  if (emergency) {
    delete spec.startAt;
    spec.breakGlass = true;
  }
  const { environment, requester, role } = spec;
  const mine =
    first !== undefined && extended ? [{ ...first, requester, role, environment, request: ACTIVE }, ...others] : live;
  if (mine !== live && !emergency) {
    delete spec.startAt;
    spec.extends = ACTIVE;
  }
  const approvals = good === null ? known.approvals : [...known.approvals, ...everybody(now, spec.reason.length)];
  const proof = { by, how: "signature" as const };
  return decide(policy, directory, { ...request, spec }, { now, proof, approvals, live: mine, history });
}

/** Good requests of everybody for everything, at some later instants. */
function* manyOf(given: Change): Generator<Change> {
  const spec = { reason: " INC-1 again and again x", ticket: "INC-1", ...given.good };
  for (const now of given.later) {
    const requestedAt = new Date(now - MINUTE).toISOString();
    for (const requester of PEOPLE) {
      for (const role of ["reader", "writer"]) {
        for (const environment of ["production", "staging"]) {
          const good = { ...spec, requestedAt, requester, role, environment };
          const by = given.by === given.old.request.spec.requester ? requester : given.by;
          yield { ...given, old: { ...given.old, now }, now: { ...given.now, now }, good, by };
        }
      }
    }
  }
}

function isTold(report: MeaningChange, { rules }: Policy, { requester, role, environment }: Request["spec"]): boolean {
  const isAbout = (id: string) =>
    rules.some(
      (rule) =>
        rule.id === id &&
        (rule.roles === "*" || rule.roles.includes(role)) &&
        (rule.environments === "*" || rule.environments.includes(environment)),
    );
  return (
    report.approvers.some(({ rules: named, widened }) => widened && named.some(isAbout)) ||
    report.settings.some(({ roles, widened }) => widened && (roles === null || roles.includes(role))) ||
    report.access.some(
      ({ people, places, widened }) =>
        widened &&
        people.people.includes(requester) &&
        places.some((place) => place.role === role && place.environment === environment),
    )
  );
}

describe("properties of compareMeaning()", function () {
  this.timeout(600_000);

  it("when a request is allowed that wasn't, or for longer, then that is told as wider for its person, role and environment", () => {
    let wider = 0;
    fc.assert(
      fc.property(change, (given) => {
        let report: MeaningChange | null = null;
        for (const asked of [given, ...manyOf(given)]) {
          const [before, after] = [decided(asked.old, asked), decided(asked.now, asked)];
          if (after.outcome === "deny") continue;
          const isWider = before.outcome === "deny" || String(after.expiresAt) > String(before.expiresAt);
          // A grant that became shorter may fit under a limit on time held, and a reject count no more.
          const isOfItself = before.violations.some(({ id }) => id === "limit-exceeded" || id === "rejected");
          if (!isWider || (before.outcome === "deny" && isOfItself)) continue;
          wider++;
          report ??= compareMeaning(given.old, given.now, given.at);
          assert.ok(
            isTold(report, given.now.policy, specOf(asked.old.request, asked.good)),
            JSON.stringify([before, after], null, 1),
          );
          assert.ok(report.widened);
        }
      }),
      RUNS,
    );
    if (process.env["RUNS"] !== undefined) console.log(`${wider} were wider`);
    assert.ok(wider > 0);
  });

  it("when a deny rule is added, then nothing is wider", () => {
    fc.assert(
      fc.property(richWorld, denyRule, fc.nat(), ({ directory, now, policy }, rule, position) => {
        const rules = [...policy.rules];
        rules.splice(position % (rules.length + 1), 0, rule);
        assert.equal(
          compareMeaning({ policy, directory }, { policy: { ...policy, rules }, directory }, now).widened,
          false,
        );
      }),
      RUNS,
    );
  });

  it("when nothing is changed, then nothing is told; and what is wider one way is narrower the other", () => {
    fc.assert(
      fc.property(change, ({ at, now, old }) => {
        const same = compareMeaning(old, structuredClone(old), at);
        assert.deepEqual([same.settings, same.approvers, same.access], [[], [], []]);
        assert.deepEqual([same.widened, same.narrowed], [false, false]);
        const [there, back] = [compareMeaning(old, now, at), compareMeaning(now, old, at)];
        assert.deepEqual([there.widened, there.narrowed], [back.narrowed, back.widened]);
      }),
      RUNS,
    );
  });
});
