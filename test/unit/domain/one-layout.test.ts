// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import { readJudge } from "@elevation/domain";
import { compileDirectory } from "@elevation/domain/dist/compiled-directory";
import { compilePolicy } from "@elevation/domain/dist/compiled-policy";

const ENVIRONMENTS = { production: {}, staging: {} };
const HOURS = { zone: "UTC", days: ["mon"], from: "08:00", to: "18:00" };
const TIMES = { from: "2026-12-20T00:00:00Z", to: "2027-01-02T00:00:00Z" };
const ALLOW = { effect: "allow", roles: ["admin"], duration: { max: "PT1H" } };
const DENY = { effect: "deny", roles: "*" };

/** Rules with and without what a rule may have, so many that the code that makes them is compiled meanwhile. */
const RULES = Array.from({ length: 100 }, () => [
  { ...ALLOW, who: { jobFunctions: ["dba"] }, environments: "*" },
  { ...ALLOW, who: "everyone", environments: ["staging"], hours: HOURS, reason: { minLength: 20, matches: "INC" } },
  {
    ...{ ...ALLOW, who: { people: ["a@example.com"] }, environments: "*", ticket: { matches: "^INC-" } },
    ...{ cooldown: "PT1H", approvals: { from: "everyone", count: 1 }, extensions: { max: 1, upTo: "PT1H" } },
  },
  { ...DENY, who: "everyone", environments: ["production"], during: TIMES },
  { ...DENY, who: { people: ["b@example.com"] }, environments: "*", hours: HOURS, breakGlass: true },
]).flat();

describe("what decide() looks at", () => {
  // How an engine lays objects out is no part of the language, but half of the speed of decisions.
  setFlagsFromString("--allow-natives-syntax");
  const isLaidOutLike = runInThisContext("(one, other) => %HaveSameMap(one, other)") as (
    one: unknown,
    other: unknown,
  ) => boolean;

  it("when rules and people differ in what they have, then all of one kind are laid out alike", () => {
    const policy = {
      ...{ apiVersion: "elevation/v1", kind: "Policy", environments: ENVIRONMENTS, requests: { proof: "none" } },
      roles: { admin: { targets: { production: { kind: "postgres", connection: "orders", role: "admin" } } } },
      rules: RULES.map((rule, at) => ({ id: `rule-${at}`, ...rule })),
    };
    const directory = {
      ...{ apiVersion: "elevation/v1", kind: "Directory", jobFunctions: { dba: {} } },
      people: { "a@example.com": { jobFunctions: ["dba"] }, "b@example.com": { identities: { postgres: "b" } } },
    };
    const judge = readJudge(
      { file: "policy.json", text: JSON.stringify(policy) },
      { file: "directory.json", text: JSON.stringify(directory) },
    );
    const { allows, denies } = compilePolicy(judge.policy.value);
    const people = [...compileDirectory(judge.directory.value).people.values()];
    assert.deepEqual([allows.length, denies.length, people.length], [300, 200, 2]);
    const odd = [allows, denies, people].map((alike) => alike.filter((one) => !isLaidOutLike(one, alike[0])).length);
    assert.deepEqual(odd, [0, 0, 0]);
  });
});
