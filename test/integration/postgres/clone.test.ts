// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Access, TargetConnection } from "@elevation/provider/lifecycle";
import { PostgresTarget } from "@elevation/provider/targets";
import { type PostgresServer, startPostgres } from "@elevation/scripts/support/postgres";
import {
  anAccess,
  CONNECTION,
  type OrdersServer,
  sharedOrdersServer,
  targetOf,
  VARIABLE,
} from "../../support/postgres";

const theServer = sharedOrdersServer();

const DENIED = "permission denied for table orders";
/** Cuts all sessions. */
const END = async (): Promise<boolean> => false;

describe("a connection that leads to a copy of the grant's server", function () {
  this.timeout(60_000);
  let orders: OrdersServer;
  let copies: { promoted: PostgresServer; plain: PostgresServer };
  let access: Access;
  let later: Access;
  let role: string;

  before("copy the server", async () => {
    orders = await theServer();
    const manager = await orders.connect();
    access = anAccess(manager.server, "7");
    later = anAccess(manager.server, "6");
    role = access.place.object;
    await manager.create(access);
    const { server } = orders;
    const major = orders.major;
    const promoted = await startPostgres({ major: chosen(major), copyOf: { server, promoted: true } });
    const plain = await startPostgres({ major: chosen(major), copyOf: { server, promoted: false } });
    copies = { promoted, plain };
    await (await orders.connect()).create(later);
  });
  after(async () => {
    await copies.promoted.stop();
    await copies.plain.stop();
    await orders.reset();
  });

  const url = (server: PostgresServer) => server.url("elevation_manager", "orders");
  const connectTo = (server: PostgresServer, parameters = ""): Promise<TargetConnection> =>
    targetOf(`${url(server)}${parameters}`).connect(CONNECTION);
  const aliceStillReads = async () =>
    assert.equal(await (await orders.open("alice")).refusal("SELECT count(*) FROM orders"), null);

  it("when it was copied, then it says that it is the same server", async () => {
    for (const copy of Object.values(copies)) {
      const connection = await connectTo(copy);
      assert.equal(connection.server, access.place.server);
      await connection.close();
    }
  });

  it("when it was promoted or restored, then the access is taken away there, and the end fails every time", async () => {
    const copy = await connectTo(copies.promoted);
    for (const found of ["intact", "absent"]) {
      assert.deepEqual(await copy.observe(access), { state: found });
      await assert.rejects(copy.revoke(access, END), {
        code: "revoke-failed",
        message:
          `role \`${role}\` at connection \`orders-production\` could not be ended: it was made on timeline 1 and the server is on 2, ` +
          "so it was promoted or restored since: here it gives nothing any more, but the one that it comes from may still run; " +
          "see that it doesn't, then write `timeline=2` into the connection's address, or drop the role",
      });
    }
    await copy.close();
    await aliceStillReads();
    const sweeper = await new PostgresTarget({ [VARIABLE]: url(copies.promoted) }).connect(CONNECTION);
    assert.deepEqual(await sweeper.sweep(() => true), []);
    await sweeper.close();
  });

  it("when the address names the timeline of the copy, then it is believed to be the grant's server", async () => {
    const copy = await connectTo(copies.promoted, "?timeline=2");
    assert.deepEqual(await copy.revoke(access, END), { found: false, sessionsEnded: 0, residue: [] });
    await copy.close();
  });

  it("when the address names the timeline of the activation, then the copy is refused, whatever stands in it", async () => {
    for (const parameters of ["?timeline=1", "?sslmode=disable&timeline=1", "?timeline=1&sslmode=disable"]) {
      await assert.rejects(connectTo(copies.promoted, parameters), {
        code: "server-changed",
        message:
          "the server at connection `orders-production` is on timeline 2, the connection's address names 1: it was promoted or restored; " +
          "see that the one that it comes from no longer runs, then write `timeline=2`",
      });
      await (await connectTo(orders.server, parameters)).close();
    }
  });

  it("when the copy was promoted and the grant came later, then it isn't called ended, unless the timeline is named", async () => {
    const copy = await connectTo(copies.promoted);
    assert.deepEqual(await copy.observe(later), { state: "absent" });
    await assert.rejects(copy.revoke(later, END), {
      code: "revoke-failed",
      message:
        `role \`${later.place.object}\` at connection \`orders-production\` could not be ended: it is not there, but the server is on timeline 2, ` +
        "so it was promoted or restored once and may be a copy from before the grant; " +
        "see that it is the server of the grant, then write `timeline=2` into the connection's address",
    });
    await copy.close();
    const named = await connectTo(copies.promoted, "?timeline=2");
    assert.deepEqual(await named.revoke(later, END), { found: false, sessionsEnded: 0, residue: [] });
    await named.close();
  });

  it("when a grant is made after a promotion, then it is ended there", async () => {
    const copy = await connectTo(copies.promoted);
    const another = anAccess(copy.server, "5");
    await copy.create(another);
    assert.deepEqual(await copy.observe(another), { state: "intact" });
    assert.deepEqual(await copy.revoke(another, END), { found: true, sessionsEnded: 0, residue: [] });
    await copy.close();
  });

  it("when files were copied and started as they are, whenever the grant was made, then nothing tells them apart", async () => {
    const plain = await connectTo(copies.plain);
    assert.deepEqual(await plain.revoke(access, END), { found: true, sessionsEnded: 0, residue: [] });
    assert.deepEqual(await plain.revoke(later, END), { found: false, sessionsEnded: 0, residue: [] });
    await plain.close();
    await aliceStillReads();
  });

  it("when the copy's manager may not log in, as docs/postgres.md asks, then it is refused", async () => {
    const { Client } = await import("pg");
    const client = new Client({ connectionString: copies.plain.url("postgres", "postgres") });
    await client.connect();
    await client.query("ALTER ROLE elevation_manager NOLOGIN");
    await client.end();
    await assert.rejects(connectTo(copies.plain), {
      code: "connection-failed",
      message:
        'connection `orders-production` could not be opened: role "elevation_manager" is not permitted to log in (28000); ' +
        "see whether the server runs and the address in the job's environment is right",
    });
  });

  it("when the connection leads back, then the grant ends", async () => {
    const manager = await orders.connect();
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 2, residue: [] });
    assert.deepEqual(await manager.revoke(later, END), { found: true, sessionsEnded: 0, residue: [] });
    assert.equal(await (await orders.open("alice")).refusal("SELECT count(*) FROM orders"), DENIED);
  });
});

/** The newest version has no package of its own name. */
function chosen(major: number): number | undefined {
  return major === 18 ? undefined : major;
}
