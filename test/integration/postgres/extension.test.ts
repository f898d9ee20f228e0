// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { formatInstant, readJudge } from "@elevation/domain";
import { activate, type GrantState, reap, remove, type World } from "@elevation/provider/lifecycle";
import { aRequest, createWorld, inputsOf, type TestWorld } from "../../support/lifecycle";
import { CONNECTION, type OrdersServer, type PersonSession, sharedOrdersServer } from "../../support/postgres";

const theServer = sharedOrdersServer();

const DENIED = "permission denied for table orders";
const MINUTE = 60_000;
const POLICY = `
apiVersion: elevation/v1
kind: Policy
environments: { production: {} }
roles: { orders-admin: { targets: { production: { kind: postgres, connection: ${CONNECTION}, role: orders_admin } } } }
rules:
  - id: dba
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production]
    duration: { max: PT1H }
    extensions: { max: 1, upTo: PT1H }
requests: { proof: none }
`;
const DIRECTORY = `
apiVersion: elevation/v1
kind: Directory
jobFunctions: { dba: {} }
people: { alice@example.com: { jobFunctions: [dba], identities: { postgres: alice } } }
`;

describe("an extension at a real PostgreSQL", function () {
  this.timeout(30_000);
  let orders: OrdersServer;
  let testWorld: TestWorld;
  let world: World;
  /** By how much our clock is set ahead of the server's: the end of time comes without waiting for it. */
  let ahead: number;
  let first: GrantState;
  let second: GrantState;
  let alice: PersonSession;

  before(async () => {
    orders = await theServer();
  });
  beforeEach(async () => {
    ahead = 0;
    testWorld = await createWorld(Date.now());
    world = {
      ...testWorld,
      clock: () => Date.now() + ahead,
      judge: () => readJudge({ file: "elevation.yaml", text: POLICY }, { file: "directory.yaml", text: DIRECTORY }),
      targets: new Map([["postgres", orders.target]]),
    };
    const requestedAt = formatInstant(Date.now() - MINUTE);
    const one = inputsOf(aRequest({ requestedAt }, "first"));
    first = await activate(world, one);
    second = await activate(world, inputsOf(aRequest({ requestedAt, extends: one.digest }, "second")));
    alice = await orders.open("alice");
  });
  afterEach(async () => {
    await orders.reset();
    await testWorld.dispose();
  });

  const pass = async () => {
    const { reaped } = await reap(world, { declared: null, states: [], environments: null, atOnce: 8 });
    return reaped.map(({ name, cause, outcome }) => `${name}: ${cause}, ${outcome}`);
  };
  const roles = async () =>
    (await orders.superuser("SELECT rolname FROM pg_roles WHERE rolname LIKE 'elev\\_%' ORDER BY 1")).flat();
  const objects = (...states: GrantState[]) => states.map(({ place }) => place?.object).sort();

  it("when it is made, then at once, as a role of its own, from the end of the first on", async () => {
    assert.deepEqual(await roles(), objects(first, second));
    assert.equal(second.activatedAt, first.expiresAt);
    assert.equal(second.status, "active");
  });

  it("when the first ends by time, then her open session goes on, until the end of the second cuts it", async () => {
    assert.deepEqual(await alice.sql("SELECT count(*)::int FROM orders"), [[30]]);
    ahead = Date.parse(first.expiresAt ?? "") - Date.now() + 1;
    assert.deepEqual(await pass(), ["first: expiry, expired"]);
    assert.deepEqual(await roles(), objects(second));
    assert.deepEqual(await alice.sql("SELECT count(*)::int FROM orders"), [[30]]);
    ahead = Date.parse(second.expiresAt ?? "") - Date.now() + 1;
    assert.deepEqual(await pass(), ["second: expiry, expired"]);
    await alice.cut;
    assert.deepEqual(await roles(), []);
    assert.equal(await (await orders.open("alice")).refusal("SELECT count(*) FROM orders"), DENIED);
  });

  for (const which of ["first", "second"] as const) {
    it(`when the ${which} is removed early, then both end, and her session with them`, async () => {
      await remove(world, which === "first" ? first : second);
      await alice.cut;
      assert.deepEqual(await roles(), []);
      assert.equal(await (await orders.open("alice")).refusal("SELECT count(*) FROM orders"), DENIED);
      assert.deepEqual(await pass(), []);
    });
  }
});
