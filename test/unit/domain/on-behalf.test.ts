// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { DecisionContext, Proof } from "@elevation/domain";
import { aPolicy, aRule, ask, messages, outcome, TEAM } from "./documents";

const NOW = "2026-11-24T10:00:00Z";
const ALLOWED = "dba until 2026-11-24T10:45:00.000Z";
const UNPROVEN = "null: request-unproven";
const ALICE = "alice@example.com";
const TESS = "tess@example.com";
const LEADS = { onBehalf: { jobFunctions: ["team-lead"] } };

interface Given {
  readonly now?: string;
  readonly wants?: string;
  readonly rules?: readonly Readonly<Record<string, unknown>>[];
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly context?: Partial<DecisionContext>;
}

function asked(
  proof: Proof | null,
  { now = NOW, wants = "signature", rules = [aRule()], spec = {}, context = {} }: Given = {},
) {
  const requests = wants === "absent" ? {} : { requests: { proof: wants } };
  const policy = JSON.stringify({ ...JSON.parse(aPolicy({}, { rules })), requests: undefined, ...requests });
  return ask({ now, policy, directory: TEAM, spec, context: { proof, ...context } });
}

const judged = (...given: Parameters<typeof asked>) => outcome(asked(...given));
const signed = (by: string): Proof => ({ by, how: "signature" });
const authored = (by: string): Proof => ({ by, how: "author" });

describe("who asks", () => {
  describe("what the policy wants", () => {
    const rows: readonly (readonly [string, Proof | null, boolean])[] = [
      ["signature", signed(ALICE), true],
      ["signature", authored(ALICE), false],
      ["signature", null, false],
      ["absent", signed(ALICE), true],
      ["absent", authored(ALICE), false],
      ["absent", null, false],
      ["author", signed(ALICE), true],
      ["author", authored(ALICE), true],
      ["author", null, false],
      ["none", null, true],
      ["none", signed(TESS), true],
    ];
    for (const [wants, proof, isProven] of rows) {
      const how = proof === null ? "nobody is proven" : `the proof is of ${proof.by} by ${proof.how}`;
      it(`when \`requests.proof\` is ${wants} and ${how}, then it is ${isProven ? "judged" : "unproven"}`, () => {
        assert.equal(judged(proof, { wants }), isProven ? ALLOWED : UNPROVEN);
      });
    }
  });

  it("when it isn't proven, then it says what is wanted", () => {
    assert.deepEqual(messages(asked(null)), [
      "request-unproven: `alice-orders` is not proven to come from `alice@example.com`, the policy wants the requester's signature; sign it as `alice@example.com`",
    ]);
    assert.deepEqual(messages(asked(null, { wants: "author" })), [
      "request-unproven: `alice-orders` is not proven to come from `alice@example.com`, the policy wants the requester to be the author of the change; let `alice@example.com` propose it, or sign it",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = asked(authored(ALICE)).violations;
    assert.deepEqual([observed, limit, path, rule], ["author", "signature", "signature", null]);
  });

  it("when somebody else is proven, then it is unproven unless a rule that could allow it lets them ask, and says so", () => {
    const decision = asked(signed(TESS));
    assert.deepEqual(messages(decision), [
      "request-unproven: `alice-orders` comes from `tess@example.com`, whom no rule lets ask for `alice@example.com` here; let `alice@example.com` ask",
    ]);
    const [{ observed, limit, path, rule } = assert.fail()] = decision.violations;
    assert.deepEqual([observed, limit, path, rule], [TESS, ALICE, "spec.requester", null]);
    assert.equal(judged(signed(TESS), { rules: [aRule(LEADS)] }), ALLOWED);
    assert.equal(judged(authored(TESS), { wants: "author", rules: [aRule(LEADS)] }), ALLOWED);
    assert.equal(judged(authored(TESS), { rules: [aRule(LEADS)] }), UNPROVEN);
    assert.equal(judged(signed("sam@example.com"), { rules: [aRule(LEADS)] }), UNPROVEN);
    assert.equal(judged(signed("zoe@example.com"), { rules: [aRule({ onBehalf: "everyone" })] }), UNPROVEN);
  });

  it("when the rule that lets them ask is of another role, environment or person, then it is unproven", () => {
    const other = (rule: Readonly<Record<string, unknown>>) =>
      judged(signed(TESS), { rules: [aRule(), aRule({ id: "other", ...LEADS, ...rule })] });
    assert.equal(other({}), "other until 2026-11-24T10:45:00.000Z");
    assert.equal(other({ roles: ["ledger-auditor"] }), UNPROVEN);
    assert.equal(other({ environments: ["staging"] }), UNPROVEN);
    assert.equal(other({ who: { people: ["bob@example.com"] } }), UNPROVEN);
  });

  it("when only some rules let them ask, then only those are candidates", () => {
    const rules = [aRule(), aRule({ id: "leads", ...LEADS, duration: { max: "PT30M" } })];
    assert.equal(judged(signed(TESS), { rules }), "leads: duration-too-long");
    assert.equal(judged(signed(ALICE), { rules }), ALLOWED);
  });

  it("when whoever asks is on call, then at the activation, to the millisecond", () => {
    const rules = [aRule({ onBehalf: { onCall: ["orders"] } })];
    const proof = signed("olga@example.com");
    assert.equal(judged(proof, { rules, now: "2026-11-24T09:30:00Z" }), "dba until 2026-11-24T10:15:00.000Z");
    assert.equal(judged(proof, { rules, now: "2026-11-24T09:29:59.999Z" }), UNPROVEN);
    assert.equal(judged(proof, { rules, now: "2026-11-24T10:29:59.999Z" }), "dba until 2026-11-24T11:14:59.999Z");
    assert.equal(judged(proof, { rules, now: "2026-11-24T10:30:00Z" }), UNPROVEN);
  });
});
