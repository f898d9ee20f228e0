// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { isGrantError } from "@elevation/provider/lifecycle";
import { createVisitors } from "@elevation/provider/targets";
import { type OrdersServer, sharedOrdersServer } from "../../support/postgres";

const server = sharedOrdersServer();
const PROBE = "SELECT FROM public.orders LIMIT 1";
const { postgres: visitor } = createVisitors();

describe("a visitor of a PostgreSQL server", () => {
  let orders: OrdersServer;

  before(async function () {
    this.timeout(60_000);
    orders = await server();
  });
  afterEach(async () => {
    await orders.superuser("REVOKE orders_admin FROM alice");
    await orders.reset();
  });

  const faultOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => "none",
      (error: unknown) => {
        assert.ok(isGrantError(error) && error.code === "connection-failed", String(error));
        return error.message;
      },
    );

  it("when a right is lacking, then that is told from whatever else is wrong with a statement", async () => {
    const visit = await visitor.enter(orders.server.url("alice", "orders"));
    assert.equal(await visit.may(PROBE), false);
    assert.equal(await visit.may("EXPLAIN INSERT INTO public.customers (name) VALUES ('x')"), false);
    assert.equal(
      await faultOf(visit.may("SELECT FROM public.ordres")),
      `the probe failed, and not for want of a right: SQLSTATE 42P01 (syntax error or access rule violation)`,
    );
    await orders.superuser("GRANT orders_admin TO alice");
    assert.equal(await visit.may(PROBE), true);
    assert.equal(await visit.may("EXPLAIN INSERT INTO public.customers (name) VALUES ('x')"), true);
    await visit.close();
    await visit.cut;
  });

  const customers = () =>
    orders.superuser("SELECT name FROM public.customers WHERE name = 'written by a probe'") as Promise<unknown>;
  const INSERT = "INSERT INTO public.customers (name) VALUES ('written by a probe')";
  const REFUSED = "the probe failed, and not for want of a right: SQLSTATE";
  const READ_ONLY = `${REFUSED} 25006 (invalid transaction state)`;
  const SEVERAL = `${REFUSED} 42601 (syntax error or access rule violation)`;
  for (const [how, statements, said] of [
    ["says so", [INSERT], READ_ONLY],
    ["makes the transaction one that writes", [`SET TRANSACTION READ WRITE; ${INSERT}`], SEVERAL],
    ["leaves the transaction", [`COMMIT; BEGIN READ WRITE; ${INSERT}; COMMIT`], SEVERAL],
    ["begins another", [`BEGIN READ WRITE; ${INSERT}; COMMIT`], SEVERAL],
    [
      "does it from within a block",
      [`DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; ${INSERT}; END $$`],
      `${REFUSED} 2D000 (invalid transaction termination)`,
    ],
    [
      "makes it write from within a block",
      [`DO $$ BEGIN SET TRANSACTION READ WRITE; ${INSERT}; END $$`],
      `${REFUSED} 25001 (invalid transaction state)`,
    ],
    [
      "does it by a setting",
      ["SELECT set_config('transaction_read_only', 'off', false)"],
      `${REFUSED} 25001 (invalid transaction state)`,
    ],
    [
      "changes the session for the next",
      [
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET default_transaction_read_only = off",
        "COMMIT",
        INSERT,
      ],
      READ_ONLY,
    ],
    ["makes the transaction write for the next", ["SET TRANSACTION READ WRITE", INSERT], READ_ONLY],
    ["explains by doing", [`EXPLAIN ANALYZE ${INSERT}`], READ_ONLY],
  ] as const) {
    it(`when a statement would change something and ${how}, then it is refused, whatever the login may`, async () => {
      await orders.superuser("GRANT orders_admin TO alice");
      const visit = await visitor.enter(orders.server.url("alice", "orders"));
      for (const statement of statements.slice(0, -1)) assert.equal(await visit.may(statement), true, statement);
      assert.equal(await faultOf(visit.may(statements.at(-1) ?? "")), said);
      assert.equal(await visit.may(PROBE), true, "it can be asked again");
      assert.deepEqual(await customers(), []);
      await visit.close();
    });
  }

  it("when a statement returns much, then it is thrown away; when the server's fault holds data, then it isn't repeated", async () => {
    const visit = await visitor.enter(orders.server.url("alice", "orders"));
    assert.equal(await visit.may("SELECT repeat('x', 1000) FROM generate_series(1, 10000)"), true);
    assert.equal(
      await faultOf(visit.may("SELECT ('row ' || 'data')::int")),
      "the probe failed, and not for want of a right: SQLSTATE 22P02 (data exception)",
    );
    await visit.close();
  });

  it("when the server cuts the login, then that is known without asking", async () => {
    const visit = await visitor.enter(orders.server.url("alice", "orders"));
    await orders.superuser(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'elevation fire drill'",
    );
    await visit.cut;
    assert.match(await faultOf(visit.may(PROBE)), /^the probe failed, and not for want of a right: /);
    await visit.close();
  });

  it("when a statement takes too long, then it is given up, and the server ends it", async () => {
    const visit = await visitor.enter(orders.server.url("alice", "orders"));
    assert.match(
      await faultOf(visit.may("SELECT pg_sleep(60)")),
      /^the probe failed, and not for want of a right: (Query read timeout \(ETIMEDOUT\)|SQLSTATE 57014 \(operator intervention\))$/,
    );
    await visit.close();
  });

  it("when the process has defaults of its own, then none of them counts", async () => {
    const before = { ...process.env };
    Object.assign(process.env, { PGPASSWORD: "another", PGOPTIONS: "-c no_such_setting=1", PGREPLICATION: "database" });
    try {
      const visit = await visitor.enter(orders.server.url("alice", "orders"));
      assert.equal(await visit.may(PROBE), false);
      await visit.close();
      const none =
        "has neither a password nor a client certificate; write postgres://user:password@host/database, or name `sslcert` and `sslkey`";
      const bare = `postgres://alice@127.0.0.1:${orders.server.port}/orders`;
      assert.deepEqual([visitor.fault(bare), await faultOf(visitor.enter(bare))], [none, none]);
    } finally {
      for (const name of ["PGPASSWORD", "PGOPTIONS", "PGREPLICATION"]) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });

  it("when a login is refused or is none, then neither it nor its password is repeated", async () => {
    const wrong = `postgres://alice:s3cretPW@127.0.0.1:${orders.server.port}/orders`;
    assert.equal(
      await faultOf(visitor.enter(wrong)),
      `no login was possible: password authentication failed for user "alice" (28P01)`,
    );
    assert.equal(visitor.fault(wrong), null);
    assert.equal(
      visitor.fault("postgres://alice:s3cretPW@db.example/orders"),
      "has no `sslmode` although it leaves this machine; use `sslmode=verify-full`, with `sslrootcert` for a private authority, or write `sslmode=disable`",
    );
    assert.equal(
      await faultOf(visitor.enter("postgres://:s3cretPW@127.0.0.1/orders")),
      "names no user; write postgres://user:password@host/database",
    );
  });
}).timeout(30_000);
