// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type DecisionContext, digestOf, type LiveGrant } from "@elevation/domain";
import { aLive, anEnded, aPolicy, aRule, ask, aVerdict, later, messages, outcome, TEAM } from "./documents";

const NOW = "2026-11-24T10:00:00Z";
const FIRST = digestOf("a live one");
const RULE = { extensions: { max: 2, upTo: "PT1H" } };
/** 45 min from 11:00, when the first one ends. */
const ALLOWED = "dba until 2026-11-24T11:45:00.000Z";
const REFUSED = "dba: extension-not-allowed";

interface Given {
  readonly now?: string;
  readonly first?: Partial<LiveGrant>;
  readonly rule?: Readonly<Record<string, unknown>>;
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly context?: Partial<DecisionContext>;
}

function asked({ now = NOW, first = {}, rule = {}, policy = {}, spec = {}, context = {} }: Given = {}) {
  return ask({
    now,
    policy: aPolicy({ ...RULE, ...rule }, policy),
    directory: TEAM,
    spec: { extends: FIRST, ...spec },
    context: { live: [aLive(first)], ...context },
  });
}

const judged = (given?: Given) => outcome(asked(given));

describe("extensions", () => {
  it("when all conditions hold, then it begins when the other grant ends", () => {
    const decision = asked();
    assert.equal(outcome(decision), ALLOWED);
    assert.equal(decision.activatesAt, "2026-11-24T11:00:00.000Z");
    assert.equal(decision.effectiveEnd, "2026-11-24T11:45:00.000Z");
  });

  it("when the other grant should have ended and is still live, then it begins now", () => {
    const decision = asked({ now: "2026-11-24T11:00:00.001Z", spec: { requestedAt: "2026-11-24T10:30:00Z" } });
    assert.equal(decision.activatesAt, "2026-11-24T11:00:00.001Z");
    assert.equal(outcome(decision), "dba until 2026-11-24T11:45:00.001Z");
  });

  it("when the other grant is no live one of the same person, role and environment, then it is denied and says why", () => {
    const fix = "write a new request without `extends`";
    const none = `extension-not-allowed: \`alice-orders\` prolongs \`${FIRST}\`, which is no live grant; ${fix}`;
    assert.deepEqual(messages(asked({ context: { live: [] } })), [none]);
    assert.deepEqual(messages(asked({ context: { live: [], history: [anEnded({ request: FIRST })] } })), [none]);
    assert.deepEqual(messages(asked({ first: { breakGlass: true } })), [
      `extension-not-allowed: \`alice-orders\` prolongs a break-glass grant, and those are never prolonged; ${fix}`,
    ]);
    for (const other of [
      { requester: "bob@example.com" },
      { role: "ledger-auditor" },
      { environment: "staging" },
    ] satisfies Partial<LiveGrant>[]) {
      const { requester, role, environment } = aLive(other);
      assert.deepEqual(messages(asked({ first: other })), [
        `extension-not-allowed: \`alice-orders\` prolongs the grant of \`${requester}\` to \`${role}\` in \`${environment}\`, and asks for another person, role or environment; ${fix}`,
      ]);
    }
    const [{ observed, limit, path, rule } = assert.fail()] = asked({ context: { live: [] } }).violations;
    assert.deepEqual([observed, limit, path, rule], [FIRST, null, "spec.extends", null]);
  });

  it("when the other grant can't be prolonged, then all else is judged as if it weren't named", () => {
    const first = { breakGlass: true, expiresAt: aLive().expiresAt };
    const hours = { zone: "UTC", days: ["tue"], from: "10:30", to: "12:00" };
    const history = [anEnded()];
    const rule = { hours, cooldown: "PT4H" };
    assert.equal(
      judged({
        first,
        rule,
        policy: { limits: { perPerson: { live: 1 } } },
        context: { live: [aLive(first)], history },
      }),
      "dba: outside-hours, cooling-down, limit-exceeded, extension-not-allowed",
    );
  });

  it("when the rule that speaks has no extensions, then it is denied and says so", () => {
    const decision = asked({ rule: { extensions: undefined } });
    assert.deepEqual(messages(decision), [
      "extension-not-allowed: `alice-orders` prolongs a live grant, rule `dba` allows no extensions; write a new request without `extends` when it has ended",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual([observed, limit, path, rule], [FIRST, "0", "spec.extends", "dba"]);
  });

  it("when no rule speaks, then it is denied and says so", () => {
    const first = { requester: "olga@example.com" };
    assert.deepEqual(messages(asked({ first, spec: first })), [
      "not-eligible: `alice-orders` asks for `orders-admin` in `production`, which no rule gives to `olga@example.com`, rule `dba` only to others; ask whoever keeps the policy",
      "extension-not-allowed: `alice-orders` prolongs a live grant, which no rule allows; write a new request without `extends` when it has ended",
    ]);
  });

  it("when another rule allowed the first grant, then the one that allows this decides; step 6 doesn't reopen the choice", () => {
    assert.equal(judged({ first: { rule: "gone" } }), ALLOWED);
    const rules = [aRule(), aRule({ id: "extending", ...RULE })];
    assert.equal(judged({ policy: { rules } }), REFUSED);
    assert.equal(judged({ policy: { rules: [...rules].reverse() } }), "extending until 2026-11-24T11:45:00.000Z");
  });

  it("when the chain has fewer extensions than the rule allows, then it is allowed; at the most it is not, and says so", () => {
    assert.equal(judged({ first: { extensions: 1 } }), ALLOWED);
    assert.equal(judged({ first: { extensions: 3 } }), REFUSED);
    const decision = asked({ first: { extensions: 2 } });
    assert.deepEqual(messages(decision), [
      "extension-not-allowed: `alice-orders` would be extension 3 in a row, rule `dba` allows 2; write a new request without `extends` when the grant has ended",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual([observed, limit, path, rule], ["3", "2", "spec.extends", "dba"]);
    assert.equal(judged({ rule: { extensions: { max: 1, upTo: "PT1H" } }, first: { extensions: 0 } }), ALLOWED);
  });

  it("when the duration is `upTo`, then it is allowed; a millisecond more is not, and says so", () => {
    assert.equal(judged({ spec: { duration: "PT1H" } }), "dba until 2026-11-24T12:00:00.000Z");
    assert.equal(judged({ spec: { duration: "PT1H0.001S" } }), REFUSED);
    const decision = asked({ spec: { duration: "PT90M" } });
    assert.deepEqual(messages(decision), [
      "extension-not-allowed: `alice-orders` prolongs a grant by 1 h 30 min, rule `dba` allows 1 h; set `duration` to PT1H or less",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual([observed, limit, path, rule], ["PT1H30M", "PT1H", "spec.duration", "dba"]);
  });

  it("when the rule clamps, then what is left counts; when closing time cuts, then what was asked", () => {
    const clamp = { duration: { max: "PT1H", clamp: true } };
    assert.equal(judged({ rule: clamp, spec: { duration: "PT5H" } }), "dba until 2026-11-24T12:00:00.000Z");
    const hours = { zone: "UTC", days: ["tue"], from: "09:00", to: "11:30", mode: "hold" };
    assert.equal(judged({ rule: { hours } }), "dba until 2026-11-24T11:30:00.000Z");
    assert.equal(judged({ rule: { hours }, spec: { duration: "PT90M" } }), REFUSED);
  });

  it("when several conditions fail, then each is said", () => {
    assert.equal(
      judged({ first: { extensions: 2 }, spec: { duration: "PT2H" } }),
      "dba: extension-not-allowed, extension-not-allowed",
    );
  });

  describe("the allow rule's hours", () => {
    const hours = (from: string, to: string, mode = "activate") => ({
      rule: { hours: { zone: "UTC", days: ["tue"], from, to, mode } },
    });

    it("when they are open now and closed at `t`, then it may, unless they hold", () => {
      assert.equal(judged(hours("09:00", "11:00")), ALLOWED);
      const decision = asked(hours("09:00", "11:00", "hold"));
      assert.deepEqual(messages(decision), [
        "outside-hours: `alice-orders` would start at 2026-11-24T11:00:00.000Z (Tue 11:00 UTC), rule `dba` allows tue 09:00 to 11:00 UTC; write a new request when it is 2026-12-01T09:00:00.000Z (Tue 09:00 UTC)",
      ]);
      assert.equal(judged(hours("09:00", "11:01", "hold")), "dba until 2026-11-24T11:01:00.000Z");
    });

    it("when they are closed now and open at `t`, then it may not, and says so", () => {
      for (const mode of ["activate", "hold"]) {
        assert.deepEqual(messages(asked(hours("10:01", "12:00", mode))), [
          "outside-hours: `alice-orders` is asked to go on at 2026-11-24T10:00:00.000Z (Tue 10:00 UTC), rule `dba` allows tue 10:01 to 12:00 UTC; write a new request when it is 2026-11-24T10:01:00.000Z (Tue 10:01 UTC)",
        ]);
        assert.equal(judged(hours("10:00", "12:00", mode)), ALLOWED);
      }
    });
  });

  it("when a deny rule matches at `t`, then it is denied, wherever now lies; one that matches later cuts", () => {
    const denied = (from: string, to: string) => {
      const times = { hours: { zone: "UTC", days: ["tue"], from, to } };
      const deny = { id: "freeze", effect: "deny", who: "everyone", roles: "*", environments: "*", ...times };
      return judged({ policy: { rules: [aRule(RULE), deny] } });
    };
    assert.equal(denied("09:00", "11:00"), ALLOWED);
    assert.equal(denied("09:00", "11:01"), "dba: denied");
    assert.equal(denied("11:00", "12:00"), "dba: denied");
    assert.equal(denied("11:20", "12:00"), "dba until 2026-11-24T11:20:00.000Z");
  });

  it("when somebody is on call at `t`, then rules for those on call match, whoever was on call now", () => {
    const rule = { who: { onCall: ["orders"] } };
    const olga = { requester: "olga@example.com" };
    const onCall = (expiresAt: string) => {
      const first = { ...olga, expiresAt: Date.parse(expiresAt) };
      return judged({ rule, first, spec: olga });
    };
    assert.equal(onCall("2026-11-24T10:29:59.999Z"), "dba until 2026-11-24T11:14:59.999Z");
    assert.equal(onCall("2026-11-24T10:30:00Z"), "null: not-eligible, extension-not-allowed");
  });

  it("when it needs approvals, then they are judged now: what was given since the request, and still counts", () => {
    const rule = { approvals: { from: { jobFunctions: ["dba-lead"] }, count: 1 }, approvalsValidFor: "PT1H" };
    assert.equal(judged({ rule, context: { live: [aLive()], approvals: [aVerdict("lea")] } }), ALLOWED);
    const now = later("2026-11-24T10:30:00Z", 0);
    assert.equal(
      judged({ rule, now, context: { live: [aLive()], approvals: [aVerdict("lea")] } }),
      "dba: approvals-missing",
    );
  });

  it("when the rule cools down, then an extension doesn't wait", () => {
    const context = { live: [aLive()], history: [anEnded()] };
    assert.equal(judged({ rule: { cooldown: "P1D" }, context }), ALLOWED);
  });

  it("when live grants are limited, then the one that it prolongs doesn't count; all others do", () => {
    const limits = { perPerson: { live: 1 }, perRole: { "orders-admin": { live: 1 } } };
    assert.equal(judged({ policy: { limits } }), ALLOWED);
    const other = aLive({ request: digestOf("another") });
    assert.equal(
      judged({ policy: { limits }, context: { live: [other, aLive()] } }),
      "dba: limit-exceeded, limit-exceeded",
    );
    assert.deepEqual(messages(asked({ policy: { limits }, context: { live: [other, aLive()] } })), [
      "limit-exceeded: `alice-orders` would be live grant 2 of `alice@example.com`, the policy allows a person 1; end one, or wait until 2026-11-24T11:00:00.000Z",
      "limit-exceeded: `alice-orders` would be live grant 2 of `orders-admin` in `production`, the policy allows 1; end one, or wait until 2026-11-24T11:00:00.000Z",
    ]);
  });

  it("when time held is limited, then both count", () => {
    const held = (max: string) => judged({ policy: { limits: { perPerson: { heldPer: { window: "P1D", max } } } } });
    assert.equal(held("PT3H45M"), ALLOWED);
    assert.equal(held("PT3H44M59.999S"), "dba: limit-exceeded");
  });

  it("when the request has lapsed or is yet to come, then by its own times, not by `t`", () => {
    assert.equal(judged({ spec: { activateBy: "2026-11-24T10:00:00.001Z" } }), ALLOWED);
    assert.equal(judged({ spec: { activateBy: NOW } }), "null: request-lapsed");
    assert.equal(
      judged({ first: { expiresAt: Date.parse("2026-12-24T00:00:00Z") } }),
      "dba until 2026-12-24T00:45:00.000Z",
    );
  });

  it("when it is live itself, then it stays as it was recorded, although what it prolongs has ended", () => {
    const request = asked().requestDigest;
    const live = [
      aLive({
        request,
        activatedAt: Date.parse("2026-11-24T11:00:00Z"),
        expiresAt: Date.parse("2026-11-24T11:45:00Z"),
      }),
    ];
    const decision = asked({ context: { live } });
    assert.deepEqual([outcome(decision), decision.activatesAt], [ALLOWED, "2026-11-24T11:00:00.000Z"]);
  });
});
