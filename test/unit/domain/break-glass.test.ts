// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type DecisionContext, digestOf, type EndedGrant, type LiveGrant } from "@elevation/domain";
import { aLive, anEnded, aPolicy, aRule, ask, at, later, messages, outcome, TEAM } from "./documents";

const NOW = "2026-11-24T10:00:00Z";
const REVIEW = { from: { jobFunctions: ["security"] }, within: "PT24H" };
const GLASS = {
  who: { jobFunctions: ["dba"], onCall: ["orders"] },
  roles: ["orders-admin"],
  environments: ["production"],
  maxDuration: "PT1H",
  reason: { minLength: 20 },
  review: REVIEW,
};
const ALLOWED = "breakGlass until 2026-11-24T10:45:00.000Z";

interface Given {
  readonly now?: string;
  readonly glass?: Readonly<Record<string, unknown>> | null;
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly context?: Partial<DecisionContext>;
}

function asked({ now = NOW, glass = {}, policy = {}, spec = {}, context = {} }: Given = {}) {
  const breakGlass = glass === null ? {} : { breakGlass: { ...GLASS, ...glass } };
  return ask({
    now,
    policy: aPolicy({}, { ...breakGlass, ...policy }),
    directory: TEAM,
    spec: { breakGlass: true, ...spec },
    context,
  });
}

const judged = (given?: Given) => outcome(asked(given));

