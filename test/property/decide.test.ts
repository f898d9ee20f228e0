// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  type Decision,
  decide,
  parseDuration,
  readDirectory,
  readPolicy,
  readRequest,
  type Source,
} from "@elevation/domain";
import fc from "fast-check";
import { stringify } from "yaml";
import { denies } from "../differential/oracle";
import { matches } from "../differential/terms";
import { contextOf, requestDigest, type World } from "../differential/world";
import { denyRule, world } from "./arbitraries";

const RUNS = { numRuns: 300 };
const MINUTE = 60_000;

function decided(given: World): Decision {
  return decide(given.policy, given.directory, given.request, contextOf(given));
}

/** Whether the request is judged, and not allowed because its grant is live. */
function isNew({ live }: World): boolean {
  return live.every(({ request }) => request !== "this");
}

describe("properties of decide()", function () {
  this.timeout(60_000);

  it("when a request is allowed, then for no longer than its rule and its environment allow, and never before its start", () => {
    fc.assert(
      fc.property(world, (given) => {
        const decision = decided(given);
        fc.pre(isNew(given) && decision.activatesAt !== null && decision.expiresAt !== null);
        const rule = given.policy.rules.find(({ id }) => id === decision.rule);
        const max = rule?.effect === "allow" ? rule.duration.max : given.policy.breakGlass?.maxDuration;
        assert.ok(max !== undefined && (rule?.effect === "allow" || decision.rule === "breakGlass"));
        const held = Date.parse(decision.expiresAt) - Date.parse(decision.activatesAt);
        const cap = given.policy.environments[given.request.spec.environment]?.maxDuration ?? max;
        for (const limit of [max, cap]) assert.ok(held <= (parseDuration(limit) ?? 0));
        assert.ok(held > 0);
        assert.ok(
          Date.parse(decision.activatesAt) >= Math.max(given.now, Date.parse(given.request.spec.startAt ?? "1970")),
        );
      }),
      RUNS,
    );
  });

  it("when a request is allowed, then no instant of it lies in a window that denies it", () => {
    fc.assert(
      fc.property(world, (given) => {
        const { policy, directory, request } = given;
        const decision = decided(given);
        fc.pre(isNew(given) && decision.activatesAt !== null && decision.expiresAt !== null);
        const { environment, requester, role } = request.spec;
        const [start, end] = [Date.parse(decision.activatesAt), Date.parse(decision.expiresAt)];
        for (const rule of policy.rules) {
          if (rule.effect !== "deny" || !matches(rule.who, directory, requester, start)) continue;
          if (request.spec.breakGlass === true && rule.breakGlass === true) continue;
          if (rule.roles !== "*" && !rule.roles.includes(role)) continue;
          if (rule.environments !== "*" && !rule.environments.includes(environment)) continue;
          for (let at = start; at < end; at += MINUTE) assert.equal(denies(rule, at), false);
          assert.equal(denies(rule, end - 1), false);
        }
      }),
      RUNS,
    );
  });

  it("when a deny rule is added, then nobody gets more or longer", () => {
    fc.assert(
      fc.property(world, denyRule, fc.nat(), (given, rule, position) => {
        // What is cut earlier may fit into a limit of the time held, in another window.
        fc.pre(given.policy.limits?.perPerson?.heldPer === undefined);
        const rules = [...given.policy.rules];
        rules.splice(position % (rules.length + 1), 0, rule);
        const before = decided(given);
        const after = decided({ ...given, policy: { ...given.policy, rules } });
        if (after.outcome === "deny") return;
        assert.equal(before.outcome, "allow");
        assert.deepEqual([after.rule, after.activatesAt], [before.rule, before.activatesAt]);
        assert.ok(String(after.expiresAt) <= String(before.expiresAt));
      }),
      RUNS,
    );
  });

  it("when documents are good, then it answers, the same each time, and says exactly one of allow and why not", () => {
    fc.assert(
      fc.property(world, (given) => {
        const decision = decided(given);
        assert.deepEqual(decided(structuredClone(given)), decision);
        assert.deepEqual(JSON.parse(JSON.stringify(decision)), decision);
        assert.equal(decision.outcome === "allow", decision.violations.length === 0);
        assert.equal(decision.outcome === "allow", decision.expiresAt !== null);
        for (const { message } of decision.violations) assert.match(message, /^[^\n\r]+; [^\n\r]+[^.\n\r]$/);
      }),
      RUNS,
    );
  });

  it("when a request is live, then nothing about policy and directory changes the answer", () => {
    fc.assert(
      fc.property(world, ({ policy, directory, request, now }) => {
        const digest = requestDigest(request);
        const { requester, role, environment } = request.spec;
        const grant = {
          requester,
          role,
          environment,
          activatedAt: now - 5,
          expiresAt: now + 5,
          rule: "r",
          request: digest,
        };
        const decision = decide(policy, directory, request, {
          now,
          proof: null,
          approvals: [],
          live: [grant],
          history: [{ ...grant, endedAt: now }],
        });
        assert.deepEqual(
          [decision.outcome, decision.rule, decision.expiresAt],
          ["allow", "r", new Date(now + 5).toISOString()],
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe("properties of digests", function () {
  this.timeout(60_000);

  it("when keys stand in another order or the file is YAML, then the digest is the same", () => {
    fc.assert(
      fc.property(world, fc.integer(), ({ policy, directory, request }, seed) => {
        for (const [read, value] of [
          [(source: Source) => readPolicy(source, "study"), policy],
          [readDirectory, directory],
          [readRequest, request],
        ] as const) {
          const json = read({ file: "a.json", text: JSON.stringify(value) }).digest;
          const shuffled = reordered(value, seed);
          assert.equal(read({ file: "a.json", text: JSON.stringify(shuffled, null, 2) }).digest, json);
          assert.equal(
            read({ file: "a.yaml", text: stringify(shuffled, { aliasDuplicateObjects: false }) }).digest,
            json,
          );
        }
      }),
      { numRuns: 80 },
    );
  });

  it("when any field of a request changes, then its digest does", () => {
    fc.assert(
      fc.property(world, world, ({ request }, { request: other }) => {
        fc.pre(JSON.stringify(request.spec) !== JSON.stringify(other.spec));
        const [one, two] = [request, other].map(
          (each) => readRequest({ file: "a.json", text: JSON.stringify(each) }).digest,
        );
        assert.notEqual(one, two);
      }),
      { numRuns: 80 },
    );
  });
});

/** The same value, its keys rotated. */
function reordered(value: unknown, seed: number): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => reordered(item, seed));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, reordered(inner, seed + key.length)] as const);
  const by = Math.abs(seed) % Math.max(entries.length, 1);
  return Object.fromEntries([...entries.slice(by), ...entries.slice(0, by)]);
}
