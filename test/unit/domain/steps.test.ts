// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { digestOf, roleDigestOf, TARGET_KINDS } from "@elevation/domain";
import { aLive, anEnded, aPolicy, aRule, ask, at, aVerdict, messages, outcome, TEAM } from "./documents";

const NOW = "2026-11-24T10:00:00Z";
const ALLOWED = "dba until 2026-11-24T10:45:00.000Z";

describe("the order of the steps", () => {
  const untimely = {
    requestedAt: "2026-11-25T10:00:00Z",
    startAt: "2026-12-25T10:00:00Z",
    activateBy: "2026-11-24T09:00:00Z",
  };
  const rules = [
    aRule({
      hours: { zone: "UTC", days: ["mon"], from: "08:00", to: "09:00" },
      approvals: { from: "everyone", count: 1 },
    }),
    { id: "freeze", effect: "deny", who: "everyone", roles: "*", environments: "*" },
    { id: "stop", effect: "deny", who: { jobFunctions: ["dba"] }, roles: ["orders-admin"], environments: "*" },
  ];
  const policy = {
    rules,
    requests: { proof: "signature" },
    limits: { perPerson: { live: 1 } },
    conflicts: [["orders-admin", "ledger-auditor"]],
  };
  const context = {
    live: [aLive({ role: "ledger-auditor" })],
    approvals: [aVerdict("sam", { verdict: "reject", at: at("2026-11-24T09:30:00Z") })],
  };
  const judged = (spec: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}) =>
    outcome(ask({ now: NOW, policy: aPolicy({}, policy), directory: TEAM, spec, context: { ...context, ...more } }));

  it("when a name is unknown, then its time and proof are not judged", () => {
    assert.equal(judged({ ...untimely, requester: "zoe@example.com" }), "null: unknown-requester");
    assert.equal(
      judged({ ...untimely, requester: "zoe@example.com", role: "x", environment: "x" }),
      "null: unknown-requester, unknown-role, unknown-environment",
    );
  });

  it("when time or proof are wrong, then all of that is said, and no rule is judged", () => {
    assert.equal(judged(untimely), "null: request-not-yet, start-too-late, request-lapsed, request-unproven");
    assert.equal(judged({}), "null: request-unproven");
  });

  it("when rules are judged, then denials, what the rule wants, rejections and the rest are all said, in this order", () => {
    const proof = { by: "alice@example.com", how: "signature" };
    assert.equal(
      judged({ duration: "PT9H", extends: digestOf("none") }, { proof }),
      "dba: denied, denied, duration-too-long, outside-hours, approvals-missing, rejected, limit-exceeded, conflicting-roles, extension-not-allowed",
    );
  });

  it("when a later step refuses, then the rule that had no violations still speaks", () => {
    const free = aRule();
    const extending = aRule({ id: "second", extensions: { max: 1, upTo: "PT1H" } });
    const both = aPolicy({}, { rules: [free, extending], conflicts: policy.conflicts });
    assert.equal(outcome(ask({ now: NOW, policy: both, directory: TEAM, context })), "dba: conflicting-roles");
  });

  it("when the lists come in another order, then the decision is the same", () => {
    const limits = { perPerson: { live: 3, heldPer: { window: "P1D", max: "PT1H" } } };
    const live = [1, 2, 3].map((n) => aLive({ request: digestOf(n), expiresAt: at(NOW) + n * 60_000 }));
    const history = [1, 2, 3].map((n) => anEnded({ request: digestOf(-n), endedAt: at(NOW) - n * 60_000 }));
    const approvals = ["lea", "pat", "sam"].flatMap((who) => [
      aVerdict(who),
      aVerdict(who, { verdict: "reject" }),
      aVerdict(who, { upTo: 60_000 }),
    ]);
    const decided = (turn: <T>(list: readonly T[]) => T[]) =>
      ask({
        now: NOW,
        policy: aPolicy(
          {
            cooldown: "P1D",
            approvals: {
              all: [
                { from: { jobFunctions: ["security"] }, count: 1 },
                { from: "everyone", count: 2 },
              ],
            },
          },
          { limits, conflicts: policy.conflicts },
        ),
        directory: TEAM,
        spec: { role: "orders-admin" },
        context: { live: turn(live), history: turn(history), approvals: turn(approvals) },
      });
    const first = decided((list) => [...list]);
    assert.deepEqual(
      decided((list) => [...list].reverse()),
      first,
    );
    assert.deepEqual(
      decided((list) => Object.freeze([...list].reverse()) as never),
      first,
    );
    assert.ok(first.violations.length >= 6);
  });
});

describe("access that outlives its grant", () => {
  const kinds = TARGET_KINDS as Map<string, { readonly outlives: number }>;
  before(() => kinds.set("slow", { outlives: 3_600_000 }));
  after(() => kinds.delete("slow"));

  const asked = (maxOutlive?: string) => {
    const target = { kind: "slow", connection: "orders", role: "admin" };
    const role = { targets: { production: target }, ...(maxOutlive === undefined ? {} : { maxOutlive }) };
    const directory = JSON.parse(TEAM);
    directory.people["alice@example.com"].identities.slow = "alice";
    return ask({
      now: NOW,
      policy: aPolicy({}, { roles: { "orders-admin": role } }),
      directory: JSON.stringify(directory),
    });
  };

  it("when the target lets it, then the decision says until when", () => {
    const decision = asked();
    assert.deepEqual([outcome(decision), decision.effectiveEnd], [ALLOWED, "2026-11-24T11:45:00.000Z"]);
  });

  it("when the role allows as much, then it is allowed; a millisecond less is refused, and says so", () => {
    assert.equal(outcome(asked("PT1H")), ALLOWED);
    assert.equal(outcome(asked("PT59M59.999S")), "dba: outlives-too-long");
    const decision = asked("PT0S");
    assert.deepEqual(messages(decision), [
      "outlives-too-long: `alice-orders` asks for `orders-admin` in `production`, where access may outlive the grant by 1 h, and the role allows 0 s; ask whoever keeps the policy",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual([observed, limit, path, rule], ["PT1H", "PT0S", "spec.environment", null]);
  });

  it("when the grant is live already, then the decision says so as well", () => {
    const { requestDigest } = asked();
    const target = { kind: "slow", connection: "orders", role: "admin" };
    const policy = aPolicy({}, { roles: { "orders-admin": { maxOutlive: "PT0S", targets: { production: target } } } });
    const decision = ask({ now: NOW, policy, directory: TEAM, context: { live: [aLive({ request: requestDigest })] } });
    assert.deepEqual(
      [outcome(decision), decision.effectiveEnd],
      ["dba until 2026-11-24T11:00:00.000Z", "2026-11-24T12:00:00.000Z"],
    );
  });

  it("when there is no such role or target, then it has no digest", () => {
    const policy = JSON.parse(aPolicy());
    assert.equal(roleDigestOf(policy, "constructor", "production"), null);
    assert.equal(roleDigestOf(policy, "orders-admin", "constructor"), null);
  });
});
