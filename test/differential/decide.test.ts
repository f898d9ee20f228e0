// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readJudge, readRequest } from "@elevation/domain";
import fc from "fast-check";
import { world } from "../property/arbitraries";
import { answerOf } from "./answer";
import { oracle } from "./oracle";
import { contextOf, type World } from "./world";

/** Cases in which the two once differed, shrunk. */
const VECTORS = join(__dirname, "..", "..", "differential", "vectors");
const RUNS = Number(process.env["PROPERTY_RUNS"] ?? 3000);

describe("decide() beside a naive oracle", () => {
  for (const file of readdirSync(VECTORS)) {
    it(`when the case is ${file}, then both say the same`, () => {
      const given = JSON.parse(readFileSync(join(VECTORS, file), "utf8")) as World;
      assert.deepEqual(answerOf(given), oracle(given, contextOf(given)));
    });
  }

  it("when anybody asks for anything at any time, then both say the same", function () {
    this.timeout(RUNS * 20 + 60_000);
    const details = fc.check(
      fc.property(world, (given) => {
        assert.deepEqual(answerOf(given), oracle(given, contextOf(given)));
      }),
      { numRuns: RUNS },
    );
    if (details.failed) {
      const [smallest] = details.counterexample ?? [];
      // With a seed that was fixed for all tests (test/support/fixed-seed.ts) it comes again by itself.
      if (smallest !== undefined && fc.readConfigureGlobal().seed === undefined) {
        mkdirSync(VECTORS, { recursive: true });
        writeFileSync(join(VECTORS, `seed-${details.seed}.json`), `${JSON.stringify(smallest, null, 2)}\n`);
      }
      throw new Error(`${fc.defaultReportMessage(details)}\n(the case is in test/differential/vectors/)`, {
        cause: details.errorInstance,
      });
    }
  });

  // A generator that never reaches a branch proves nothing about it. Always the same cases: what they reach is no matter of luck.
  it("when thousands of cases are made, then each answer, each violation and each edge is among them", function () {
    this.timeout(60_000);
    const seen = new Map<string, number>();
    const note = (key: string) => void seen.set(key, (seen.get(key) ?? 0) + 1);
    let cases = 0;
    fc.assert(
      fc.property(world, (given) => {
        if (cases++ < 1000) requireGood(given);
        const { outcome, violations } = oracle(given, contextOf(given), note);
        for (const key of new Set([outcome, ...violations.map((violation) => violation.replace(/ .*/, ""))])) note(key);
      }),
      { numRuns: 12_000, seed: 1 },
    );
    const rare = [
      ...[...OUTCOMES, ...VIOLATIONS].map((key) => [key, 20] as const),
      ...QUESTIONS.flatMap((key) => [`${key}: true`, `${key}: false`].map((answer) => [answer, 3] as const)),
      ...EDGES.flatMap((key) => ["before", "exactly", "after"].map((side) => [`${key}: ${side}`, 3] as const)),
      ...INSTANTS.flatMap((key) => ["before", "after"].map((side) => [`${key}: one millisecond ${side}`, 1] as const)),
    ].filter(([key, least]) => (seen.get(key) ?? 0) < least);
    assert.deepEqual(
      rare.map(([key, least]) => `${key}: ${seen.get(key) ?? 0} of ${least}`),
      [],
    );
  });
});

const OUTCOMES = ["allow", "deny"];

/** All of design §5 but `outlives-too-long`: no kind of target that is granted at outlives anything. */
const VIOLATIONS = [
  "request-ended",
  "unknown-requester",
  "unknown-role",
  "unknown-environment",
  "request-not-yet",
  "start-too-late",
  "request-lapsed",
  "request-unproven",
  "denied",
  "break-glass-not-allowed",
  "break-glass-review-overdue",
  "environment-not-allowed",
  "not-eligible",
  "duration-too-short",
  "duration-too-long",
  "outside-hours",
  "reason-insufficient",
  "ticket-required",
  "ticket-invalid",
  "approvals-missing",
  "cooling-down",
  "rejected",
  "limit-exceeded",
  "conflicting-roles",
  "extension-not-allowed",
  "no-identity",
];

/** Questions of yes and no that the oracle asks on its way. */
const QUESTIONS = [
  "ended too",
  "no target there",
  "proof: signature",
  "proof: author",
  "asked for somebody else",
  "rule means somebody",
  "onBehalf means somebody",
  "breakGlass means somebody",
  "approvals.from means somebody",
  "reject means somebody",
  "deny rule",
  "hours of a deny rule",
  "break-glass passes",
  "breakGlass is in the policy",
  "allows, not the first",
  "speaks, not the first",
  "speaks with one id twice",
  "clamp",
  "hours",
  "extension begins in hours",
  "approvals",
  "different people",
  "by the requester",
  "by who asked",
  "means today's role",
  "imported",
  "both at once",
  "cut by hours",
  "cut by a deny rule",
  "heldPer is judged",
  "conflict",
  "extends no break-glass",
  "extends one's own",
  "extends the role",
  "extends in its environment",
  "rule has extensions",
];

/** What is compared, with cases on both sides and on the edge. */
const INSTANTS = [
  "requestedAt",
  "activateBy",
  "during begins",
  "during ends",
  "on call from",
  "on call to",
  "approvalsValidFor",
  "said before it was asked",
  "said later",
  "cooldown",
  "review.within",
  "extended ends",
];
const EDGES = [
  ...INSTANTS,
  "startWithin",
  "min",
  "max",
  "break-glass max",
  "minLength",
  "upTo",
  "unreviewed",
  "perPerson.live",
  "perRole.live",
  "heldPer",
  "extensions.max",
  "extensions.upTo",
];

function requireGood({ policy, directory, request }: World): void {
  const source = (file: string, value: unknown) => ({ file, text: JSON.stringify(value) });
  const judge = readJudge(source("p.json", policy), source("d.json", directory), "study");
  assert.deepEqual(
    [judge.policy.value, judge.directory.value, readRequest(source("r.json", request)).value],
    [policy, directory, request],
  );
}
