// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type OrdersServer, sharedOrdersServer } from "../../support/postgres";
import { elevate } from "./elevate";
import { ADMIN_WORK, aTeam, BY, SHORT, type Team } from "./team";

/** All that a grant's life could change at the server, besides the tables. */
const CATALOG = `
  SELECT 'role', rolname, rolvaliduntil::text, rolcanlogin::text FROM pg_roles
  UNION ALL SELECT 'member', roleid::regrole::text, member::regrole::text, to_jsonb(m)::text FROM pg_auth_members m
  UNION ALL SELECT 'note', objoid::text, description, '' FROM pg_shdescription
  UNION ALL SELECT 'rights', objid::text, refobjid::text, deptype::text FROM pg_shdepend
  ORDER BY 1, 2, 3, 4`;
const server = sharedOrdersServer();

describe("elevate reap --dry-run", () => {
  let orders: OrdersServer;
  let team: Team;

  before(async function () {
    this.timeout(60_000);
    orders = await server();
  });
  beforeEach(async () => {
    team = await aTeam(orders);
  });
  afterEach(async () => {
    await orders.reset();
    team.project.remove();
  });

  /** Runs it, and makes sure that it changed nothing. */
  async function dryRun(args: readonly string[], changes: Readonly<Record<string, string>> = {}) {
    const world = async () => ({
      journal: team.project.read("journal.jsonl"),
      catalog: await orders.superuser(CATALOG),
    });
    const before = await world();
    const ran = await elevate(["reap", "--dry-run", ...args], {
      cwd: team.project.path,
      env: { ...team.env, ...changes },
    });
    assert.deepEqual(await world(), before);
    return ran;
  }

  it("when nothing is due, then that is said with exit 0, also where something ends or starts later", async () => {
    await team.grant("alice-orders");
    await team.schedule("alice-later", 600_000);
    const nothing = { exit: 0, stdout: "nothing is due\n", stderr: "" };
    assert.deepEqual(await dryRun(["--once", "--activate", "--declared", "stacks/requests", ...BY]), nothing);
    assert.deepEqual(await dryRun(["--activate", "--listen", "0", ...BY]), nothing);
  });

  it("when grants must end or start, then it tells which and why with exit 1, and does nothing of it", async () => {
    const overdue = await team.grant("alice-overdue", { duration: "PT0.1S" });
    const withdrawn = await team.grant("alice-withdrawn");
    await team.grant("alice-staying");
    const due = await team.schedule("alice-due", 1500);
    const gone = await team.schedule("alice-gone", 600_000);
    for (const name of ["alice-withdrawn", "alice-gone"])
      rmSync(join(team.project.path, `stacks/requests/${name}.yaml`));
    const session = await orders.open("alice");
    await delay(due.startAt - Date.now());

    const args = ["--once", "--activate", "--declared", "stacks/requests", ...BY];
    const { exit, stdout, stderr } = await dryRun([...args, "--json"]);
    assert.deepEqual([exit, stderr], [1, ""]);
    const { at, grants, scheduled, ...rest } = JSON.parse(stdout) as {
      at: string;
      grants: Record<string, unknown>[];
      scheduled: Record<string, unknown>[];
    };
    assert.deepEqual(rest, { journal: team.address, dryRun: true });
    const common = { requester: "alice@example.com", environment: "production", stuck: null };
    assert.deepEqual(grants, [
      {
        ...{ ...common, request: overdue.digest, name: "alice-overdue", target: overdue.place, cause: "expiry" },
        ...{ expiresAt: overdue.expiresAt, overdueMs: grants[0]?.["overdueMs"] },
      },
      {
        ...{ ...common, request: withdrawn.digest, name: "alice-withdrawn", target: withdrawn.place },
        ...{ expiresAt: withdrawn.expiresAt, cause: "withdrawn", overdueMs: null },
      },
    ]);
    const since = Date.parse(at) - Date.parse(overdue.expiresAt ?? "");
    assert.ok(Math.abs(Number(grants[0]?.["overdueMs"]) - since) < 5_000);
    assert.deepEqual(
      scheduled.map(({ request, outcome, reason }) => ({ request, outcome, reason })),
      [
        { request: gone.inputs.digest, outcome: "withdrawn", reason: null },
        { request: due.inputs.digest, outcome: "activated", reason: null },
      ],
    );

    const shown = (await dryRun(args)).stdout.trimEnd().split("\n");
    assert.match(shown[1] ?? "", /^alice-overdue +alice@example.com .+ +expiry +now, \d+ s overdue$/);
    assert.match(shown[2] ?? "", /^alice-withdrawn +alice@example.com .+ +withdrawn +now$/);
    assert.match(shown[3] ?? "", /^scheduled +person +environment +role +start +until +would be$/);
    assert.match(shown[4] ?? "", /^alice-gone .+ - +withdrawn$/);
    assert.match(shown[5] ?? "", /^alice-due .+Z +activated$/);
    assert.equal(shown[6], "nothing was changed: this is a dry run");
    // The first look of a reaper that keeps running: without a folder nothing is withdrawn, and nothing is activated unless it is told to.
    const look = JSON.parse((await dryRun(["--json"])).stdout) as { grants: { name: string }[]; scheduled: unknown[] };
    assert.deepEqual([look.grants.map(({ name }) => name), look.scheduled], [["alice-overdue"], []]);
    assert.deepEqual(await session.sql(ADMIN_WORK), [[30]]);
  });

  it("when a grant is stuck, then the reason of the last try stands above, and the target need not answer", async () => {
    const away = { ELEVATION_CONNECTION_ORDERS_PRODUCTION: "postgres://elevation_manager@127.0.0.1:1/orders" };
    await team.grant("alice-orders", { duration: "PT0.1S" });
    const env = { ...team.env, ...away };
    assert.equal((await elevate(["reap", "--once"], { cwd: team.project.path, env })).exit, 4);
    const { exit, stdout } = await dryRun(["--once"], away);
    assert.equal(exit, 1);
    assert.match(
      stdout,
      /^STUCK: alice-orders \(alice@example.com\): connection `orders-production` could not be opened: /,
    );
  });

  it("when a start would be denied, then why is told, and it is no reason for exit 1; when what is in its way ends, it would be activated", async () => {
    const limited = SHORT.replace("requests:", "limits: { perPerson: { live: 1 } }\nrequests:");
    team.project.write("policypack/elevation.yaml", limited);
    const live = await team.grant("alice-live", { duration: "PT6S" });
    const due = await team.schedule("alice-due", 500);
    await delay(due.startAt - Date.now());
    const args = ["--once", "--activate", ...BY];
    const denied = await dryRun(args);
    assert.match(
      denied.stdout,
      /^denied: alice-due \(alice@example.com\): request `alice-due` is denied: \[limit-exceeded\] /m,
    );
    assert.equal(denied.exit, 0);
    await delay(Date.parse(live.expiresAt ?? "") - Date.now());
    const { exit, stdout } = await dryRun([...args, "--json"]);
    const { grants, scheduled } = JSON.parse(stdout) as Record<string, { name: string; outcome?: string }[]>;
    assert.deepEqual([exit, grants?.[0]?.name, scheduled?.[0]?.outcome], [1, "alice-live", "activated"]);
  });

  it("when the journal can't be trusted, then that is exit 4; when the folder is bad, exit 2", async () => {
    await team.grant("alice-orders", { duration: "PT0.1S" });
    const { exit, stderr } = await dryRun(["--once"], { ELEVATION_JOURNAL_ID: "0".repeat(64) });
    assert.equal(exit, 4);
    assert.match(stderr, /^error: the journal `.+` cannot be trusted: its id is /);
    assert.equal((await dryRun(["--once", "--declared", "docs"])).exit, 2);
  });
}).timeout(60_000);
