// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Place } from "@elevation/domain";
import type { TargetConnection } from "@elevation/provider/lifecycle";
import { anAccess, CONNECTION, type OrdersServer, sharedOrdersServer, targetOf } from "../../support/postgres";

const theServer = sharedOrdersServer();

const AT = "at connection `orders-production`";

interface Case {
  readonly name: string;
  readonly place?: Partial<Place>;
  /** Run by the superuser before, and after to undo it. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** Another login than the manager's connects. */
  readonly as?: string;
  readonly code: string;
  readonly message: string;
}

const CASES: readonly Case[] = [
  {
    name: "the login is missing",
    place: { identity: "nobody-here" },
    code: "login-missing",
    message: `login \`nobody-here\` does not exist ${AT}; create it, or correct the person's identity \`postgres\` in the directory`,
  },
  {
    name: "the login's name is longer than a name can be, and begins like another's",
    place: { identity: `${"long".repeat(15)}xyz-and-more` },
    before: [`CREATE ROLE ${"long".repeat(15)}xyz LOGIN`],
    after: [`DROP ROLE ${"long".repeat(15)}xyz`],
    code: "login-missing",
    message: `login \`${"long".repeat(15)}xyz-and-more\` does not exist ${AT}; create it, or correct the person's identity \`postgres\` in the directory`,
  },
  {
    name: "the identity is a group",
    place: { identity: "orders_reader" },
    code: "login-missing",
    message: `role \`orders_reader\` ${AT} can't log in; name the person's own login as identity \`postgres\` in the directory`,
  },
  {
    name: "the login is a superuser",
    place: { identity: "postgres" },
    code: "target-unsupported",
    message: `login \`postgres\` ${AT} is a superuser, from whom nothing can be taken; take SUPERUSER from it`,
  },
  {
    name: "the login has CREATEROLE",
    before: ["ALTER ROLE alice CREATEROLE"],
    after: ["ALTER ROLE alice NOCREATEROLE"],
    code: "target-unsupported",
    message: `login \`alice\` ${AT} has CREATEROLE, with which it could hand access on to new logins; take CREATEROLE from it`,
  },
  {
    name: "the login is the manager's",
    place: { identity: "elevation_manager" },
    code: "target-unsupported",
    message: `login \`elevation_manager\` ${AT} is the one that makes and ends grants; give the person a login of their own`,
  },
  {
    name: "the login is shared",
    before: ["GRANT alice TO bruno, chiara"],
    after: ["REVOKE alice FROM bruno, chiara"],
    code: "target-unsupported",
    message: `login \`alice\` ${AT} is shared with \`bruno\` and \`chiara\`, who would get the access too; revoke its membership from them`,
  },
  {
    name: "the role is missing",
    place: { role: "no_such_role" },
    code: "role-missing",
    message: `role \`no_such_role\` does not exist ${AT}; create it, or correct the role's target in the policy`,
  },
  {
    name: "the role is a superuser",
    before: ["CREATE ROLE root_like SUPERUSER"],
    after: ["DROP ROLE root_like"],
    place: { role: "root_like" },
    code: "target-unsupported",
    message: `role \`root_like\` ${AT} is a superuser, whose rights no manager can hand on; offer a role without SUPERUSER`,
  },
  ...["pg_signal_backend", "pg_use_reserved_connections", "pg_execute_server_program", "pg_write_server_files"].map(
    (role): Case => ({
      name: `the role has ${role}`,
      before: [`GRANT ${role} TO orders_admin`],
      after: [`REVOKE ${role} FROM orders_admin`],
      code: "target-unsupported",
      message: `role \`orders_admin\` ${AT} has ${role}, with which the holder could keep the manager from ending the grant; take that from it`,
    }),
  ),
  {
    name: "the login has pg_signal_backend by another role",
    before: ["CREATE ROLE operators IN ROLE pg_signal_backend ROLE alice"],
    after: ["DROP ROLE operators"],
    code: "target-unsupported",
    message: `login \`alice\` ${AT} has pg_signal_backend, with which the holder could keep the manager from ending the grant; take that from it`,
  },
  {
    name: "the manager has no ADMIN on the role",
    before: ["CREATE ROLE not_managed"],
    after: ["DROP ROLE not_managed"],
    place: { role: "not_managed" },
    code: "rights-missing",
    message: `the manager \`elevation_manager\` ${AT} lacks ADMIN on \`not_managed\`; let a superuser run: GRANT "not_managed" TO "elevation_manager" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
  },
  {
    name: "the manager has no right at all",
    as: "mallory",
    code: "rights-missing",
    message:
      `the manager \`mallory\` ${AT} lacks CREATEROLE, ADMIN on \`orders_admin\` and pg_signal_backend; let a superuser run: ALTER ROLE "mallory" CREATEROLE; ` +
      `GRANT "orders_admin" TO "mallory" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE; GRANT pg_signal_backend TO "mallory" WITH INHERIT TRUE, SET FALSE`,
  },
  {
    name: "the manager is a superuser",
    as: "postgres",
    code: "rights-missing",
    message: `the manager \`postgres\` ${AT} is a superuser, whose objects can't be told from others'; connect as a login with CREATEROLE only`,
  },
];

describe("what must be so before a grant is made", function () {
  this.timeout(30_000);
  let orders: OrdersServer;

  before(async () => {
    orders = await theServer();
  });
  afterEach(() => orders.reset());

  const roles = () => orders.superuser("SELECT count(*)::int FROM pg_roles");
  const memberships = () => orders.superuser("SELECT count(*)::int FROM pg_auth_members");

  it("when the role has pg_maintain, known since PostgreSQL 17, then that is said", async function () {
    if (orders.major < 17) this.skip();
    await orders.superuser("GRANT pg_maintain TO orders_admin");
    try {
      const connection = await orders.connect();
      await assert.rejects(connection.preflight(anAccess(connection.server, "e").place), {
        code: "target-unsupported",
        message: `role \`orders_admin\` ${AT} has pg_maintain, with which the holder could keep the manager from ending the grant; take that from it`,
      });
    } finally {
      await orders.superuser("REVOKE pg_maintain FROM orders_admin");
    }
  });

  for (const { name, place, before: first, after: last, as, code, message } of CASES) {
    it(`when ${name}, then that is said, and neither preflight nor create leaves anything behind`, async () => {
      await orders.superuser(...(first ?? []));
      const target = targetOf(orders.server.url(as ?? "elevation_manager", "orders"));
      const connection: TargetConnection = await target.connect(CONNECTION);
      try {
        const access = anAccess(connection.server, "e", place ?? {});
        const before = [await roles(), await memberships()];
        await assert.rejects(connection.preflight(access.place), { code, message });
        // create without preflight may work where only revoking would not: it must never half work.
        const made = await connection.create(access).then(
          () => true,
          () => false,
        );
        if (!made) assert.deepEqual([await roles(), await memberships()], before);
      } finally {
        await connection.close();
        await orders.reset();
        await orders.superuser(...(last ?? []));
      }
    });
  }

  it("when all is well, then preflight says nothing and changes nothing", async () => {
    const connection = await orders.connect();
    const before = [await roles(), await memberships()];
    await connection.preflight(anAccess(connection.server, "e").place);
    assert.deepEqual([await roles(), await memberships()], before);
  });
});
