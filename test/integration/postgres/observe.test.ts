// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Access, TargetConnection } from "@elevation/provider/lifecycle";
import { anAccess, type OrdersServer, sharedOrdersServer } from "../../support/postgres";

const theServer = sharedOrdersServer();

const ROLE = `elev_${"d".repeat(40)}`;

interface Case {
  readonly name: string;
  /** Run by the superuser after the grant was made. */
  readonly by: readonly string[];
  readonly state: "wider" | "damaged" | "foreign";
  readonly differences: readonly string[];
  /** What cutBack says if it can't take it away. */
  readonly stays?: string;
}

const note = (changes: Record<string, unknown>) =>
  JSON.stringify({
    digest: `sha256:${"d".repeat(64)}`,
    expiresAt: "2026-11-24T10:00:00.000Z",
    since: "700",
    timeline: 1,
    ...changes,
  });

const CASES: readonly Case[] = [
  {
    name: "the person may set the role",
    by: [`GRANT ${ROLE} TO alice WITH SET TRUE GRANTED BY elevation_manager`],
    state: "wider",
    differences: [`\`alice\` can set role \`${ROLE}\``],
  },
  {
    name: "the person has ADMIN",
    by: [`GRANT ${ROLE} TO alice WITH ADMIN TRUE GRANTED BY elevation_manager`],
    state: "wider",
    differences: [`\`alice\` has ADMIN on \`${ROLE}\``],
  },
  {
    name: "another member, by our login",
    by: [`GRANT ${ROLE} TO bruno GRANTED BY elevation_manager`],
    state: "wider",
    differences: [`\`bruno\` is a member of \`${ROLE}\` by a grant of \`elevation_manager\``],
  },
  {
    name: "another member, by a superuser",
    by: [`GRANT ${ROLE} TO bruno`],
    state: "wider",
    differences: [`\`bruno\` is a member of \`${ROLE}\` by a grant of \`postgres\``],
    stays: `role \`${ROLE}\` could not be cut back: \`bruno\` is a member of \`${ROLE}\` by a grant of \`postgres\`; role \`${ROLE}\` could not be revoked from \`bruno\`: permission denied to revoke privileges granted by role "postgres" (42501); let a superuser take it away`,
  },
  {
    name: "the person a second time, by a superuser",
    by: [`GRANT ${ROLE} TO alice`],
    state: "wider",
    differences: [`\`alice\` is a member of \`${ROLE}\` by a grant of \`postgres\``],
    stays: `role \`${ROLE}\` could not be cut back: \`alice\` is a member of \`${ROLE}\` by a grant of \`postgres\`; role \`${ROLE}\` could not be revoked from \`alice\`: permission denied to revoke privileges granted by role "postgres" (42501); let a superuser take it away`,
  },
  {
    name: "another role",
    by: [`GRANT orders_reader TO ${ROLE} GRANTED BY elevation_manager`],
    state: "wider",
    differences: [`\`${ROLE}\` is a member of \`orders_reader\` by a grant of \`elevation_manager\``],
  },
  {
    name: "a login with an end",
    by: [`ALTER ROLE ${ROLE} LOGIN VALID UNTIL '2027-01-01'`],
    state: "wider",
    differences: [`\`${ROLE}\` has LOGIN`, `\`${ROLE}\` has VALID UNTIL`],
  },
  {
    name: "CREATEROLE",
    by: [`ALTER ROLE ${ROLE} CREATEROLE`],
    state: "wider",
    differences: [`\`${ROLE}\` has CREATEROLE`],
  },
  {
    name: "a later expiry in the note",
    by: [`COMMENT ON ROLE ${ROLE} IS '${note({ expiresAt: "2026-11-25T10:00:00.000Z" })}'`],
    state: "wider",
    differences: [`the note of \`${ROLE}\` says 2026-11-25T10:00:00.000Z, the grant ends at 2026-11-24T10:00:00.000Z`],
  },
  {
    name: "more in the note",
    by: [`COMMENT ON ROLE ${ROLE} IS '${note({ more: true })}'`],
    state: "wider",
    differences: [`the note of \`${ROLE}\` was rewritten`],
  },
  {
    name: "no expiry in the note",
    by: [`COMMENT ON ROLE ${ROLE} IS '${note({ expiresAt: "soon" })}'`],
    state: "wider",
    differences: [`the note of \`${ROLE}\` was rewritten`],
  },
  {
    name: "an earlier expiry in the note",
    by: [`COMMENT ON ROLE ${ROLE} IS '${note({ expiresAt: "2026-11-23T10:00:00.000Z" })}'`],
    state: "damaged",
    differences: [`the note of \`${ROLE}\` says 2026-11-23T10:00:00.000Z, the grant ends at 2026-11-24T10:00:00.000Z`],
  },
  {
    name: "the person's membership is gone",
    by: [`REVOKE ${ROLE} FROM alice GRANTED BY elevation_manager`],
    state: "damaged",
    differences: [`\`alice\` is no member of \`${ROLE}\` any more`],
  },
  {
    name: "the person's membership is gone, but a superuser made another",
    by: [`REVOKE ${ROLE} FROM alice GRANTED BY elevation_manager`, `GRANT ${ROLE} TO alice`],
    state: "damaged",
    differences: [
      `\`alice\` is no member of \`${ROLE}\` any more`,
      `\`alice\` is a member of \`${ROLE}\` by a grant of \`postgres\``,
    ],
  },
  {
    name: "the person no longer inherits",
    by: [`GRANT ${ROLE} TO alice WITH INHERIT FALSE GRANTED BY elevation_manager`],
    state: "damaged",
    differences: [`\`alice\` does not inherit from \`${ROLE}\` any more`],
  },
  {
    name: "the policy's role is gone from it",
    by: [`REVOKE orders_admin FROM ${ROLE} GRANTED BY elevation_manager`],
    state: "damaged",
    differences: [`\`${ROLE}\` is no member of \`orders_admin\` any more`],
  },
  {
    name: "the comment is gone",
    by: [`COMMENT ON ROLE ${ROLE} IS NULL`],
    state: "foreign",
    differences: [`the comment of role \`${ROLE}\` is not the note of this grant`],
  },
  {
    name: "the note is another digest's that begins alike",
    by: [`COMMENT ON ROLE ${ROLE} IS '${note({ digest: `sha256:${"d".repeat(63)}e` })}'`],
    state: "foreign",
    differences: [`the comment of role \`${ROLE}\` is not the note of this grant`],
  },
  {
    name: "our login is its maker no more",
    by: [`REVOKE ${ROLE} FROM elevation_manager CASCADE`],
    state: "foreign",
    differences: [`role \`${ROLE}\` was made by a superuser or a login that is gone, not by \`elevation_manager\``],
  },
];

