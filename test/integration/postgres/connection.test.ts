// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { createTargets } from "@elevation/provider/targets";
import { startPostgres } from "@elevation/scripts/support/postgres";
import {
  anAccess,
  CONNECTION,
  type OrdersServer,
  sharedOrdersServer,
  targetOf,
  VARIABLE,
} from "../../support/postgres";

const theServer = sharedOrdersServer();

const FAULTY = `the address of connection \`orders-production\` in ${VARIABLE}`;
const WRITE =
  "write postgres://user:password@host/database and percent-encode `@`, `/`, `?`, `#` and `%` in the password";
const VERIFY = "use `sslmode=verify-full`, with `sslrootcert` for a private authority";

/** Addresses with the secret `sw0rd`, and what is said of each. */
const ADDRESSES: readonly (readonly [string, string])[] = [
  ["sw0rd", `is no postgres:// address; ${WRITE}`],
  ["https://m:sw0rd@db/orders", `is no postgres:// address; ${WRITE}`],
  ["postgres://m:sw0rd@db:port/orders", `is no postgres:// address; ${WRITE}`],
  ["postgres://m:a#sw0rd@db/orders", `is no postgres:// address; ${WRITE}`],
  ["postgres://m:a/sw0rd@db/orders", `is no postgres:// address; ${WRITE}`],
  ["postgres://m:1/sw0rd@db/orders", `names no user; ${"write postgres://user:password@host/database"}`],
  ["postgres://m:p@x/sw0rd@db/orders", `names no usable database; ${WRITE}`],
  [
    "postgres://m:1?sw0rd@db/orders",
    `has an unknown parameter; use only host, sslmode, sslrootcert, sslcert, sslkey, timeline`,
  ],
  ["postgres://db/sw0rd", "names no user; write postgres://user:password@host/database"],
  ["postgres://m:sw0rd@db", `names no usable database; ${WRITE}`],
  ["postgres://m:sw0rd%@db/orders", "has a `%` that begins no escape; write `%` as `%25`"],
  [
    "postgres://m:sw0rd@db/orders",
    `has no \`sslmode\` although it leaves this machine; ${VERIFY}, or write \`sslmode=disable\``,
  ],
  [
    "postgres://m:sw0rd@10.1.2.3/orders",
    `has no \`sslmode\` although it leaves this machine; ${VERIFY}, or write \`sslmode=disable\``,
  ],
  ["postgres://m:sw0rd@db/orders?sslmode=sw0rd", `has an unknown \`sslmode\`; ${VERIFY}`],
  ["postgres://m:sw0rd@db/orders?sslmode=no-verify", `has \`sslmode=no-verify\`, which proves no server; ${VERIFY}`],
  ["postgres://m:sw0rd@db/orders?sslmode=allow", `has \`sslmode=allow\`, which proves no server; ${VERIFY}`],
  ["postgres://m:sw0rd@db/orders?sslrootcert=/x", `has \`sslrootcert\` but no \`sslmode\`; ${VERIFY}`],
  ["postgres://m:sw0rd@db/orders?sslmode=disable&sslmode=disable", "has `sslmode` twice; write it once"],
  [
    "postgres://m:sw0rd@db/orders?sslmode=verify-full&sslrootcert=/no/sw0rd",
    "names a file in `sslrootcert` that can't be read (ENOENT); give the path of a PEM file",
  ],
  [
    "postgres://m:sw0rd@db/orders?sslmode=verify-full&sslcert=/dev/null",
    "has one of `sslcert` and `sslkey`; give both or none",
  ],
  ...["timeline=x", "timeline=0", "timeline=1&timeline=1"].map((parameters): readonly [string, string] => [
    `postgres://m:sw0rd@db/orders?${parameters}`,
    "has `timeline` twice, or not as a number; write once the number of the timeline that the server is on",
  ]),
  [
    "postgres://m:sw0rd@db/orders?application_name=x",
    "has an unknown parameter; use only host, sslmode, sslrootcert, sslcert, sslkey, timeline",
  ],
];

/** All that a log could hold of an error: its message, its causes and their fields. */
const everythingOf = (error: unknown) => inspect(error, { depth: 10, showHidden: true });

