// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Request } from "@elevation/domain";
import { rules } from "@elevation/policypack/rules";
import { createVerdicts } from "@elevation/policypack/verdict";
import { repository } from "@elevation/scripts/support/workspace";
import type { ResourceValidationArgs } from "@pulumi/policy";
import { aRequest, START } from "../../support/lifecycle";

const POLICY = `
apiVersion: elevation/v1
kind: Policy
environments: { production: {}, staging: {} }
roles:
  orders-admin:
    targets:
      production: { kind: postgres, connection: orders, role: orders_admin }
      staging: { kind: postgres, connection: orders-staging, role: orders_admin }
rules:
  - id: dba
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production]
    duration: { max: PT1H }
    hours: { zone: UTC, days: [tue], from: "08:00", to: "18:00" }
    reason: { minLength: 10 }
    ticket: { matches: "^INC-[0-9]+$" }
  - id: freeze
    effect: deny
    who: everyone
    roles: "*"
    environments: [production]
    during: { from: 2026-12-20T00:00:00Z, to: 2027-01-02T00:00:00Z }
requests: { proof: none }
`;
const DIRECTORY = `
apiVersion: elevation/v1
kind: Directory
jobFunctions: { dba: {}, support: {} }
people:
  alice@example.com: { name: Alice, jobFunctions: [dba], identities: { postgres: alice } }
  nadia@example.com: { name: Nadia, jobFunctions: [dba] }
  mallory@example.com: { name: Mallory, jobFunctions: [support], identities: { postgres: mallory } }
`;
const GOOD: Partial<Request["spec"]> = { ticket: "INC-1" };

