// SPDX-License-Identifier: Apache-2.0
import type { Approval, EndedGrant, LiveGrant, Policy } from "@elevation/domain";
import fc from "fast-check";
import { type World, world } from "./small-worlds";

// The worlds of arbitraries.ts with the rest of the policy language: approvals, cooldowns, limits, conflicts, break-glass.

const MINUTE = 60_000;
const PEOPLE = ["ann@example.com", "ben@example.com", "cat@example.com"];
const DURATIONS = ["PT1M", "PT15M", "PT30M", "PT1H", "PT2H"];

const maybe = <T>(value: fc.Arbitrary<T>, freq = 2) => fc.option(value, { nil: undefined, freq });
const some = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 });
const duration = fc.constantFrom(...DURATIONS);
const who = fc.oneof(
  fc.constant("everyone" as const),
  some(["dba", "sre", "lead"]).map((jobFunctions) => ({ jobFunctions })),
  some(PEOPLE).map((people) => ({ people })),
  some(["primary", "backup"]).map((onCall) => ({ onCall })),
);
const leaf = fc.record({ from: who, count: fc.constantFrom(1, 1, 1, 2) });
const demand = fc.oneof(
  { weight: 3, arbitrary: leaf },
  { weight: 1, arbitrary: fc.array(leaf, { minLength: 1, maxLength: 2 }).map((all) => ({ all })) },
  { weight: 1, arbitrary: fc.array(leaf, { minLength: 1, maxLength: 2 }).map((any) => ({ any })) },
);
const extras = fc.record({
  cooldown: maybe(duration),
  approvals: maybe(demand),
  approvalsValidFor: maybe(duration),
  extensions: maybe(fc.record({ max: fc.constantFrom(1, 2), upTo: duration })),
  onBehalf: maybe(who),
});
const settings = fc.record({
  limits: maybe(
    fc.record({
      perPerson: maybe(
        fc.record({
          live: maybe(fc.constantFrom(1, 2)),
          heldPer: maybe(fc.record({ window: fc.constantFrom("PT4H", "P1D"), max: fc.constantFrom("PT30M", "PT2H") })),
        }),
      ),
      perRole: maybe(fc.record({ reader: fc.record({ live: fc.constantFrom(1, 2) }) })),
    }),
  ),
  conflicts: maybe(fc.constant([["reader", "writer"]])),
  breakGlass: maybe(
    fc.record({
      who,
      roles: fc.constantFrom("*" as const, ["reader"]),
      environments: fc.constantFrom("*" as const, ["production"]),
      maxDuration: duration,
      reason: maybe(fc.record({ minLength: fc.constantFrom(1, 5, 30) })),
      review: fc.record({ from: who, within: duration }),
      unreviewed: maybe(fc.constantFrom(1, 2)),
    }),
  ),
  proof: fc.constantFrom("none", "none", "signature", "author"),
});

/** A policy with some of everything added to it. */
export function enriched(policy: Policy): fc.Arbitrary<Policy> {
  return fc
    .tuple(
      settings,
      fc.array(extras, { minLength: policy.rules.length, maxLength: policy.rules.length }),
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    )
    .map(([{ proof, ...more }, added, passable]) => {
      const rules = policy.rules.map((rule, index) =>
        rule.effect === "allow" ? { ...rule, ...added[index] } : { ...rule, breakGlass: passable[index] },
      );
      return JSON.parse(JSON.stringify({ ...policy, ...more, rules, requests: { proof } })) as Policy;
    });
}

const grant = (now: number) =>
  fc
    .record({
      requester: fc.constantFrom(...PEOPLE),
      role: fc.constantFrom("reader", "writer"),
      environment: fc.constantFrom("production", "staging"),
      since: fc.integer({ min: 1, max: 600 }),
      length: fc.integer({ min: 1, max: 400 }),
      rule: fc.constantFrom("rule-0", "rule-1", "rule-2", "breakGlass"),
      isReviewed: fc.boolean(),
    })
    .map(({ isReviewed, length, rule, since, ...where }) => {
      const activatedAt = now - since * MINUTE;
      const isEmergency = rule === "breakGlass";
      return {
        ...where,
        rule,
        activatedAt,
        expiresAt: activatedAt + length * MINUTE,
        ...(isEmergency ? { breakGlass: true } : {}),
        ...(isEmergency && isReviewed ? { reviewedAt: now } : {}),
      };
    });

export interface RichWorld extends World {
  readonly live: readonly LiveGrant[];
  readonly history: readonly EndedGrant[];
  readonly approvals: readonly Approval[];
}

/** Who approves, at the instant of the request or shortly after; some reject. */
const verdicts = (from: number, to: number) =>
  fc.array(
    fc.record({
      approver: fc.constantFrom(...PEOPLE, "eve@example.com"),
      verdict: fc.constantFrom("approve" as const, "approve" as const, "approve" as const, "reject" as const),
      at: fc.integer({ min: from, max: Math.max(from, to) }),
    }),
    { maxLength: 4 },
  );

export const richWorld: fc.Arbitrary<RichWorld> = world.chain((given) =>
  fc.record({
    policy: enriched(given.policy),
    directory: fc.constant(given.directory),
    request: fc.constant(given.request),
    now: fc.constant(given.now),
    live: fc.array(grant(given.now), { maxLength: 2 }),
    history: fc.array(
      grant(given.now).map((ended) => ({ ...ended, endedAt: Math.min(ended.expiresAt, given.now) })),
      { maxLength: 2 },
    ),
    approvals: verdicts(Date.parse(given.request.spec.requestedAt), given.now),
  }),
);
