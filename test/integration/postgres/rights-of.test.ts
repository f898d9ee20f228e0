// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { RIGHTS_OF } from "@elevation/provider/targets/postgres/handed-on-query";
import fc from "fast-check";
import { type OrdersServer, sharedOrdersServer } from "../../support/postgres";

const theServer = sharedOrdersServer();
const ROLES = ["rights_0", "rights_1", "rights_2", "rights_3", "rights_4"] as const;

/** A membership in a role that was made before its member, so that there is no circle. */
const edges = fc.uniqueArray(
  fc.record({ role: fc.nat(3), above: fc.nat(3), inherit: fc.boolean(), set: fc.boolean() }).map((edge) => {
    const role = Math.min(edge.role, 3);
    return { ...edge, role, member: Math.min(role + 1 + edge.above, 4) };
  }),
  { selector: ({ role, member }) => `${role} ${member}`, maxLength: 8 },
);

describe("whose rights a role has, walked", function () {
  this.timeout(60_000);
  let orders: OrdersServer;

  before(async () => {
    orders = await theServer();
    await orders.superuser(...ROLES.map((role) => `CREATE ROLE ${role}`));
  });
  after(async () => {
    await restore();
    await orders.superuser(...ROLES.map((role) => `DROP ROLE ${role}`));
  });

  const restore = () =>
    orders.superuser(
      "ALTER DATABASE orders OWNER TO postgres",
      ...ROLES.map((role) => `ALTER ROLE ${role} NOSUPERUSER`),
      `REVOKE ${ROLES.join(", ")} FROM ${ROLES.join(", ")}`,
    );
  const named = (sql: string) =>
    orders
      .superuser(`SELECT r.rolname FROM pg_roles r WHERE r.oid IN (${sql}) ORDER BY 1`)
      .then((rows) => rows.flat() as string[]);

  it("then it is what the server says, of each role in any graph of memberships", async () => {
    const cases = fc.asyncProperty(
      edges,
      fc.option(fc.constantFrom(...ROLES)),
      fc.option(fc.constantFrom(...ROLES)),
      async (memberships, owner, superuser) => {
        await restore();
        await orders.superuser(
          ...memberships.map(
            ({ role, member, inherit, set }) =>
              `GRANT ${ROLES[role]} TO ${ROLES[member]} WITH INHERIT ${inherit}, SET ${set}`,
          ),
          ...(owner === null ? [] : [`ALTER DATABASE orders OWNER TO ${owner}`]),
          ...(superuser === null ? [] : [`ALTER ROLE ${superuser} SUPERUSER`]),
        );
        for (const role of ROLES) {
          const oid = `'${role}'::regrole::oid`;
          for (const [hasOptions, way] of [
            [true, "USAGE"],
            [false, "MEMBER"],
          ] as const) {
            const said = await named(`SELECT o.oid FROM pg_roles o WHERE pg_has_role(${oid}, o.oid, '${way}')`);
            assert.deepEqual(await named(RIGHTS_OF(`SELECT ${oid}`, hasOptions)), said, `${role}, ${way}`);
          }
        }
      },
    );
    await fc.assert(cases, { numRuns: 40 });
  });
});