describe("the policy pack", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "elevation-pack-"));
    writeFileSync(join(folder, "elevation.yaml"), POLICY);
    writeFileSync(join(folder, "directory.yaml"), DIRECTORY);
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Runs every rule on one resource, as one analysis of the engine does. */
  async function analyze(
    request: unknown,
    options: Partial<ResourceValidationArgs> = {},
    env = {},
    now = START,
  ): Promise<string[]> {
    const verdicts = createVerdicts({ folder, env, clock: () => now });
    const props = { request, origin: "", organization: "organization", project: "elevation", stack: "production" };
    const opts = { protect: false, ignoreChanges: [], aliases: [] };
    const args = { type: "pulumi-nodejs:dynamic/elevation:Grant", urn: "urn:g", name: "g", props, opts, ...options };
    const found: string[] = [];
    for (const rule of rules) {
      const { validateResource } = rule.policy(verdicts);
      if (typeof validateResource !== "function") throw new Error(`${rule.id} has no single check`);
      await validateResource(args as unknown as ResourceValidationArgs, (message) => {
        if (rule.id !== "journal-read") found.push(`${rule.enforcement} ${rule.id}: ${message}`);
      });
    }
    return found;
  }

  const rows: readonly [string, Request, readonly string[]][] = [
    ["an allowed request", aRequest(GOOD), []],
    [
      "a person whose job function no rule names",
      aRequest({ ...GOOD, requester: "mallory@example.com" }),
      ["mandatory role-constraint"],
    ],
    [
      "a person who isn't in the directory",
      aRequest({ ...GOOD, requester: "eve@example.com" }),
      ["mandatory role-constraint"],
    ],
    [
      "an environment that no rule opens",
      aRequest({ ...GOOD, environment: "staging" }),
      ["mandatory environment-access"],
    ],
    ["a duration beyond the rule", aRequest({ ...GOOD, duration: "PT61M" }), ["mandatory time-boundary"]],
    ["a reason that is too short", aRequest({ ...GOOD, reason: "because" }), ["mandatory reason-sufficient"]],
    ["no ticket", aRequest({}), ["mandatory ticket-valid"]],
    [
      "a person without an identity",
      aRequest({ ...GOOD, requester: "nadia@example.com" }),
      ["mandatory identity-known"],
    ],
    ["a request that lapsed", aRequest({ ...GOOD, requestedAt: "2026-11-22T09:00:00Z" }), ["advisory request-spent"]],
    [
      "three things at once",
      aRequest({ duration: "PT2H", reason: "because" }),
      ["mandatory time-boundary", "mandatory reason-sufficient", "mandatory ticket-valid"],
    ],
  ];
  for (const [name, request, expected] of rows) {
    it(`when it judges ${name}, then ${expected.length === 0 ? "no rule speaks" : expected.join(", ")}`, async () => {
      const found = await analyze(request);
      assert.deepEqual(
        found.map((line) => line.slice(0, line.indexOf(":"))),
        expected,
      );
    });
  }

  it("when a deny rule matches, then its rule speaks with the window", async () => {
    const inside = aRequest({ ...GOOD, requestedAt: "2026-12-22T09:00:00Z" });
    const [first] = await analyze(inside, {}, {}, Date.parse("2026-12-22T10:00:00Z"));
    assert.match(first ?? "", /^mandatory denied-window: `alice-orders` .*`freeze`/);
  });

  it("when inputs are no request, then request-well-formed refuses them", async () => {
    const [first, ...rest] = await analyze({ ...aRequest(GOOD), kind: "Grant" });
    assert.match(first ?? "", /^mandatory request-well-formed: /);
    assert.deepEqual(rest, []);
  });

  it("when ELEVATION_ADMINS is set, then everything is refused", async () => {
    const [first] = await analyze(aRequest(GOOD), {}, { ELEVATION_ADMINS: "alice" });
    assert.match(first ?? "", /^mandatory request-well-formed: .*`ELEVATION_ADMINS`/);
  });

  it("when a program gives a Grant options that keep access open, then grant-options names each", async () => {
    const opts = { protect: true, ignoreChanges: ["request"], aliases: ["urn:other"] };
    assert.deepEqual(await analyze(aRequest(GOOD), { opts } as unknown as Partial<ResourceValidationArgs>), [
      "mandatory grant-options: `g` has the resource option `protect`, none is allowed: it blocks the withdrawal of a grant; remove it",
      "mandatory grant-options: `g` has the resource option `ignoreChanges`, none is allowed: it hides a change of a grant; remove it",
      "mandatory grant-options: `g` has the resource option `aliases`, none is allowed: it lets one grant take the place of another's; remove it",
    ]);
  });

  it("when another resource is analyzed, then no rule looks at it", async () => {
    assert.deepEqual(await analyze(null, { type: "aws:iam/role:Role" }), []);
  });

  it("when the pack's own documents are read, then they are without errors", async () => {
    const verdicts = createVerdicts({ folder: join(repository, "policypack"), env: {}, clock: () => START });
    const props = { request: aRequest(GOOD), organization: "o", project: "p", stack: "s" };
    assert.deepEqual((await verdicts.of("test", "urn", props)).faults, []);
  });

  describe("its list of rules", () => {
    it("when decide() can report a violation, then exactly one rule shows it", () => {
      const text = readFileSync(join(repository, "domain", "decision.ts"), "utf8");
      const union = text.slice(
        text.indexOf("export type ViolationId"),
        text.indexOf(";", text.indexOf("export type ViolationId")),
      );
      const ids = [...union.matchAll(/\| "([a-z-]+)"/g)].map(([, id]) => id);
      assert.ok(ids.length > 25);
      const shown = rules.flatMap(({ reports }) => reports);
      assert.deepEqual([...shown].sort(), [...ids].sort());
    });

    it("when a rule file is added, then it is in the list under its file's name", () => {
      const files = readdirSync(join(repository, "policypack", "rules")).filter(
        (name) => name.endsWith(".ts") && name !== "index.ts",
      );
      assert.deepEqual(rules.map(({ id }) => `${id}.ts`).sort(), files.sort());
    });
  });
});