describe("a connection to PostgreSQL", function () {
  this.timeout(30_000);

  it("when its variable is missing or empty, then the variable is named", async () => {
    for (const env of [{}, { [VARIABLE]: "" }]) {
      await assert.rejects(async () => createTargets(env).get("postgres")?.connect(CONNECTION), {
        code: "connection-missing",
        message: `connection \`orders-production\` has no address; set ${VARIABLE} to a postgres:// address in the environment of the job`,
      });
    }
  });

  it("when its name is none, then no variable is read", async () => {
    await assert.rejects(async () => createTargets({}).get("postgres")?.connect("Orders_x"), {
      code: "input-invalid",
      message: "`Orders_x` is no connection name; use a to z, 0 to 9 and `-`",
    });
  });

  for (const [address, problem] of ADDRESSES) {
    it(`when its address is ${address}, then ${problem.split(";")[0]}`, async () => {
      const error = await targetOf(address)
        .connect(CONNECTION)
        .catch((fault: unknown) => fault);
      assert.equal((error as Error).message, `${FAULTY} ${problem}`);
      assert.equal((error as { code?: string }).code, "connection-failed");
      assert.ok(!everythingOf(error).includes("sw0rd"), everythingOf(error));
    });
  }

  describe("at a server", () => {
    let orders: OrdersServer;

    before(async () => {
      orders = await theServer();
    });
    afterEach(() => orders.reset());

    const SEE = "see whether the server runs and the address in the job's environment is right";
    const failing = (url: string) =>
      targetOf(url)
        .connect(CONNECTION)
        .then(
          () => assert.fail("the connection was opened"),
          (error: unknown) => error as Error & { code: string },
        );

    it("when the password is wrong, then that is said without it", async () => {
      const url = orders.server.url("elevation_manager", "orders").replace(/:[0-9a-f]+@/, ":sw0rd@");
      const error = await failing(url);
      assert.equal(error.code, "connection-failed");
      assert.equal(
        error.message,
        `connection \`orders-production\` could not be opened: password authentication failed for user "elevation_manager" (28P01); ${SEE}`,
      );
      assert.ok(!everythingOf(error).includes("sw0rd"));
    });

    it("when no server listens, then neither address nor password is shown", async () => {
      const error = await failing("postgres://m:sw0rd@127.0.0.1:1/orders");
      assert.equal(
        error.message,
        `connection \`orders-production\` could not be opened: connect ECONNREFUSED *** (ECONNREFUSED); ${SEE}`,
      );
      assert.ok(!/sw0rd|127\.0\.0\.1/.test(everythingOf(error)), everythingOf(error));
    });

    it("when the server has no TLS, then a mode that asks for it fails", async () => {
      const error = await failing(`${orders.server.url("elevation_manager", "orders")}?sslmode=verify-full`);
      assert.equal(
        error.message,
        `connection \`orders-production\` could not be opened: The server does not support SSL connections; ${SEE}`,
      );
    });

    it("when the server's words hold the password, then it is masked; a name that we say is not", async () => {
      await orders.superuser("CREATE ROLE leaky LOGIN PASSWORD 'sw0rd'");
      try {
        const { port } = orders.server;
        const error = await failing(`postgres://leaky-sw0rd:sw0rd@127.0.0.1:${port}/orders`);
        assert.equal(
          error.message,
          `connection \`orders-production\` could not be opened: password authentication failed for user "leaky-***" (28P01); ${SEE}`,
        );
        assert.ok(!everythingOf(error).includes("sw0rd"));
        // Evidence stays true: a name of the configuration is shown even if it is the password.
        const connection = await targetOf(`postgres://leaky:sw0rd@127.0.0.1:${port}/sw0rd`).connect(CONNECTION);
        const access = anAccess(connection.server, "f", { identity: "sw0rd" });
        await assert.rejects(connection.preflight(access.place), {
          message: "database `sw0rd` at connection `orders-production` lets nobody in; make it accept connections",
        });
        await connection.close();
      } finally {
        await orders.superuser("DROP ROLE leaky");
      }
    });

    it("when the session is cut, then calls fail clearly and the process lives", async () => {
      const connection = await orders.connect();
      await orders.superuser(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'elevation'",
      );
      await assert.rejects(connection.observe(anAccess(connection.server, "f")), {
        code: "connection-failed",
        message:
          /^connection `orders-production` could not look at the grant's role: .+; see whether the server runs, and try again$/,
      });
    });

    it("when it is open, then the session is called `elevation` and sees the catalog only", async () => {
      await orders.connect();
      const rows = await orders.superuser(
        "SELECT usename, datname FROM pg_stat_activity WHERE application_name = 'elevation'",
      );
      assert.deepEqual(rows, [["elevation_manager", "orders"]]);
    });

    it("when it leads to another server, then the identity differs, and a copy of the connection's doesn't", async () => {
      const other = await startPostgres();
      try {
        const here = await orders.connect();
        const again = await orders.connect();
        const there = await targetOf(other.url("postgres", "postgres")).connect(CONNECTION);
        assert.match(here.server, /^[0-9]+$/);
        assert.equal(here.server, again.server);
        assert.notEqual(here.server, there.server);
        await there.close();
      } finally {
        await other.stop();
      }
    });
  });
});
