// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Access } from "@elevation/provider/lifecycle";
import {
  anAccess,
  CONNECTION,
  type OrdersServer,
  type PersonSession,
  startOrdersServer,
  targetOf,
} from "../../support/postgres";

/** Cuts all sessions. */
const END = async (): Promise<boolean> => false;

describe("a requester who uses up all connections", function () {
  this.timeout(30_000);
  let orders: OrdersServer;
  let access: Access;

  before(async function () {
    orders = await startOrdersServer({
      settings: {
        max_connections: "9",
        superuser_reserved_connections: "2",
        reserved_connections: "2",
        max_wal_senders: "0",
      },
    });
    if (orders.major < 16) this.skip();
  });
  after(() => orders.stop());
  beforeEach(async () => {
    const manager = await orders.connect();
    access = anAccess(manager.server, "8");
    await manager.create(access);
    await manager.close();
  });
  afterEach(() => orders.reset());

  /** Opens sessions of hers until the server takes no more. */
  const useUp = async (): Promise<readonly PersonSession[]> => {
    const sessions: PersonSession[] = [];
    for (;;) {
      const session = await orders.open("alice").catch((error: Error) => error);
      if (session instanceof Error) {
        assert.match(session.message, /^remaining connection slots are reserved for/);
        return sessions;
      }
      sessions.push(session);
    }
  };

  it("when some are kept for the manager, then it gets in and ends all of hers", async () => {
    await orders.superuser("GRANT pg_use_reserved_connections TO elevation_manager WITH INHERIT TRUE, SET FALSE");
    try {
      const sessions = await useUp();
      const manager = await orders.connect();
      assert.deepEqual(await manager.revoke(access, END), {
        found: true,
        sessionsEnded: sessions.length,
        residue: [],
      });
      await Promise.all(sessions.map((session) => session.cut));
    } finally {
      await orders.superuser("REVOKE pg_use_reserved_connections FROM elevation_manager");
    }
  });

  it("when her login may have few, then the manager gets in without any kept for it", async () => {
    await orders.superuser("ALTER ROLE alice CONNECTION LIMIT 2");
    try {
      await orders.open("alice");
      await orders.open("alice");
      await assert.rejects(orders.open("alice"), { message: 'too many connections for role "alice"' });
      assert.deepEqual(await (await orders.connect()).revoke(access, END), {
        found: true,
        sessionsEnded: 2,
        residue: [],
      });
    } finally {
      await orders.superuser("ALTER ROLE alice CONNECTION LIMIT -1");
    }
  });

  it("when none are kept, then the end fails and says so, and happens once one is free", async () => {
    const [first, ...rest] = await useUp();
    assert.ok(first !== undefined && rest.length > 0);
    // A process that has no session of its own that waits.
    const other = targetOf(orders.server.url("elevation_manager", "orders"));
    await assert.rejects(other.connect(CONNECTION), {
      code: "connection-failed",
      message:
        /^connection `orders-production` could not be opened: remaining connection slots are reserved for roles with privileges of the "pg_use_reserved_connections" role \(53300\); see whether the server runs/,
    });
    assert.deepEqual(await first.sql("SELECT count(*)::int FROM orders"), [[30]]);
    await orders.superuser(`SELECT pg_terminate_backend(${first.pid}, 5000)`);
    const manager = await orders.connect();
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: rest.length, residue: [] });
    await Promise.all(rest.map((session) => session.cut));
  });
});
