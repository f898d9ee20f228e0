// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { openStore } from "@elevation/journal";
import { aDrill, CANARY } from "../../support/drill-file";
import { type OrdersServer, sharedOrdersServer } from "../../support/postgres";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy";
import { elevate, startElevate } from "./elevate";
import { aTeam, type Team } from "./team";

const DRILL = ["drill", "drills.yaml"];
const ABOUT = { drill: "orders", requester: "alice@example.com", role: "orders-admin", environment: "production" };
const server = sharedOrdersServer();

interface Report {
  readonly journal: string;
  readonly drills: readonly Readonly<Record<string, unknown>>[];
}

describe("elevate drill", () => {
  let orders: OrdersServer;
  let team: Team;
  let proxy: TcpProxy | null = null;
  let reaper: ReturnType<typeof startElevate> | null = null;

  before(async function () {
    this.timeout(60_000);
    orders = await server();
  });
  beforeEach(async () => {
    team = await aTeam(orders);
    team.project.write("drills.yaml", aDrill());
  });
  afterEach(async () => {
    reaper?.child.kill("SIGKILL");
    await reaper?.exited;
    reaper = null;
    await proxy?.close();
    proxy = null;
    await orders.reset();
    team.project.remove();
  });

  const drill = (args: readonly string[], changes: Readonly<Record<string, string>> = {}) =>
    elevate([...DRILL, ...args], {
      cwd: team.project.path,
      env: { ...team.env, [CANARY]: orders.server.url("alice", "orders"), ...changes },
    });
  const typesOf = async () => (await openStore(team.address).read()).map(({ type }) => type).slice(1);

  it("when a reaper ends its grant, then it passes, and was ended by none but that", async () => {
    reaper = startElevate(["reap"], { cwd: team.project.path, env: team.env });
    const { exit, stdout, stderr } = await drill([]);
    assert.deepEqual([exit, stderr], [0, ""]);
    assert.match(
      stdout,
      /^drill +person +environment +role +until +late +outcome\norders +alice@example\.com +production +orders-admin +\S+Z +-?\d+ ms +passed\n$/,
    );
    const events = (await openStore(team.address).read()).slice(1);
    assert.deepEqual(
      events.map(({ type, actor }) => [type, actor.kind]),
      [
        ["decided", "job"],
        ["activating", "job"],
        ["activated", "job"],
        ["revoking", "reaper"],
        ["expired", "reaper"],
      ],
    );
  });

  it("when nobody ends grants, then it has failed, and is ended at last", async () => {
    team.project.write("drills.yaml", aDrill({ endsWithin: "PT1S" }));
    const { exit, stdout } = await drill(["--json"]);
    const { journal, drills } = JSON.parse(stdout) as Report;
    const [{ request, expiresAt, ...rest } = {}] = drills;
    assert.deepEqual([exit, journal, drills.length], [1, team.address, 1]);
    assert.deepEqual(rest, {
      ...{ ...ABOUT, outcome: "failed", lateMs: null, failure: "still-open" },
      reason:
        "what `orders-admin` gives could still be used 1 s after its expiry, by a new login and in the open session; see `elevate status` for why it was not ended, and who else gave it to her",
      unended: null,
    });
    assert.ok(Date.now() >= Date.parse(String(expiresAt)) + 1000);
    assert.deepEqual(await team.typesOf(String(request)), [
      "decided",
      "activating",
      "activated",
      "revoking",
      "expired",
    ]);
  });

  it("when it can't end it either, then that is said with exit 4", async () => {
    const address = new URL(team.env["ELEVATION_CONNECTION_ORDERS_PRODUCTION"] ?? "");
    proxy = await startTcpProxy(Number(address.port));
    address.port = String(proxy.port);
    team.project.write("drills.yaml", aDrill({ endsWithin: "PT1S" }));
    const drilled = drill([], { ELEVATION_CONNECTION_ORDERS_PRODUCTION: address.href });
    while ((await typesOf()).at(-1) !== "activated") await delay(20);
    proxy.down();
    const { exit, stdout } = await drilled;
    assert.equal(exit, 4);
    const [failed, stuck] = stdout.split("\n");
    assert.match(failed ?? "", /^DRILL FAILED, still-open: orders \(alice@example\.com\): what `orders-admin` gives /);
    assert.match(
      stuck ?? "",
      /^STUCK: orders \(alice@example\.com\): stuck: the access of `alice` to role `orders_admin` at `orders-production` must end and could not be ended: connection `orders-production` could not be opened: /,
    );
  });

  it("when it fails before the end of its grant, then that is ended at once", async () => {
    team.project.write("drills.yaml", aDrill({ duration: "PT1H", every: "PT2H" }));
    const another = orders.server.url("mallory", "orders");
    const { exit, stdout } = await drill(["--json"], { [CANARY]: another });
    const { drills } = JSON.parse(stdout) as Report;
    const [{ request, expiresAt, ...rest } = {}] = drills;
    assert.deepEqual([exit, drills.length], [1, 1]);
    assert.deepEqual(rest, {
      ...{ ...ABOUT, outcome: "failed", lateMs: null, failure: "never-open" },
      reason:
        "`orders-admin` was granted to `alice` at `orders-production`, and the probe was refused; see whether it takes that role, and whether the canary's login is that one, at that server",
      unended: null,
    });
    assert.ok(Date.now() < Date.parse(String(expiresAt)));
    const types = ["decided", "activating", "activated", "revoking", "revoked"];
    assert.deepEqual(await team.typesOf(String(request)), types);
  });

  it("when it fails so and can't end that either, then that is said with exit 4", async () => {
    const canary = new URL(orders.server.url("alice", "orders"));
    const address = new URL(team.env["ELEVATION_CONNECTION_ORDERS_PRODUCTION"] ?? "");
    proxy = await startTcpProxy(Number(address.port));
    for (const url of [canary, address]) url.port = String(proxy.port);
    team.project.write("drills.yaml", aDrill({ duration: "PT1H", every: "PT2H" }));
    const drilled = drill([], { ELEVATION_CONNECTION_ORDERS_PRODUCTION: address.href, [CANARY]: canary.href });
    while ((await typesOf()).at(-1) !== "activated") await delay(20);
    proxy.down();
    const { exit, stdout } = await drilled;
    assert.equal(exit, 4);
    const [failed, stuck] = stdout.split("\n");
    assert.match(failed ?? "", /^DRILL FAILED, (login-failed|probe-failed|cut-early): orders \(alice@example\.com\): /);
    assert.match(
      stuck ?? "",
      /^STUCK: orders \(alice@example\.com\): stuck: the access of `alice` to role `orders_admin` at `orders-production` must end and could not be ended: connection `orders-production` could not be opened: /,
    );
  });

  it("when its grant was ended and she has the access by another path, then it has failed, and nothing is ended twice", async () => {
    reaper = startElevate(["reap"], { cwd: team.project.path, env: team.env });
    team.project.write("drills.yaml", aDrill({ endsWithin: "PT1S" }));
    const drilled = drill([]);
    while ((await typesOf()).at(-1) !== "activated") await delay(20);
    await orders.superuser("GRANT orders_admin TO alice");
    const { exit, stdout } = await drilled;
    await orders.superuser("REVOKE orders_admin FROM alice");
    assert.equal(exit, 1);
    assert.match(
      stdout,
      /^DRILL FAILED, still-open: orders \(alice@example\.com\): .+, by a new login; see `elevate status` /,
    );
    const ends = (await typesOf()).filter((type) => type === "expired" || type === "revoked");
    assert.deepEqual(ends, ["expired"]);
  });

  it("when the environment is not what it can enforce, or names nothing to do, then nothing is begun", async () => {
    assert.deepEqual(await drill([], { ELEVATION_ADMINS: "" }), {
      exit: 2,
      stdout: "",
      stderr:
        "error: `ELEVATION_ADMINS` is set, but this version does not verify trust bundles; unset it, or use a version that does\n",
    });
    assert.deepEqual(await drill(["--environment", "staging"]), {
      exit: 2,
      stdout: "",
      stderr: "error: `drills.yaml` has no drill for the environments that are named; add one\n",
    });
    assert.deepEqual(await typesOf(), []);
  });
}).timeout(60_000);
