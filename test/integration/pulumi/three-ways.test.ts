// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type Decision, type Request, requestDigestOf, unservedTarget } from "@elevation/domain";
import { rules } from "@elevation/policypack/rules";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import fc from "fast-check";
import { enforced } from "../../differential/enforced-world";
import type { World } from "../../differential/world";
import { world } from "../../property/arbitraries";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { grantRoles, query, startOrders } from "../../support/pulumi-suite";
import { type AskedWorld, askedWorld, isOf, type Ran } from "./asked-world";
import { doneOf, expectedOf } from "./done-in-up";

const [USUAL_SEED, USUAL_WORLDS] = [2876, 8];
/** Other seeds make other worlds: `THREE_WAYS_SEED=2 THREE_WAYS_WORLDS=40`. */
const SEED = Number(process.env["THREE_WAYS_SEED"] ?? USUAL_SEED);
const WORLDS = Number(process.env["THREE_WAYS_WORLDS"] ?? USUAL_WORLDS);
const IS_USUAL = SEED === USUAL_SEED && WORLDS === USUAL_WORLDS;
/** The requests of so many generated cases are put to the documents and the past of the first of them, in one run each way. */
const REQUESTS = 26;

/** What the usual seed leads to: all but `environment-not-allowed` of what can be without verdicts, a proof or a grant of the request itself. */
const VIOLATIONS = [
  ...["unknown-requester", "unknown-role", "unknown-environment", "request-not-yet", "start-too-late"],
  ...["request-lapsed", "denied", "break-glass-not-allowed", "break-glass-review-overdue", "not-eligible"],
  ...["duration-too-short", "duration-too-long", "outside-hours", "reason-insufficient", "ticket-required"],
  ...["ticket-invalid", "approvals-missing", "cooling-down", "limit-exceeded", "conflicting-roles"],
  ...["extension-not-allowed", "no-identity"],
];

/** What the generated documents name at a target. */
const GENERATED_ROLES = ["reader", "writer", "admin"].map(
  (role) => `CREATE ROLE ${role} NOLOGIN; GRANT ${role} TO elevation_manager WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
);
const GENERATED_LOGINS = ["ann", "ben", "cat", "dan", "eve"].map((login) => `CREATE ROLE ${login} LOGIN`);

const WAYS = ["the pack", "elevate check", "the provider"] as const;
type Way = (typeof WAYS)[number];

/** In-process all three are asked in `differential/three-ways.test.ts`, far more often; here the real ones are. */
describe(`pulumi, one decision three ways (THREE_WAYS_SEED=${SEED})`, function () {
  this.timeout(120_000);
  /** How often each outcome and each violation was the answer. */
  const seen: Record<Way, Map<string, number>> = {
    "the pack": new Map(),
    "elevate check": new Map(),
    "the provider": new Map(),
  };
  let cases: readonly World[];
  let server: PostgresServer;
  let env: Record<string, string>;
  let asked: AskedWorld | undefined;
  /** How many were allowed in preview, and in up denied for what was granted to others before them. */
  let turned = 0;

  before(async function () {
    this.timeout(engineTimeoutMs);
    const engine = await theEngine();
    server = await startOrders();
    await query(server, [...GENERATED_ROLES, ...GENERATED_LOGINS].join("; "));
    env = { ...engine.env, ELEVATION_CONNECTION_MAIN: server.url("elevation_manager", "orders") };
    cases = fc.sample(world.map(enforced), { seed: SEED, numRuns: WORLDS * REQUESTS });
  });
  after(() => server?.stop());
  afterEach(() => asked?.dispose());

  for (let index = 0; index < WORLDS; index++) {
    const first = index * REQUESTS;
    it(`when ${REQUESTS} ask in generated world ${index}, then the pack in preview, \`elevate check\` and the provider in up answer as decide() does`, async () => {
      asked = await askedWorld(cases.slice(first, first + REQUESTS), first, env);
      const shown = await requirePack(asked);
      count("the pack", shown);
      count("elevate check", await requireCheck(asked));
      const enforced = await requireProvider(asked, server);
      count("the provider", enforced);
      turned += enforced.filter((last) => isTurned(shown, last)).length;
    });
  }

  it("when all answers are counted, then each outcome and nearly every violation was among them", async () => {
    const granted = (await grantRoles(server)).length;
    process.stderr.write(`    granted at the server: ${granted}; denied behind another's grant: ${turned}\n`);
    if (IS_USUAL) assert.ok(granted >= 20 && turned >= 1, `${granted} granted, ${turned} denied behind them`);
    for (const way of WAYS) {
      const counted = [...seen[way]].sort(([, one], [, other]) => other - one);
      process.stderr.write(`    ${way}: ${counted.map(([key, times]) => `${times} ${key}`).join(", ")}\n`);
      const [allowed, denied] = [seen[way].get("allow") ?? 0, seen[way].get("deny") ?? 0];
      assert.equal(allowed + denied, WORLDS * REQUESTS, way);
      if (!IS_USUAL) continue;
      assert.ok(allowed >= 40 && denied >= 100, `${way}: ${allowed} allowed, ${denied} denied`);
      assert.deepEqual(
        VIOLATIONS.filter((id) => !seen[way].has(id)),
        [],
        `${way} never said so`,
      );
    }
  });

  function count(way: Way, decisions: readonly Decision[]): void {
    for (const { outcome, violations } of decisions) {
      for (const key of new Set([outcome, ...violations.map(({ id }) => id)]))
        seen[way].set(key, (seen[way].get(key) ?? 0) + 1);
    }
  }
});