describe("break-glass", () => {
  it("when `breakGlass` allows, then it does alone, whatever the allow rules say", () => {
    assert.equal(judged(), ALLOWED);
    const none = aRule({
      who: { people: ["olga@example.com"] },
      ticket: { matches: "^CHG" },
      approvals: { from: "everyone", count: 9 },
    });
    assert.equal(judged({ policy: { rules: [none] } }), ALLOWED);
    assert.equal(judged({ glass: { reason: { minLength: 90 } } }), "breakGlass: reason-insufficient");
    assert.deepEqual(asked().approvals, { required: [], given: [], missing: [] });
  });

  it("when a request isn't one, then `breakGlass` is nothing to it", () => {
    assert.equal(judged({ spec: { breakGlass: false } }), "dba until 2026-11-24T10:45:00.000Z");
    const olga = { requester: "olga@example.com", breakGlass: false };
    assert.equal(judged({ spec: olga }), "null: not-eligible");
  });

  it("when the policy has none, then no rule speaks", () => {
    const decision = asked({ glass: null });
    assert.equal(decision.rule, null);
    assert.deepEqual(messages(decision), [
      "break-glass-not-allowed: `alice-orders` is a break-glass request, and the policy has no `breakGlass`; ask without it",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual([observed, limit, path, rule], ["true", null, "spec.breakGlass", null]);
  });

  it("when person, role or environment are out of reach, then each is said", () => {
    const decision = asked({
      glass: { who: { people: ["bob@example.com"] }, roles: ["ledger-auditor"], environments: ["staging"] },
    });
    assert.equal(decision.rule, "breakGlass");
    const fix = "`breakGlass` of the policy doesn't name; ask without it";
    assert.deepEqual(messages(decision), [
      `break-glass-not-allowed: \`alice-orders\` is a break-glass request and comes from \`alice@example.com\`, whom ${fix}`,
      `break-glass-not-allowed: \`alice-orders\` is a break-glass request and is for role \`orders-admin\`, which ${fix}`,
      `break-glass-not-allowed: \`alice-orders\` is a break-glass request and is for environment \`production\`, which ${fix}`,
    ]);
    assert.deepEqual(
      decision.violations.map(({ path, observed, limit, rule }) => [path, observed, limit, rule]),
      [
        ["spec.requester", "alice@example.com", null, "breakGlass"],
        ["spec.role", "orders-admin", null, "breakGlass"],
        ["spec.environment", "production", null, "breakGlass"],
      ],
    );
    assert.equal(judged({ glass: { who: "everyone", roles: "*", environments: "*" } }), ALLOWED);
  });

  it("when somebody is on call now, then they may, to the millisecond", () => {
    const spec = { requester: "olga@example.com" };
    assert.equal(judged({ spec, now: "2026-11-24T09:30:00Z" }), "breakGlass until 2026-11-24T10:15:00.000Z");
    assert.equal(judged({ spec, now: "2026-11-24T10:29:59.999Z" }), "breakGlass until 2026-11-24T11:14:59.999Z");
    assert.equal(judged({ spec, now: "2026-11-24T10:30:00Z" }), "breakGlass: break-glass-not-allowed");
  });

  it("when it names no duration, then it gets the effective maxDuration; more is refused, and there is no least", () => {
    const capped = { environments: { production: { maxDuration: "PT40M" }, staging: {} } };
    assert.equal(judged({ spec: { duration: undefined } }), "breakGlass until 2026-11-24T11:00:00.000Z");
    assert.equal(
      judged({ spec: { duration: undefined }, policy: capped }),
      "breakGlass until 2026-11-24T10:40:00.000Z",
    );
    assert.equal(judged({ spec: { duration: "PT1H" } }), "breakGlass until 2026-11-24T11:00:00.000Z");
    assert.equal(judged({ spec: { duration: "PT0.001S" } }), "breakGlass until 2026-11-24T10:00:00.001Z");
    const decision = asked({ spec: { duration: "PT1H0.001S" } });
    assert.deepEqual(messages(decision), [
      "duration-too-long: `alice-orders` asks for 1 h 1 ms, `breakGlass` allows 1 h; set `duration` to PT1H or less",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual([observed, limit, path, rule], ["PT1H0.001S", "PT1H", "spec.duration", "breakGlass"]);
    assert.deepEqual(messages(asked({ policy: capped })), [
      "duration-too-long: `alice-orders` asks for 45 min, `breakGlass` allows 40 min in `production`; set `duration` to PT40M or less",
    ]);
  });

  it("when the reason is not as it must be, then it says so", () => {
    const glass = { reason: { minLength: 40, matches: "^SEV" } };
    assert.deepEqual(messages(asked({ glass })), [
      "reason-insufficient: the reason of `alice-orders` has 39 characters, `breakGlass` wants 40 or more; say more about what the access is for",
      "reason-insufficient: the reason of `alice-orders` is `Rebuild the orders index after INC-4711`, `breakGlass` wants one that matches `^SEV`; write `reason` like that",
    ]);
    assert.equal(judged({ glass: { reason: { minLength: 39 } } }), ALLOWED);
    assert.equal(judged({ glass: { reason: undefined }, spec: { reason: "x" } }), ALLOWED);
    assert.deepEqual(messages(asked({ spec: { reason: "x" } })), [
      "reason-insufficient: the reason of `alice-orders` has 1 character, `breakGlass` wants 20 or more; say more about what the access is for",
    ]);
  });

  describe("deny rules", () => {
    const deny = (rule: Readonly<Record<string, unknown>>) => ({
      policy: {
        rules: [aRule(), { id: "freeze", effect: "deny", who: "everyone", roles: "*", environments: "*", ...rule }],
      },
    });
    const evening = { during: { from: "2026-11-24T10:20:00Z", to: "2026-11-24T20:00:00Z" } };

    it("when they are marked, then it passes them, and they don't cut it", () => {
      assert.equal(judged(deny({ breakGlass: true })), ALLOWED);
      assert.equal(judged(deny({ breakGlass: true, ...evening })), ALLOWED);
    });

    it("when they aren't, then they deny and cut it", () => {
      assert.equal(judged(deny({ breakGlass: false })), "breakGlass: denied");
      assert.equal(judged(deny({})), "breakGlass: denied");
      assert.equal(judged(deny(evening)), "breakGlass until 2026-11-24T10:20:00.000Z");
      assert.deepEqual(messages(asked({ now: "2026-11-24T10:20:00Z", ...deny(evening) })), [
        "denied: `alice-orders` asks for `orders-admin` in `production` at 2026-11-24T10:20:00.000Z, which rule `freeze` denies until 2026-11-24T20:00:00.000Z; write a new request when it is 2026-11-24T20:00:00.000Z",
      ]);
    });

    it("when another request meets a marked one, then it is denied", () => {
      assert.equal(judged({ ...deny({ breakGlass: true }), spec: { breakGlass: false } }), "dba: denied");
    });
  });

  describe("reviews", () => {
    const unreviewed = (n: number, grant: Partial<EndedGrant> = {}): EndedGrant =>
      anEnded({ request: digestOf(`glass ${n}`), rule: "breakGlass", breakGlass: true, ...grant });
    const live = (n: number, grant: Partial<LiveGrant> = {}): LiveGrant =>
      aLive({ request: digestOf(`live glass ${n}`), rule: "breakGlass", breakGlass: true, ...grant });
    // Activated at 08:00 of the 24th, so due at 08:00 of the 25th.
    const due = "2026-11-25T08:00:00Z";
    const spec = { requestedAt: "2026-11-25T07:00:00Z" };

    it("when one waits for its review, then it may until the review is due, and says which", () => {
      const context = { history: [unreviewed(1)] };
      assert.equal(judged({ context, spec, now: later(due, -1) }), "breakGlass until 2026-11-25T08:44:59.999Z");
      const decision = asked({ context, spec, now: due });
      assert.deepEqual(messages(decision), [
        "break-glass-review-overdue: `alice-orders` is a break-glass request, and an earlier one of `alice@example.com` had to be reviewed by 2026-11-25T08:00:00.000Z; have it reviewed first",
      ]);
      const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
      assert.deepEqual(
        [observed, limit, path, rule],
        ["2026-11-25T08:00:00.000Z", "2026-11-25T08:00:00.000Z", "spec.breakGlass", "breakGlass"],
      );
    });

    it("when a live one's review is overdue, then it counts as an ended one's", () => {
      assert.equal(judged({ context: { live: [live(1)] }, spec, now: due }), "breakGlass: break-glass-review-overdue");
    });

    it("when it was reviewed, however late, then it is forgotten", () => {
      const reviewed = { reviewedAt: at(due) + 1 };
      const context = { history: [unreviewed(1, reviewed), unreviewed(2, reviewed)], live: [live(3, reviewed)] };
      assert.equal(judged({ context, spec, now: later(due, 60_000) }), "breakGlass until 2026-11-25T08:46:00.000Z");
    });

    it("when two wait for their review, live or ended, then there is no third, and it says so", () => {
      assert.equal(judged({ context: { history: [unreviewed(1)] } }), ALLOWED);
      const message =
        "break-glass-review-overdue: `alice-orders` is a break-glass request, and 2 earlier ones of `alice@example.com` are not reviewed, the policy allows fewer than 2; have one reviewed first";
      const decision = asked({ context: { history: [unreviewed(1)], live: [live(2)] } });
      assert.deepEqual(messages(decision), [message]);
      const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
      assert.deepEqual([observed, limit, path, rule], ["2", "2", "spec.breakGlass", "breakGlass"]);
      assert.deepEqual(messages(asked({ context: { history: [unreviewed(1), unreviewed(2)] } })), [message]);
    });

    it("when the policy says how many, then so many", () => {
      const context = { history: [unreviewed(1)] };
      assert.deepEqual(messages(asked({ glass: { unreviewed: 1 }, context })), [
        "break-glass-review-overdue: `alice-orders` is a break-glass request, and 1 earlier one of `alice@example.com` is not reviewed, the policy allows fewer than 1; have one reviewed first",
      ]);
      assert.equal(judged({ glass: { unreviewed: 3 }, context: { history: [unreviewed(1), unreviewed(2)] } }), ALLOWED);
    });

    it("when one is overdue and there are too many, then it is one thing that is wrong", () => {
      const context = { history: [unreviewed(1), unreviewed(2)] };
      assert.equal(judged({ context, spec, now: due }), "breakGlass: break-glass-review-overdue");
    });

    it("when they are other people's, or no break-glass grants, then they mean nothing", () => {
      const bob = { requester: "bob@example.com" };
      const history = [unreviewed(1, bob), unreviewed(2, bob), anEnded(), anEnded({ breakGlass: false })];
      assert.equal(judged({ context: { history }, spec, now: due }), "breakGlass until 2026-11-25T08:45:00.000Z");
    });

    it("when the request is no break-glass one, then reviews are nothing to it", () => {
      const context = { history: [unreviewed(1), unreviewed(2)] };
      assert.equal(judged({ context, spec: { breakGlass: false } }), "dba until 2026-11-24T10:45:00.000Z");
    });
  });

  it("when the person has no login there, then that is said too", () => {
    assert.equal(
      judged({ spec: { requester: "lea@example.com" } }),
      "breakGlass: break-glass-not-allowed, no-identity",
    );
  });

  it("when somebody else asked, then no rule's onBehalf helps: it is not judged by rules", () => {
    const proof = { by: "tess@example.com", how: "signature" } as const;
    const rules = [aRule({ onBehalf: { jobFunctions: ["team-lead"] } })];
    const policy = { rules, requests: { proof: "signature" } };
    assert.equal(judged({ policy, context: { proof } }), "null: request-unproven");
    assert.equal(judged({ policy, context: { proof: { by: "alice@example.com", how: "signature" } } }), ALLOWED);
    assert.equal(
      judged({ policy, spec: { breakGlass: false }, context: { proof } }),
      "dba until 2026-11-24T10:45:00.000Z",
    );
  });
});
