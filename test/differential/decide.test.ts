// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type Decision, decide, type Policy, type Request, readJudge, targetOf } from "@elevation/domain";
import fc from "fast-check";
import { world } from "../property/arbitraries";
import { duration, oracle } from "./oracle";

describe("decide() beside a naive oracle", () => {
  it("when anybody asks for anything at any time, then both say the same", function () {
    this.timeout(60_000);
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(world, ({ policy, directory, request, now }) => {
        const judge = readJudge(source("p.json", policy), source("d.json", directory));
        const decision = decide(judge.policy.value, judge.directory.value, request, {
          now,
          proof: null,
          approvals: [],
          live: [],
          history: [],
        });
        for (const key of [decision.outcome, ...decision.violations.map(({ id }) => id)]) {
          seen.set(key, (seen.get(key) ?? 0) + 1);
        }
        for (const key of oddities(policy, request, decision)) seen.set(key, (seen.get(key) ?? 0) + 1);
        assert.equal(summary(decision), oracle(policy, directory, request, now));
      }),
      { numRuns: 3000 },
    );
    // A generator that never reaches a branch proves nothing about it.
    for (const id of EXPECTED) assert.ok((seen.get(id) ?? 0) >= 5, `only ${seen.get(id) ?? 0} cases of ${id}`);
    for (const oddity of ODDITIES) assert.ok(seen.has(oddity), `no case of ${oddity}`);
  });
});

const EXPECTED = [
  "allow",
  "deny",
  "unknown-requester",
  "unknown-role",
  "unknown-environment",
  "request-not-yet",
  "start-too-late",
  "request-lapsed",
  "denied",
  "environment-not-allowed",
  "not-eligible",
  "duration-too-short",
  "duration-too-long",
  "outside-hours",
  "reason-insufficient",
  "ticket-required",
  "ticket-invalid",
  "no-identity",
];

const ODDITIES = [
  "min above max, allow",
  "min above max, deny",
  "default above max, allow",
  "default above max, deny",
  "aws, allow",
  "aws, deny",
];

/** What the policy has that is good and looks wrong, where the decision depends on it. */
function oddities(policy: Policy, { spec }: Request, { outcome, rule: id }: Decision): string[] {
  const rule = policy.rules.find((each) => each.id === id);
  if (rule?.effect !== "allow") return [];
  const { min = "PT1M", default: standard = "PT0S", max } = rule.duration;
  return [
    ...(duration(min) > duration(max) ? [`min above max, ${outcome}`] : []),
    ...(spec.duration === undefined && duration(standard) > duration(max) ? [`default above max, ${outcome}`] : []),
    ...(targetOf(policy, { spec } as Request)?.kind === "aws" ? [`aws, ${outcome}`] : []),
  ];
}

function summary({ outcome, rule, expiresAt, violations }: Decision): string {
  if (outcome === "allow") return `allow ${rule} ${expiresAt}`;
  return `deny ${rule} ${violations
    .map(({ id }) => id)
    .sort()
    .join(" ")}`;
}

function source(file: string, value: unknown): { file: string; text: string } {
  return { file, text: JSON.stringify(value) };
}
