// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import readline from "node:readline";
import { openStore } from "@elevation/journal";
import { update } from "@elevation/provider/lifecycle";
import { type OrdersServer, sharedOrdersServer } from "../../support/postgres";
import { type StatementProxy, startStatementProxy } from "../../support/statement-proxy";
import { elevate, startElevate } from "./elevate";
import { ADMIN_WORK, aTeam, BY, REFUSED, type Scheduled, SHORT, type Team } from "./team";

const ACTIVATE = ["reap", "--activate", ...BY];
const server = sharedOrdersServer();

describe("elevate reap --activate", () => {
  let orders: OrdersServer;
  let team: Team;
  let proxy: StatementProxy | null = null;
  const running: ReturnType<typeof startElevate>[] = [];

  before(async function () {
    this.timeout(60_000);
    orders = await server();
  });
  beforeEach(async () => {
    team = await aTeam(orders);
  });
  afterEach(async () => {
    for (const { child, exited } of running.splice(0)) {
      child.kill("SIGKILL");
      await exited;
    }
    await proxy?.close();
    proxy = null;
    await orders.reset();
    team.project.remove();
  });

  /** Runs until the test is over; `next`: the first line of an event that is told from now on. */
  function startReaper(changes: Readonly<Record<string, string>> = {}) {
    const started = startElevate([...ACTIVATE, "--json"], { cwd: team.project.path, env: { ...team.env, ...changes } });
    running.push(started);
    const lines = readline.createInterface({ input: started.child.stdout })[Symbol.asyncIterator]();
    const told: Record<string, unknown>[] = [];
    const next = async (wanted: string) => {
      for (;;) {
        const line = JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
        told.push(line);
        if (line["event"] === wanted) return line;
      }
    };
    return { ...started, told, next };
  }

  const typesOf = ({ inputs }: Scheduled) => team.typesOf(inputs.digest);
  const roles = async () =>
    (await orders.superuser("SELECT rolname FROM pg_roles WHERE rolname LIKE 'elev\\_%'")).map(([name]) => name);
  const verify = async () => {
    const { exit, stdout } = await elevate(["audit", "verify"], { cwd: team.project.path, env: team.env });
    assert.equal(exit, 0, stdout);
  };

  it("when a start comes, then the login that was refused is accepted from then on, and refused again from its end on, by the reaper alone", async () => {
    const reaper = startReaper();
    await reaper.next("watching");
    const scheduled = await team.schedule("alice-orders", 2000, { duration: "PT2S" });
    const alice = await orders.open("alice");
    let refusals = 0;
    while ((await alice.refusal(ADMIN_WORK)) === REFUSED) refusals++;
    const accepted = Date.now();
    assert.ok(refusals > 0);
    assert.ok(accepted >= scheduled.startAt, `accepted ${scheduled.startAt - accepted} ms before its start`);
    assert.deepEqual(await alice.sql(ADMIN_WORK), [[30]]);
    const { at, lateMs, expiresAt, ...activated } = await reaper.next("activated");
    assert.deepEqual(activated, {
      ...{ journal: team.address, event: "activated", request: scheduled.inputs.digest, name: "alice-orders" },
      ...{ requester: "alice@example.com", role: "orders-admin", environment: "production" },
      ...{ startAt: new Date(scheduled.startAt).toISOString(), outcome: "activated", reason: null },
    });
    assert.ok(typeof lateMs === "number" && lateMs >= 0 && Date.parse(String(at)) - scheduled.startAt >= lateMs - 5);
    const ended = await reaper.next("ended");
    assert.deepEqual([ended["outcome"], ended["expiresAt"]], ["expired", expiresAt]);
    await alice.cut;
    assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), REFUSED);
    assert.deepEqual(await roles(), []);
    assert.deepEqual(await typesOf(scheduled), [
      ...["decided", "decided", "activating", "activated", "revoking", "expired"],
    ]);
    await verify();
  });

  it("when the policy changed meanwhile, then it is denied and that is told once, and it is activated as soon as the policy allows it again", async () => {
    const reaper = startReaper();
    await reaper.next("watching");
    const scheduled = await team.schedule("alice-orders", 700);
    const replace = (text: string) => {
      team.project.write("policypack/new.yaml", text);
      renameSync(join(team.project.path, "policypack/new.yaml"), join(team.project.path, "policypack/elevation.yaml"));
    };
    replace(SHORT.replace("who: { jobFunctions: [dba] }", "who: { jobFunctions: [sre] }"));
    const { outcome, reason, expiresAt, again } = await reaper.next("not-activated");
    assert.deepEqual([outcome, expiresAt], ["denied", null]);
    assert.match(String(reason), /^request `alice-orders` is denied:\n {2}\[not-eligible\] /);
    assert.ok(Date.parse(String(again)) > scheduled.startAt);
    assert.deepEqual(await roles(), []);
    // Its second try is about a second later: told again, it would stand before what the third one does.
    await new Promise<void>((resolve) => setTimeout(resolve, Date.parse(String(again)) + 500 - Date.now()));
    replace(SHORT);
    await reaper.next("activated");
    assert.equal((await roles()).length, 1);
    assert.deepEqual(
      reaper.told.map(({ event }) => event),
      ["watching", "not-activated", "activated"],
    );
    assert.deepEqual(await typesOf(scheduled), ["decided", "decided", "decided", "activating", "activated"]);
  });

  it("when its time to be activated passes with the target away, then it lapses, and nobody has it scheduled any more", async () => {
    const scheduled = await team.schedule("alice-orders", 500, {
      activateBy: new Date(Date.now() + 2500).toISOString(),
    });
    const away = "postgres://elevation_manager@127.0.0.1:1/orders";
    const reaper = startReaper({ ELEVATION_CONNECTION_ORDERS_PRODUCTION: away });
    const failed = await reaper.next("not-activated");
    assert.equal(failed["outcome"], "failed");
    assert.match(String(failed["reason"]), /^connection `orders-production` could not be opened: /);
    const lapsed = await reaper.next("not-activated");
    assert.deepEqual([lapsed["outcome"], lapsed["again"]], ["lapsed", null]);
    assert.deepEqual(await typesOf(scheduled), ["decided", "failed", "failed"]);
    const pass = await elevate([...ACTIVATE, "--once"], { cwd: team.project.path, env: team.env });
    assert.deepEqual(pass, { exit: 0, stdout: "nothing is due\n", stderr: "" });
  });

  it("when two reapers and an up are at it in the same second, then there is one grant", async () => {
    const reapers = [startReaper(), startReaper()];
    for (const reaper of reapers) await reaper.next("watching");
    const scheduled = await team.schedule("alice-orders", 1500, { duration: "PT5S" });
    await new Promise<void>((resolve) => setTimeout(resolve, scheduled.startAt - Date.now()));
    const updated = await team.inProvider((world) => update(world, scheduled.state, scheduled.inputs));
    assert.equal(updated.status, "active");
    assert.deepEqual(await roles(), [updated.place?.object]);
    for (const reaper of reapers) {
      await new Promise<void>((resolve) => {
        reaper.child.once("exit", () => resolve());
        reaper.child.kill("SIGTERM");
      });
    }
    const told = reapers.flatMap((reaper) => reaper.told.map(({ event }) => event));
    assert.ok(
      told.every((event) => event === "watching" || event === "activated"),
      told.join(),
    );
    const types = await typesOf(scheduled);
    assert.equal(types.filter((type) => type === "activating").length, 1);
    assert.equal(types.filter((type) => type === "activated").length, 1);
    assert.deepEqual(await (await orders.open("alice")).sql(ADMIN_WORK), [[30]]);
    await verify();
  });

  for (const [what, point] of [
    ["before its role is made", { side: "before", statement: /CREATE ROLE/ }],
    ["after its role was made", { side: "after", statement: /COMMIT\0/ }],
  ] as const) {
    it(`when a reaper is killed ${what}, then the next one finishes the grant, with its first times`, async () => {
      const { port } = new URL(orders.server.url("elevation_manager", "orders"));
      proxy = await startStatementProxy(Number(port));
      const url = new URL(team.env["ELEVATION_CONNECTION_ORDERS_PRODUCTION"] ?? "");
      url.port = String(proxy.port);
      const scheduled = await team.schedule("alice-orders", 1000);
      const { reached } = proxy.hold(orders.target.objectName(scheduled.inputs.digest), point);
      const killed = startReaper({ ELEVATION_CONNECTION_ORDERS_PRODUCTION: url.href });
      await reached;
      killed.child.kill("SIGKILL");
      await killed.exited;
      proxy.cut();
      assert.deepEqual(await typesOf(scheduled), ["decided", "decided", "activating"]);
      const next = startReaper();
      const { expiresAt } = await next.next("activated");
      const intents = (await openStore(team.address).read()).filter(({ type }) => type === "activating");
      assert.deepEqual(
        intents.map(({ data }) => (data as { expiresAt: string }).expiresAt),
        [expiresAt],
      );
      assert.deepEqual(await (await orders.open("alice")).sql(ADMIN_WORK), [[30]]);
      assert.deepEqual(await roles(), [orders.target.objectName(scheduled.inputs.digest)]);
      assert.deepEqual(await typesOf(scheduled), ["decided", "decided", "activating", "activated"]);
      await verify();
    });
  }

  it("when a pass is told to, then it activates what is due, and says so; when its file is gone, it is withdrawn", async () => {
    const scheduled = await team.schedule("alice-orders", 300);
    await team.schedule("alice-later", 600_000);
    await new Promise<void>((resolve) => setTimeout(resolve, scheduled.startAt - Date.now()));
    const {
      env,
      project: { path: cwd },
    } = team;
    assert.equal((await elevate(["reap", "--once", ...BY], { cwd, env })).stdout, "nothing is due\n");
    const { exit, stdout, stderr } = await elevate([...ACTIVATE, "--once"], { cwd, env });
    assert.deepEqual([exit, stderr], [0, ""]);
    assert.match(
      stdout,
      /^scheduled +person +environment +role +start +until +outcome\nalice-orders +alice@example.com +production +orders-admin +\S+Z +\S+Z +activated\n$/,
    );
    assert.equal((await roles()).length, 1);

    rmSync(join(team.project.path, "stacks/requests/alice-later.yaml"));
    const withdrawn = await elevate(["reap", "--once", "--declared", "stacks/requests", "--json"], { cwd, env });
    assert.equal(withdrawn.exit, 0);
    const report = JSON.parse(withdrawn.stdout) as { grants: unknown[]; scheduled: Record<string, unknown>[] };
    assert.deepEqual(report.grants, []);
    assert.deepEqual(
      report.scheduled.map(({ name, outcome, expiresAt, reason }) => ({ name, outcome, expiresAt, reason })),
      [{ name: "alice-later", outcome: "withdrawn", expiresAt: null, reason: null }],
    );
  });

  it("when it has nothing to decide by, then that is refused; when the documents are bad, then nothing is opened, with exit 2", async () => {
    const scheduled = await team.schedule("alice-orders", 100);
    await new Promise<void>((resolve) => setTimeout(resolve, scheduled.startAt - Date.now()));
    const {
      env,
      project: { path: cwd },
    } = team;
    assert.deepEqual(await elevate(["reap", "--once", "--activate"], { cwd, env }), {
      exit: 2,
      stdout: "",
      stderr:
        "error: `--activate` decides again before it opens access; give `--policy` and `--directory` too, of the protected branch\n",
    });
    // Live grants may be judged again by what nobody may be granted by.
    team.project.write("policypack/elevation.yaml", SHORT.replace("proof: none", "proof: signature"));
    assert.equal((await elevate(["reap", "--once", ...BY], { cwd, env })).exit, 0);
    const { exit, stdout, stderr } = await elevate([...ACTIVATE, "--once"], { cwd, env });
    assert.deepEqual([exit, stdout], [2, "nothing is due\n"]);
    assert.match(stderr, /^error: policypack\/elevation\.yaml:\d+:\d+: /);
    assert.deepEqual(await roles(), []);
  });
}).timeout(60_000);