function isTurned(shown: readonly Decision[], last: Decision): boolean {
  const before = shown.find(({ requestDigest }) => requestDigest === last.requestDigest);
  const isForOthers = last.violations.every(({ id }) => id === "limit-exceeded" || id === "conflicting-roles");
  return before?.outcome === "allow" && last.outcome === "deny" && isForOthers;
}

/** A request and what was decided about it, in the order in which it was. */
interface Made {
  readonly request: Request;
  readonly decisions: readonly Decision[];
}

/** Each decision was made since then and is what decide() says at its own instant, and there are some of each request. */
async function requireAgreement(
  asked: AskedWorld,
  way: Way,
  since: number,
  decisions: readonly Decision[],
): Promise<readonly Made[]> {
  const now = Date.now();
  for (const decision of decisions) {
    const at = Date.parse(decision.decidedAt);
    assert.ok(since <= at && at <= now, `${way} decided at ${decision.decidedAt}`);
    assert.deepEqual(decision, await asked.decideAgain(decision), `${way} decided otherwise`);
  }
  const made = asked.requests.map((request): Made => {
    const digest = requestDigestOf(request);
    return { request, decisions: decisions.filter(({ requestDigest }) => requestDigest === digest) };
  });
  const passedOver = made.filter((one) => one.decisions.length === 0).map(({ request }) => request.metadata.name);
  assert.deepEqual(passedOver, [], `${way} decided nothing of these`);
  return made;
}

/** The pack decides once about each, and shows all of it: each violation by its rule, and what can't be served. */
async function requirePack(asked: AskedWorld): Promise<readonly Decision[]> {
  const since = Date.now();
  const ran = await asked.pulumi("preview", "--policy-pack", "policypack");
  const made = await requireAgreement(asked, "the pack", since, ran.decisions);
  assert.equal(ran.decisions.length, asked.requests.length, ran.output);
  for (const { request, decisions } of made) {
    for (const { outcome, violations } of decisions) {
      const unserved = outcome === "allow" ? unservedTarget(asked.policy, request) : null;
      const expected = [
        ...violations.map(({ id, message }) => `${ruleOf(id)}\n${message}\n`),
        ...(unserved === null ? [] : [`${about("target-served")}\n${unserved}\n`]),
      ];
      assert.deepEqual(shownOf(ran, request.metadata.name), expected.sort(), `shown of \`${request.metadata.name}\``);
    }
  }
  assert.notEqual(ran.code, 0, "no world allows all that is asked for");
  return ran.decisions;
}

/** What these say is about other grants, too. */
const OF_THE_STACK = ["grants-allowed-together", "break-glass-reviewed"];

function shownOf({ events }: Ran, name: string): readonly string[] {
  return events
    .flatMap(({ policyEvent }) => policyEvent ?? [])
    .filter(({ resourceUrn, policyName }) => isOf(resourceUrn, name) && !OF_THE_STACK.includes(policyName))
    .map(({ policyName, message }) => `${policyName}: ${message}`)
    .sort();
}

function ruleOf(violation: string): string {
  const rule = rules.find(({ reports }) => reports.some((id) => id === violation));
  return about(rule?.id ?? `no rule for ${violation}`);
}

function about(id: string): string {
  return `${id}: ${rules.find((rule) => rule.id === id)?.description}`;
}

async function requireCheck(asked: AskedWorld): Promise<readonly Decision[]> {
  const since = Date.now();
  const { code, stdout, stderr } = await asked.elevate("check", "stacks/requests", "--json");
  const decisions = JSON.parse(stdout) as readonly Decision[];
  const made = await requireAgreement(asked, "elevate check", since, decisions);
  assert.equal(decisions.length, asked.requests.length);
  const unserved = made.flatMap(({ request, decisions: [decision] }) =>
    decision?.outcome === "allow" ? (unservedTarget(asked.policy, request) ?? []) : [],
  );
  assert.deepEqual(stderr.split("\n").sort(), [...unserved, ""].sort(), "said beside the decisions");
  assert.equal(code, 3, "no world allows all that is asked for");
  return decisions;
}

/** The provider decides by what it has made live by then; what it decided last it does, says and journals. */
async function requireProvider(asked: AskedWorld, server: PostgresServer): Promise<readonly Decision[]> {
  const since = Date.now();
  // One after the other: the grant of one request is in the journal before the next one is judged.
  const ran = await asked.pulumi("up", "--yes", "--skip-preview", "--continue-on-error", "--parallel", "1");
  const made = await requireAgreement(asked, "the provider", since, ran.decisions);
  const journaled = await asked.journaledDecisions();
  const roles = await grantRoles(server);
  return made.map(({ request, decisions }) => {
    const { name } = request.metadata;
    const last = decisions.at(-1);
    assert.ok(last !== undefined);
    const expected = expectedOf(asked.policy, request, last);
    const done = doneOf(ran, name);
    assert.deepEqual(done, expected.done, `done of \`${name}\``);
    const own = journaled.filter(({ requestDigest }) => requestDigest === last.requestDigest);
    assert.deepEqual(own, expected.isJournaled ? [last] : [], `journaled of \`${name}\``);
    const role = `elev_${last.requestDigest.slice("sha256:".length, "sha256:".length + 40)}`;
    assert.equal(roles.includes(role), done.grant?.status === "active", `the role of \`${name}\``);
    return last;
  });
}