describe("a grant's role that was changed at the server", function () {
  this.timeout(30_000);
  let orders: OrdersServer;
  let manager: TargetConnection;
  let access: Access;

  before(async () => {
    orders = await theServer();
  });
  beforeEach(async () => {
    manager = await orders.connect();
    access = anAccess(manager.server, "d");
    await manager.create(access);
  });
  afterEach(() => orders.reset());

  for (const { name, by, state, differences, stays } of CASES) {
    it(`when ${name}, then it is ${state}`, async () => {
      await orders.superuser(...by);
      assert.deepEqual(await manager.observe(access), { state, differences });
      if (state !== "wider") return;
      if (stays !== undefined) {
        await assert.rejects(manager.cutBack(access), { code: "rights-missing", message: stays });
        return;
      }
      await manager.cutBack(access);
      assert.deepEqual(await manager.observe(access), { state: "intact" });
    });

    it(`when ${name}, then revoking ends it all the same`, async () => {
      await orders.superuser(...by);
      const alice = await orders.open("alice");
      const bruno = await orders.open("bruno");
      await manager.revoke(access, async () => false);
      await alice.cut;
      for (const session of [bruno, await orders.open("alice"), await orders.open("bruno")]) {
        const message = await session.refusal("SELECT count(*) FROM orders").catch(() => "cut");
        assert.notEqual(message, null);
      }
    });
  }

  it("when a member is cut back, then its open session ends and the person's goes on", async () => {
    await orders.superuser(`GRANT ${ROLE} TO bruno GRANTED BY elevation_manager`);
    const alice = await orders.open("alice");
    const bruno = await orders.open("bruno");
    await manager.cutBack(access);
    await bruno.cut;
    assert.deepEqual(await alice.sql("SELECT count(*)::int FROM orders"), [[30]]);
  });

  it("when it is intact or gone, then cutting back changes nothing", async () => {
    await manager.cutBack(access);
    assert.deepEqual(await manager.observe(access), { state: "intact" });
    await manager.revoke(access, async () => false);
    await manager.cutBack(access);
    assert.deepEqual(await manager.observe(access), { state: "absent" });
  });
});
