// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { environmentsOf, readDirectory, readPolicy } from "@elevation/domain";
import { aPolicy, aRule, ask, at, outcome, TEAM } from "./documents";

const NOW = "2026-11-24T10:00:00Z";
const DIRECTORY = JSON.stringify({
  ...JSON.parse(TEAM),
  onCall: { orders: [{ person: "alice@example.com", from: "2026-11-24T09:30:00Z", to: "2026-11-24T10:30:00Z" }] },
});
/** Each matches Alice in another way. */
const WAYS = [
  { id: "everyone", who: "everyone" },
  { id: "job-function", who: { jobFunctions: ["security", "dba"] } },
  { id: "person", who: { people: ["bob@example.com", "alice@example.com"] } },
  { id: "duty", who: { onCall: ["orders"] } },
];
/** Rules that match others, as many as make it worth while to look rules up. */
const OTHERS = Array.from({ length: 10 }, (_, index) => ({
  id: `other-${index}`,
  who: { jobFunctions: ["team-lead"], people: ["olga@example.com"] },
}));

function judged(rules: readonly Readonly<Record<string, unknown>>[], spec: Readonly<Record<string, unknown>> = {}) {
  const policy = aPolicy({}, { rules: rules.map((rule) => aRule(rule)) });
  return outcome(ask({ now: NOW, policy, directory: DIRECTORY, spec }));
}

describe("a policy of many rules", () => {
  it("when several of them allow, then the first in document order does, however each matches the person", () => {
    for (const first of WAYS) {
      for (const second of WAYS.filter((way) => way !== first)) {
        for (const rules of [
          [first, second, ...OTHERS],
          [...OTHERS, first, second],
          [first, ...OTHERS, second],
          [...OTHERS.slice(5), first, ...OTHERS.slice(0, 5), second],
        ]) {
          assert.equal(judged(rules), `${first.id} until 2026-11-24T10:45:00.000Z`, `${first.id}, ${second.id}`);
        }
      }
    }
  });

  it("when they are few enough to be asked one by one, or one more, then the answer is the same", () => {
    for (const count of [6, 7, 8]) {
      for (const way of WAYS) {
        const rules = [...OTHERS.slice(0, count), way];
        assert.equal(judged(rules), `${way.id} until 2026-11-24T10:45:00.000Z`, `${count} and ${way.id}`);
      }
      assert.equal(judged(OTHERS.slice(0, count)), "null: not-eligible");
    }
  });

  it("when one stands in many and allows only others, then those are allowed by it, and nobody else", () => {
    const rules = [...OTHERS, { id: "person", who: { people: ["bob@example.com"] } }];
    assert.equal(judged(rules), "null: not-eligible");
    assert.equal(judged(rules, { requester: "bob@example.com" }), "person until 2026-11-24T10:45:00.000Z");
    assert.equal(judged(rules, { requester: "olga@example.com" }), "other-0 until 2026-11-24T10:45:00.000Z");
    assert.equal(judged(rules, { requester: "tess@example.com" }), "other-0: no-identity");
  });

  it("when a rule is for everyone, then nobody is that who isn't in the directory, be the rules few or many", () => {
    const { value: directory } = readDirectory({ file: "d.json", text: DIRECTORY });
    for (const others of [[], OTHERS]) {
      const rules = [{ id: "everyone", who: "everyone" }, ...others].map((rule) => aRule(rule));
      const { value: policy } = readPolicy({ file: "p.json", text: aPolicy({}, { rules }) }, "study");
      const where = (person: string) =>
        environmentsOf(policy, directory, { person, role: "orders-admin", at: at(NOW) });
      assert.deepEqual([where("alice@example.com"), where("zoe@example.com")], [["production"], []]);
    }
  });

  it("when deny rules are many, then each that matches is said, in document order", () => {
    const denies = [...OTHERS, ...WAYS, ...OTHERS.map(({ who }, index) => ({ id: `last-${index}`, who }))];
    const rules = denies.map((rule) => ({ ...rule, effect: "deny", roles: "*", environments: "*" }));
    const policy = aPolicy({}, { rules: [aRule({ who: "everyone" }), ...rules] });
    const decision = ask({ now: NOW, policy, directory: DIRECTORY });
    assert.deepEqual(
      decision.violations.map(({ id, rule }) => `${id} ${rule}`),
      WAYS.map(({ id }) => `denied ${id}`),
    );
  });
});
