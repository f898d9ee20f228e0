// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readJudge, readRequest } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import { activate, createWorld, endGrant, type OpenState } from "@elevation/provider/lifecycle";
import { type OrdersServer, sharedOrdersServer } from "../../support/postgres";
import { aRequest, DIRECTORY, POLICY } from "./documents";
import { aJournal, aProject, elevate, JOB, type Project, TIMEOUT } from "./elevate";

const server = sharedOrdersServer();

describe("elevate status --standing", () => {
  let orders: OrdersServer;
  let project: Project;
  let env: Record<string, string>;
  let address: string;

  before(async function () {
    this.timeout(60_000);
    orders = await server();
    await orders.superuser("GRANT orders_admin TO alice WITH INHERIT TRUE, SET FALSE");
  });
  after(async () => {
    await orders.superuser("REVOKE orders_admin FROM alice");
  });
  beforeEach(async () => {
    project = aProject();
    const journal = await aJournal(project);
    await journal.journal.close();
    address = journal.address;
    const url = orders.server.url("elevation_manager", "orders");
    env = { ...journal.env, ELEVATION_CONNECTION_ORDERS_PRODUCTION: url, ELEVATION_CONNECTION_ORDERS_STAGING: url };
  });
  afterEach(async () => {
    await orders.reset();
    project.remove();
  });

  const status = (args: readonly string[] = [], changes: Readonly<Record<string, string>> = {}) =>
    elevate(["status", ...args], { cwd: project.path, env: { ...env, ...changes } });

  it("when it is asked before the first grant, then it tells who has each role of the policy, how and through whom", async () => {
    const { exit, stdout, stderr } = await status(["--standing"]);
    assert.deepEqual([exit, stderr], [0, ""]);
    assert.equal(
      stdout.split("\n").slice(1).join("\n"),
      `
held without a grant
role          environment  connection         who       how        through
orders-admin  production   orders-production  alice     INHERIT    -
orders-admin  production   orders-production  postgres  SUPERUSER  -
orders-admin  staging      orders-staging     alice     INHERIT    -
orders-admin  staging      orders-staging     postgres  SUPERUSER  -
`,
    );
    const { standing } = JSON.parse((await status(["--standing", "--json"])).stdout) as { standing: unknown[] };
    assert.deepEqual(standing[0], {
      role: "orders-admin",
      environment: "production",
      target: { kind: "postgres", connection: "orders-production", role: "orders_admin" },
      holders: [
        { member: "alice", isLogin: true, how: ["INHERIT"], through: [] },
        { member: "postgres", isLogin: true, how: ["SUPERUSER"], through: [] },
      ],
      reason: null,
    });
    assert.equal("standing" in JSON.parse((await status(["--json"])).stdout), false);
  });

  it("when a target can't be asked, then that is told with exit 4, beside what the others say", async () => {
    const away = { ELEVATION_CONNECTION_ORDERS_STAGING: "postgres://elevation_manager@127.0.0.1:1/orders" };
    const { exit, stdout } = await status(["--standing"], away);
    assert.equal(exit, 4);
    assert.match(stdout, /^orders-admin +production +orders-production +alice +INHERIT +-$/m);
    assert.match(stdout, /^orders-admin +staging +orders-staging +not known +- +-$/m);
    assert.match(stdout, /\nUNREACHED: connection `orders-staging` could not be opened: .+\n$/);
  });

  it("when the policy is bad, or given without --standing, then that is refused", async () => {
    assert.deepEqual(await status(["--policy", "policypack/elevation.yaml"]), {
      exit: 2,
      stdout: "",
      stderr: "error: `--policy` is for `--standing`; give both, or neither\n",
    });
    project.write("policypack/elevation.yaml", "kind: [");
    const { exit, stderr } = await status(["--standing"]);
    assert.equal(exit, 2);
    assert.match(stderr, /^policypack\/elevation\.yaml:1:8: /);
  });

  it("when the requester has the role already, then making the grant warns, the journal has it, and status shows it", async () => {
    const requestedAt = new Date(Date.now() - 1000).toISOString();
    const text = aRequest({ requestedAt, duration: "PT10M" });
    const { value: request, digest } = readRequest({ file: "alice-orders.yaml", text });
    const where = { organization: "organization", project: "example", stack: "production" };
    const said: string[] = [];
    const real = createWorld(env, { config: () => undefined, actor: JOB, say: (line) => void said.push(line) });
    const judge = readJudge({ file: "policy", text: POLICY }, { file: "directory", text: DIRECTORY });
    const world = { ...real, judge: () => judge };
    const state = await activate(world, { request, digest, origin: "alice-orders.yaml", ...where });
    const held =
      "`alice` is a member of `orders_admin` already, directly (INHERIT): this grant gives nothing more, and its end takes nothing of that away";
    assert.deepEqual(said, [`warning: \`alice-orders\` at \`orders-production\`: ${held}`]);
    const intent = (await openStore(address).read()).find(({ type }) => type === "activating");
    assert.deepEqual((intent?.data as { alreadyHeld?: unknown } | undefined)?.alreadyHeld, [held]);
    const shown = (await status()).stdout;
    assert.ok(shown.endsWith(`\n\nalready held\n  alice-orders (alice@example.com): ${held}\n`), shown);
    await endGrant(world, state as OpenState, "withdrawn");
    await (await world.journal()).close();
    const alice = await orders.open("alice");
    assert.equal(await alice.refusal("SELECT count(*) FROM orders"), null, "as was said");
    assert.match(
      (await status()).stdout,
      /residue\n {2}alice-orders .+: `alice` is a member of `orders_admin` by another path than this grant, directly\n$/,
    );
  });
}).timeout(TIMEOUT);
