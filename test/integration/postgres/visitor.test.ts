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
      `the probe failed, and not for want of a right: relation "public.ordres" does not exist (42P01)`,
    );
    await orders.superuser("GRANT orders_admin TO alice");
    assert.equal(await visit.may(PROBE), true);
    assert.equal(await visit.may("EXPLAIN INSERT INTO public.customers (name) VALUES ('x')"), true);
    await visit.close();
    await visit.cut;
  });

  it("when a statement would change something, then the server refuses it, whatever the login may", async () => {
    await orders.superuser("GRANT orders_admin TO alice");
    const visit = await visitor.enter(orders.server.url("alice", "orders"));
    assert.equal(
      await faultOf(visit.may("INSERT INTO public.customers (name) VALUES ('x')")),
      "the probe failed, and not for want of a right: cannot execute INSERT in a read-only transaction (25006)",
    );
    const several = ["COMMIT; INSERT INTO", "SET TRANSACTION READ WRITE; INSERT INTO", "BEGIN READ WRITE; INSERT INTO"];
    for (const before of several) {
      assert.equal(
        await faultOf(visit.may(`${before} public.customers (name) VALUES ('x')`)),
        "the probe failed, and not for want of a right: cannot insert multiple commands into a prepared statement (42601)",
      );
    }
    assert.equal(await visit.may("SET default_transaction_read_only = off"), true);
    assert.equal(await visit.may("COMMIT"), true);
    assert.equal(
      await faultOf(visit.may("INSERT INTO public.customers (name) VALUES ('x')")),
      "the probe failed, and not for want of a right: cannot execute INSERT in a read-only transaction (25006)",
    );
    assert.deepEqual(await orders.superuser("SELECT count(*)::int FROM public.customers WHERE name = 'x'"), [[0]]);
    await visit.close();
  });

  it("when a login has neither a password nor a certificate, then it is refused: it would be sent another server's", () => {
    assert.equal(
      visitor.fault("postgres://alice@127.0.0.1:5432/orders?sslmode=disable"),
      "has no password and no client certificate; write the canary's own into it",
    );
    assert.equal(visitor.fault(orders.server.url("alice", "orders")), null);
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
      /^the probe failed, and not for want of a right: (Query read timeout \(ETIMEDOUT\)|canceling statement due to statement timeout \(57014\))$/,
    );
    await visit.close();
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
