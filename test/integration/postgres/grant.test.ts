// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { TargetConnection } from "@elevation/provider/lifecycle";
import { anAccess, type OrdersServer, sharedOrdersServer } from "../../support/postgres";

const theServer = sharedOrdersServer();

const DENIED = "permission denied for table orders";
/** Cuts all sessions. */
const END = async (): Promise<boolean> => false;

describe("a grant of a PostgreSQL role", function () {
  this.timeout(30_000);
  let orders: OrdersServer;
  let manager: TargetConnection;

  before(async () => {
    orders = await theServer();
  });
  beforeEach(async () => {
    manager = await orders.connect();
  });
  afterEach(() => orders.reset());

  it("when created, then the person can use the owner's rights in a session that was open before", async () => {
    const alice = await orders.open("alice");
    assert.equal(await alice.refusal("SELECT count(*) FROM orders"), DENIED);
    const access = anAccess(manager.server, "1");
    await manager.preflight(access.place);
    await manager.create(access);
    assert.deepEqual(await alice.sql("SELECT count(*)::int FROM orders"), [[30]]);
    assert.equal(await alice.refusal("ALTER TABLE orders ADD COLUMN note text"), null);
    assert.equal(await alice.refusal("ALTER TABLE orders DROP COLUMN note"), null);
    assert.deepEqual(await manager.observe(access), { state: "intact" });
  });

  it("when created, then the person can become neither the grant's role nor the policy's, nor pass them on", async () => {
    const access = anAccess(manager.server, "1");
    await manager.create(access);
    const alice = await orders.open("alice");
    const { object } = access.place;
    assert.equal(await alice.refusal("SET ROLE orders_admin"), 'permission denied to set role "orders_admin"');
    assert.equal(await alice.refusal(`SET ROLE ${object}`), `permission denied to set role "${object}"`);
    assert.equal(await alice.refusal(`GRANT ${object} TO mallory`), `permission denied to grant role "${object}"`);
    assert.equal(
      await alice.refusal("GRANT orders_admin TO mallory"),
      'permission denied to grant role "orders_admin"',
    );
  });

  it("when created, then the note holds the digest, the expiry and where the scan begins, and nobody can log in", async () => {
    const access = anAccess(manager.server, "1");
    await manager.create(access);
    const rows = await orders.superuser(
      `SELECT shobj_description(oid, 'pg_authid'), rolcanlogin FROM pg_roles WHERE rolname = '${access.place.object}'`,
    );
    const [note, canLogin] = rows[0] ?? [];
    assert.match(
      String(note),
      new RegExp(
        `^\\{"digest":"${access.digest}","expiresAt":"2026-11-24T10:00:00.000Z",("open":\\["[0-9]+"(,"[0-9]+")*\\],)?"since":"[0-9]+","timeline":1\\}$`,
      ),
    );
    assert.equal(canLogin, false);
  });

  it("when the name stands already, then create says so and changes nothing", async () => {
    const access = anAccess(manager.server, "1");
    await manager.create(access);
    await assert.rejects(manager.create(access), {
      code: "name-taken",
      message: `role \`${access.place.object}\` exists already at connection \`orders-production\`; nothing was changed`,
    });
    assert.deepEqual(await manager.observe(access), { state: "intact" });
  });

  it("when another process made it and died, then it is observed intact and adopted as it is", async () => {
    const access = anAccess(manager.server, "1");
    await manager.create(access);
    await manager.close();
    assert.deepEqual(await (await orders.connect()).observe(access), { state: "intact" });
  });

  it("when a connection is lost within create, then nothing is left", async () => {
    const access = anAccess(manager.server, "1");
    // A lock on the login, as ALTER ROLE takes it, holds create where its role and note already stand.
    const blocker = await orders.open("postgres");
    await blocker.sql("BEGIN");
    await blocker.sql("LOCK TABLE pg_auth_members IN EXCLUSIVE MODE");
    const creating = manager.create(access).catch((error: unknown) => error);
    const waits = "SELECT pid FROM pg_stat_activity WHERE usename = 'elevation_manager' AND wait_event_type = 'Lock'";
    for (;;) {
      const [row] = await orders.superuser(waits);
      if (row === undefined) continue;
      await orders.superuser(`SELECT pg_terminate_backend(${row[0]}, 5000)`);
      break;
    }
    const error = await creating;
    await blocker.sql("ROLLBACK");
    assert.equal((error as { code?: string }).code, "connection-failed");
    assert.deepEqual(await (await orders.connect()).observe(access), { state: "absent" });
  });

  it("when a commit of create is still under way, then it isn't called gone, and is ended once it is done", async () => {
    const access = anAccess(manager.server, "1");
    const admin = await orders.open("postgres");
    const reload = async (statement: string) => {
      await admin.sql(statement);
      await admin.sql("SELECT pg_reload_conf()");
    };
    await admin.sql("SET synchronous_commit = local");
    // A commit now waits for a standby that never comes; nobody sees its role, and its client may be dead.
    await reload("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    const other = await orders.connect();
    const creating = manager.create(access);
    try {
      const waits = "SELECT pid FROM pg_stat_activity WHERE usename = 'elevation_manager' AND wait_event = 'SyncRep'";
      while ((await admin.sql(waits)).length === 0);
      assert.deepEqual(await other.observe(access), { state: "absent" });
      await assert.rejects(other.revoke(access, END), {
        code: "revoke-failed",
        message: `role \`${access.place.object}\` at connection \`orders-production\` is being made by a transaction that does not finish; end it, or let the standby that it waits for come back`,
      });
    } finally {
      await reload("ALTER SYSTEM RESET synchronous_standby_names");
      await creating;
    }
    assert.deepEqual(await other.revoke(access, END), { found: true, sessionsEnded: 0, residue: [] });
    assert.deepEqual(await other.observe(access), { state: "absent" });
    await admin.close();
  }).timeout(20_000);

  it("when revoked, then the open session is cut and a new one is refused the work", async () => {
    const access = anAccess(manager.server, "1");
    await manager.create(access);
    const alice = await orders.open("alice");
    assert.deepEqual(await alice.sql("SELECT count(*)::int FROM orders"), [[30]]);
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 1, residue: [] });
    await alice.cut;
    assert.equal(await (await orders.open("alice")).refusal("SELECT count(*) FROM orders"), DENIED);
    assert.deepEqual(await manager.observe(access), { state: "absent" });
    assert.deepEqual(await orders.superuser("SELECT rolname FROM pg_roles WHERE rolname LIKE 'elev\\_%'"), []);
  });

  it("when revoked again, then it succeeds and ends nothing more", async () => {
    const access = anAccess(manager.server, "1");
    await manager.create(access);
    await manager.revoke(access, END);
    assert.deepEqual(await manager.revoke(access, END), { found: false, sessionsEnded: 0, residue: [] });
  });

  it("when two processes revoke at once, then both succeed", async () => {
    const access = anAccess(manager.server, "1");
    await manager.create(access);
    const other = await orders.connect();
    const both = await Promise.all([manager.revoke(access, END), other.revoke(access, END)]);
    assert.deepEqual(
      both.map(({ residue }) => residue),
      [[], []],
    );
    assert.deepEqual(await manager.observe(access), { state: "absent" });
  });

  for (const [first, second] of [
    ["1", "2"],
    ["2", "1"],
  ] as const) {
    it(`when two grants overlap and ${first} ends first, then the person keeps role and session until the last ends`, async () => {
      const accesses = { 1: anAccess(manager.server, "1"), 2: anAccess(manager.server, "2") };
      await manager.create(accesses[1]);
      await manager.create(accesses[2]);
      const alice = await orders.open("alice");
      assert.deepEqual(await manager.revoke(accesses[first], async () => true), {
        found: true,
        sessionsEnded: 0,
        residue: [],
      });
      assert.deepEqual(await alice.sql("SELECT count(*)::int FROM orders"), [[30]]);
      assert.deepEqual(await manager.observe(accesses[second]), { state: "intact" });
      assert.deepEqual(await manager.revoke(accesses[second], END), { found: true, sessionsEnded: 1, residue: [] });
      await alice.cut;
    });
  }

  it("when two people hold the same role, then ending one leaves the other's session alone", async () => {
    const hers = anAccess(manager.server, "1");
    const his = anAccess(manager.server, "2", { identity: "bruno" });
    await manager.create(hers);
    await manager.create(his);
    const bruno = await orders.open("bruno");
    await manager.revoke(hers, END);
    assert.deepEqual(await bruno.sql("SELECT count(*)::int FROM orders"), [[30]]);
  });

  it("when the role was dropped by hand, then it is absent and revoking ends what is still open", async () => {
    const access = anAccess(manager.server, "1");
    await manager.create(access);
    const alice = await orders.open("alice");
    await alice.sql("BEGIN");
    await alice.sql("DECLARE c CURSOR WITH HOLD FOR SELECT * FROM orders");
    await alice.sql("COMMIT");
    await orders.superuser(`DROP ROLE ${access.place.object}`);
    assert.deepEqual(await manager.observe(access), { state: "absent" });
    assert.equal((await alice.sql("FETCH 3 FROM c")).length, 3);
    assert.deepEqual(await manager.revoke(access, END), { found: false, sessionsEnded: 1, residue: [] });
    await alice.cut;
  });

  it("when the policy's role is gone, then revoking still ends the rest", async () => {
    await orders.superuser("CREATE ROLE reports_admin", "GRANT reports_admin TO elevation_manager WITH ADMIN TRUE");
    const access = anAccess(manager.server, "1", { role: "reports_admin" });
    await manager.create(access);
    await orders.superuser("DROP ROLE reports_admin");
    assert.deepEqual(await manager.observe(access), {
      state: "damaged",
      differences: [`\`${access.place.object}\` is no member of \`reports_admin\` any more`],
    });
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 0, residue: [] });
    assert.deepEqual(await manager.observe(access), { state: "absent" });
  });

  it("when the login was renamed, then its sessions are found by the membership", async () => {
    const access = anAccess(manager.server, "1");
    await manager.create(access);
    const alice = await orders.open("alice");
    await orders.superuser("ALTER ROLE alice RENAME TO alice_renamed");
    try {
      assert.deepEqual(await manager.observe(access), {
        state: "damaged",
        differences: [
          `\`alice\` is no member of \`${access.place.object}\` any more`,
          `\`alice_renamed\` is a member of \`${access.place.object}\` by a grant of \`elevation_manager\``,
        ],
      });
      assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 1, residue: [] });
      await alice.cut;
    } finally {
      await orders.superuser("ALTER ROLE alice_renamed RENAME TO alice");
    }
  });

  it("when the login was dropped, then revoking takes the rest away", async () => {
    await orders.superuser("CREATE ROLE temp LOGIN");
    const access = anAccess(manager.server, "1", { identity: "temp" });
    await manager.create(access);
    await orders.superuser("DROP ROLE temp");
    assert.equal((await manager.observe(access)).state, "damaged");
    assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 0, residue: [] });
    assert.deepEqual(await manager.observe(access), { state: "absent" });
  });

  it("when names need quoting, then they are quoted", async () => {
    const odd = `O'Neil "x" \\ ; DROP`;
    const quoted = `"${odd.replaceAll('"', '""')}"`;
    await orders.superuser(`CREATE ROLE ${quoted} LOGIN`);
    try {
      const access = anAccess(manager.server, "1", { identity: odd });
      await manager.preflight(access.place);
      await manager.create(access);
      assert.deepEqual(await manager.observe(access), { state: "intact" });
      assert.deepEqual(await manager.revoke(access, END), { found: true, sessionsEnded: 0, residue: [] });
    } finally {
      await orders.superuser(`DROP ROLE ${quoted}`);
    }
  });

  it("when the clock is read, then it is the server's, with half the round trip", async () => {
    const before = Date.now();
    const { now, precision } = await manager.clock();
    assert.ok(now >= before - 1 && now <= Date.now() + 1, `${now} is not between ${before} and now`);
    assert.ok(precision >= 0 && precision < 5_000);
  });

  it("when the place names another object than the digest, then nothing is touched", async () => {
    const access = anAccess(manager.server, "1", { object: "orders_admin" });
    await assert.rejects(manager.revoke(access, END), {
      code: "input-invalid",
      message: `the grant's object is \`orders_admin\`, its digest names \`elev_${"1".repeat(40)}\`; restore the state from a backup`,
    });
  });
});
