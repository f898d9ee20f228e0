// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { TargetConnection } from "@elevation/provider/lifecycle";
import { anAccess, type OrdersServer, sharedOrdersServer } from "../../support/postgres";

const theServer = sharedOrdersServer();

describe("who holds a policy's role by other means", function () {
  this.timeout(60_000);
  let orders: OrdersServer;
  let manager: TargetConnection;

  before(async () => {
    orders = await theServer();
  });
  beforeEach(async () => {
    manager = await orders.connect();
  });
  afterEach(async () => {
    await orders.superuser(
      "REVOKE orders_admin FROM alice, bruno, chiara",
      "DROP ROLE IF EXISTS team",
      "DROP ROLE IF EXISTS staff",
      "ALTER ROLE bruno NOSUPERUSER",
    );
    await orders.reset();
  });

  const SUPERUSER = { member: "postgres", isLogin: true, how: ["SUPERUSER"], through: [] };
  const held = (identity: string) => manager.heldAlready(anAccess(manager.server, "5", { identity }).place);
  const NOTHING = ": this grant gives nothing more, and its end takes nothing of that away";

  it("when nobody does, then only the superuser is told; neither our own login nor grants of ours", async () => {
    await manager.create(anAccess(manager.server, "5"));
    assert.deepEqual(await manager.holdings("orders_admin"), [SUPERUSER]);
    assert.deepEqual(await held("alice"), []);
    assert.deepEqual(await manager.holdings("no_such_role"), [SUPERUSER]);
  });

  it("when somebody is a member directly, then with which options", async () => {
    await orders.superuser(
      "GRANT orders_admin TO alice WITH INHERIT TRUE, SET FALSE",
      "GRANT orders_admin TO bruno WITH INHERIT FALSE, SET TRUE",
      "GRANT orders_admin TO chiara WITH INHERIT FALSE, SET FALSE, ADMIN TRUE",
    );
    assert.deepEqual(await manager.holdings("orders_admin"), [
      { member: "alice", isLogin: true, how: ["INHERIT"], through: [] },
      { member: "bruno", isLogin: true, how: ["SET"], through: [] },
      { member: "chiara", isLogin: true, how: ["ADMIN"], through: [] },
      SUPERUSER,
    ]);
    assert.deepEqual(await held("alice"), [
      `\`alice\` is a member of \`orders_admin\` already, directly (INHERIT)${NOTHING}`,
    ]);
    assert.deepEqual(await held("bruno"), [
      `\`bruno\` is a member of \`orders_admin\` already, directly (SET)${NOTHING}`,
    ]);
    assert.deepEqual(await held("chiara"), [
      "`chiara` is a member of `orders_admin` already, directly (ADMIN), and can give it to itself, also after this grant's end",
    ]);
  });

  it("when somebody is a member of a member, then through whom, as far as the options lead", async () => {
    await orders.superuser(
      "CREATE ROLE team",
      "CREATE ROLE staff",
      "GRANT orders_admin TO team WITH INHERIT TRUE, SET FALSE",
      "GRANT team TO staff WITH INHERIT TRUE, SET FALSE",
      "GRANT staff TO alice WITH INHERIT TRUE, SET FALSE",
      // After SET ROLE team she inherits.
      "GRANT team TO bruno WITH INHERIT FALSE, SET TRUE",
      // What team can become, chiara can't.
      "GRANT team TO chiara WITH INHERIT FALSE, SET FALSE",
    );
    assert.deepEqual(await manager.holdings("orders_admin"), [
      { member: "alice", isLogin: true, how: ["INHERIT"], through: ["staff", "team"] },
      { member: "bruno", isLogin: true, how: ["SET"], through: ["team"] },
      { member: "staff", isLogin: false, how: ["INHERIT"], through: ["team"] },
      { member: "team", isLogin: false, how: ["INHERIT"], through: [] },
      SUPERUSER,
    ]);
    assert.deepEqual(await held("alice"), [
      `\`alice\` is a member of \`orders_admin\` already, through \`staff\` and \`team\` (INHERIT)${NOTHING}`,
    ]);
    assert.deepEqual(await held("chiara"), []);
    for (const [person, set, may] of [
      ["alice", "SELECT 1", true],
      ["bruno", "SET ROLE team", true],
      ["chiara", "SELECT 1", false],
    ] as const) {
      const session = await orders.open(person);
      assert.equal(await session.refusal(set), null);
      assert.equal((await session.refusal("SELECT count(*) FROM orders")) === null, may, person);
    }
  });

  it("when a member of a member could only become the role by one that it inherits, then that is no way", async () => {
    await orders.superuser(
      "CREATE ROLE team",
      "GRANT orders_admin TO team WITH INHERIT FALSE, SET TRUE",
      "GRANT team TO alice WITH INHERIT TRUE, SET FALSE",
    );
    assert.deepEqual(await held("alice"), []);
    const alice = await orders.open("alice");
    assert.match((await alice.refusal("SET ROLE orders_admin")) ?? "", /^permission denied to set role/);
    assert.match((await alice.refusal("SELECT count(*) FROM orders")) ?? "", /^permission denied/);
  });

  it("when somebody is a superuser, then that is told, however else she is a member", async () => {
    await orders.superuser("ALTER ROLE bruno SUPERUSER");
    assert.deepEqual(await held("bruno"), ["`bruno` is a superuser"]);
    assert.deepEqual((await manager.holdings("orders_admin"))[0], {
      ...{ member: "bruno", isLogin: true, how: ["SUPERUSER"], through: [] },
    });
  });

  it("when others made a role of our name, then its members hold the role by other means", async () => {
    const name = `elev_${"f".repeat(40)}`;
    await orders.superuser(`CREATE ROLE ${name}`, `GRANT orders_admin TO ${name}`, `GRANT ${name} TO alice`);
    assert.deepEqual(
      (await manager.holdings("orders_admin")).map(({ member }) => member),
      ["alice", name, "postgres"],
    );
    assert.equal((await held("alice")).length, 1);
  });
});
