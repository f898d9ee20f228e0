// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import readline from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { EventData } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import type { Notice } from "@elevation/reaper";
import { aDrill, CANARY } from "../../support/drill-file";
import { type OrdersServer, sharedOrdersServer } from "../../support/postgres";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy";
import { DIRECTORY } from "./documents";
import { elevate, startElevate } from "./elevate";
import { aTeam, BY, type Team } from "./team";

const DRILL = ["reap", "--drill", "drills.yaml", ...BY];
const ABOUT = { drill: "orders", requester: "alice@example.com", role: "orders-admin", environment: "production" };
/** As the metrics have it. */
const LABELS = 'drill="orders",role="orders-admin",environment="production"';
const server = sharedOrdersServer();

describe("elevate reap --drill", () => {
  let orders: OrdersServer;
  let team: Team;
  let proxy: TcpProxy | null = null;
  const running: ReturnType<typeof startElevate>[] = [];

  before(async function () {
    this.timeout(60_000);
    orders = await server();
  });
  beforeEach(async () => {
    team = await aTeam(orders);
    team.project.write("drills.yaml", aDrill());
  });
  afterEach(async () => {
    for (const { child, exited } of running.splice(0)) {
      child.kill("SIGKILL");
      await exited;
    }
    await proxy?.close();
    proxy = null;
    await orders.superuser("REVOKE orders_admin FROM alice");
    await orders.reset();
    team.project.remove();
  });

  const login = () => orders.server.url("alice", "orders");
  const environment = (changes: Readonly<Record<string, string>>) => ({ ...team.env, [CANARY]: login(), ...changes });

  /** Runs until the test is over; `next`: the first line of an event that is told from now on. */
  function startReaper(changes: Readonly<Record<string, string>> = {}, more: readonly string[] = []) {
    const started = startElevate([...DRILL, "--json", "--notify", "log", ...more], {
      ...{ cwd: team.project.path, env: environment(changes) },
    });
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
    /** Stops it; what it wrote on stderr, and its exit code. */
    const stop = async () => {
      started.child.kill("SIGTERM");
      const { exit, stderr } = await started.exited;
      assert.doesNotMatch(stderr + JSON.stringify(told), new RegExp(orders.server.password("alice")));
      const notices = stderr
        .split("\n")
        .filter((line) => line.startsWith('{"notice"'))
        .map((line) => (JSON.parse(line) as { notice: Notice }).notice);
      return { exit, stderr, notices };
    };
    return { ...started, told, next, stop };
  }

  const rolesOfGrants = async () =>
    (await orders.superuser("SELECT FROM pg_roles WHERE rolname LIKE 'elev\\_%'")).length;
  const granted = async () => {
    while ((await rolesOfGrants()) === 0) await delay(20);
  };

  it("when all is well, then the canary's access comes and goes as anybody's, and how late it went is told and measured", async () => {
    team.project.write("drills.yaml", aDrill({ every: "PT4S" }));
    const reaper = startReaper({}, ["--listen", "0"]);
    const [listening] = (await once(reaper.child.stderr, "data")) as [Buffer];
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(`${listening}`)?.[0];
    const { at, request, expiresAt, lateMs, ...passed } = await reaper.next("drill-passed");
    assert.deepEqual(passed, { journal: team.address, event: "drill-passed", ...ABOUT });
    assert.ok(typeof lateMs === "number" && lateMs >= 0 && lateMs < 20_000, String(lateMs));
    assert.ok(Date.parse(String(at)) >= Date.parse(String(expiresAt)) + lateMs);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, new RegExp(`^elevation_drill_lateness_seconds_count\\{${LABELS}\\} 1$`, "m"));
    assert.match(metrics, new RegExp(`^elevation_drill_failing\\{${LABELS}\\} 0$`, "m"));
    assert.match(metrics, new RegExp(`^elevation_drill_last_success_timestamp_seconds\\{${LABELS}\\} \\d+`, "m"));

    const again = await reaper.next("drill-passed");
    assert.notEqual(again["request"], request);
    const { exit, notices } = await reaper.stop();
    assert.equal(exit, 0);
    assert.deepEqual(
      notices.map(({ event, key, about }) => ({ event, key, about })),
      [{ event: "drill-passed", key: "drill:orders", about: { ...ABOUT, request, expiresAt, lateMs } }],
    );
    assert.deepEqual(await team.typesOf(String(request)), [
      "decided",
      "activating",
      "activated",
      "revoking",
      "expired",
    ]);
    const intent = (await openStore(team.address).read()).find(({ type }) => type === "activating");
    const { organization, project, stack, origin, rule }: Partial<EventData["activating"]> = intent?.data ?? {};
    assert.deepEqual(
      { organization, project, stack, origin, rule },
      { organization: "elevate", project: "fire drill", stack: "orders", origin: null, rule: "dba-orders-short" },
    );
    assert.equal((await elevate(["audit", "verify"], { cwd: team.project.path, env: team.env })).exit, 0);
  });

  it("when the canary has the access without a grant, then nothing is granted, that is told, and so is that it is well again", async () => {
    await orders.superuser("GRANT orders_admin TO alice");
    team.project.write("drills.yaml", aDrill({ every: "PT3S" }));
    const reaper = startReaper();
    const failed = await reaper.next("drill-failed");
    const reason =
      "the probe works for alice@example.com without a grant; see who gave her what `orders-admin` gives, or write a probe that takes the role";
    assert.deepEqual(
      { ...failed, at: null, again: null },
      {
        ...{ at: null, journal: team.address, event: "drill-failed", ...ABOUT, request: null, expiresAt: null },
        ...{ failure: "already-open", reason, failures: 1, alarm: true, again: null },
      },
    );
    assert.equal(await rolesOfGrants(), 0);
    await orders.superuser("REVOKE orders_admin FROM alice");
    const { request, expiresAt, lateMs } = await reaper.next("drill-passed");
    const { notices } = await reaper.stop();
    assert.deepEqual(
      notices.map(({ event, key, about }) => ({ event, key, about: { ...about, again: null } })),
      [
        {
          ...{ event: "drill-failed", key: "drill:orders" },
          about: {
            ...{ ...ABOUT, request: null, expiresAt: null, failure: "already-open", reason, failures: 1 },
            again: null,
          },
        },
        {
          ...{ event: "drill-passed", key: "drill:orders" },
          about: { ...ABOUT, request, expiresAt, lateMs, again: null },
        },
      ],
    );
  });

  it("when the policy denies the canary, then the drill says why, and the journal has the decision", async () => {
    team.project.write("policypack/directory.yaml", DIRECTORY.replace("jobFunctions: [dba]", "jobFunctions: [sre]"));
    const reaper = startReaper();
    const { failure, reason, request } = await reaper.next("drill-failed");
    assert.deepEqual([failure, request], ["denied", null]);
    assert.match(
      String(reason),
      /^request `drill-orders-[0-9a-f]{12}` is denied: \[not-eligible\] `drill-orders-[0-9a-f]{12}` /,
    );
    const types = (await openStore(team.address).read()).map(({ type }) => type);
    assert.deepEqual(types, ["opened", "decided"]);
  });

  it("when target or canary's way to it is down, then that is told as what it is", async () => {
    const away = "postgres://alice:s3cretPW@127.0.0.1:1/orders";
    const reaper = startReaper({ [CANARY]: away });
    const { failure, reason } = await reaper.next("drill-failed");
    assert.deepEqual(
      [failure, reason],
      ["login-failed", "no login was possible: connect ECONNREFUSED *** (ECONNREFUSED)"],
    );
    const { stderr } = await reaper.stop();
    assert.doesNotMatch(stderr, /s3cretPW/);

    const other = startReaper({ ELEVATION_CONNECTION_ORDERS_PRODUCTION: away.replace("alice", "elevation_manager") });
    const failed = await other.next("drill-failed");
    assert.deepEqual(
      [failed["failure"], failed["reason"]],
      [
        "grant-failed",
        "connection `orders-production` could not be opened: connect ECONNREFUSED *** (ECONNREFUSED); see whether the server runs and the address in the job's environment is right",
      ],
    );
  });

  it("when a login hangs, then it is given up, and an end comes meanwhile", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { port: number };
    const sockets: { destroy(): void }[] = [];
    const called = new Promise<void>((resolve) => {
      silent.on("connection", (socket) => {
        sockets.push(socket);
        resolve();
      });
    });
    const reaper = startReaper({ [CANARY]: `postgres://alice:s3cretPW@127.0.0.1:${port}/orders` });
    await called;
    const { digest } = await team.grant("alice-orders", { duration: "PT0.2S" });
    const { failure, reason } = await reaper.next("drill-failed");
    assert.deepEqual([failure, reason], ["login-failed", "no login was possible: timeout expired (ETIMEDOUT)"]);
    assert.deepEqual(
      reaper.told.flatMap(({ event, request }) => (event === "ended" ? [request] : [])),
      [digest],
    );
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  it("when the end is stuck, then the drill says where the access still is, and the next one waits for its end", async () => {
    const address = new URL(team.env["ELEVATION_CONNECTION_ORDERS_PRODUCTION"] ?? "");
    proxy = await startTcpProxy(Number(address.port));
    address.port = String(proxy.port);
    team.project.write("drills.yaml", aDrill({ every: "PT5S", duration: "PT4S", endsWithin: "PT2S" }));
    const reaper = startReaper({ ELEVATION_CONNECTION_ORDERS_PRODUCTION: address.href });
    await granted();
    // Its activation is journaled a moment after the role is made.
    while (!(await openStore(team.address).read()).some(({ type }) => type === "activated")) await delay(20);
    proxy.down();
    const failed = await reaper.next("drill-failed");
    const reason =
      "what `orders-admin` gives could still be used 2 s after its expiry, by a new login and in the open session; see `elevate status` for why it was not ended, and who else gave it to her";
    assert.deepEqual([failed["failure"], failed["reason"]], ["still-open", reason]);
    assert.ok(reaper.told.some(({ event, outcome }) => event === "failed" && outcome === "stuck"));
    const held = await reaper.next("drill-failed");
    assert.equal(held["failure"], "held");
    assert.match(
      String(held["reason"]),
      /^alice@example\.com holds the grant `drill-orders-[0-9a-f]{12}`, which should have ended at \S+Z; see `elevate status` for why it has not$/,
    );
    proxy.up();
    const passed = await reaper.next("drill-passed");
    assert.notEqual(passed["request"], failed["request"]);
    const { notices } = await reaper.stop();
    const drills = notices.filter(({ key }) => key === "drill:orders");
    assert.deepEqual(
      drills.map(({ event, about }) => [event, about["failure"]]),
      [
        ["drill-failed", "still-open"],
        ["drill-failed", "held"],
        ["drill-passed", undefined],
      ],
    );
    const { id, at, journal, ...first } = drills[0] ?? ({} as Notice);
    assert.deepEqual(
      { ...first, about: { ...first.about, again: null } },
      {
        ...{ event: "drill-failed", key: "drill:orders" },
        about: {
          ...{ ...ABOUT, request: failed["request"], expiresAt: failed["expiresAt"] },
          ...{ failure: "still-open", reason, failures: 1, again: null },
        },
      },
    );
    assert.equal((await team.typesOf(String(failed["request"]))).at(-1), "expired");
  });

  it("when somebody else gives the canary the role meanwhile, then the end of the grant alone does not pass for the end of her access", async () => {
    team.project.write("drills.yaml", aDrill({ endsWithin: "PT1S" }));
    const reaper = startReaper();
    await granted();
    await orders.superuser("GRANT orders_admin TO alice");
    const { failure, reason, request } = await reaper.next("drill-failed");
    assert.deepEqual(
      [failure, reason],
      [
        "still-open",
        "what `orders-admin` gives could still be used 1 s after its expiry, by a new login; see `elevate status` for why it was not ended, and who else gave it to her",
      ],
    );
    const types = await team.typesOf(String(request));
    assert.deepEqual(types.slice(4).sort(), ["expired", "residue"]);
  });

  it("when it is stopped amid a drill, then the grant stays until its end, is nobody's to withdraw, and ends by whoever reaps then", async () => {
    team.project.write("drills.yaml", aDrill({ duration: "PT8S" }));
    const reaper = startReaper();
    await granted();
    const { exit } = await reaper.stop();
    assert.equal(exit, 0);
    const { at, request, expiresAt, ...stopped } = await reaper.next("drill-stopped");
    assert.deepEqual(stopped, { journal: team.address, event: "drill-stopped", ...ABOUT });
    const { cwd, env } = { cwd: team.project.path, env: team.env };
    assert.deepEqual(await elevate(["reap", "--once", "--declared", "stacks/requests"], { cwd, env }), {
      ...{ exit: 0, stdout: "nothing is due\n", stderr: "" },
    });
    const { stdout } = await elevate(["status", "--json"], { cwd, env });
    const { live } = JSON.parse(stdout) as { live: Record<string, unknown>[] };
    assert.deepEqual(
      live.map((grant) => [grant["request"], grant["expiresAt"]]),
      [[request, expiresAt]],
    );
    await delay(Date.parse(String(expiresAt)) - Date.now());
    assert.equal((await elevate(["reap", "--once"], { cwd, env })).exit, 0);
    assert.deepEqual(await team.typesOf(String(request)), [
      "decided",
      "activating",
      "activated",
      "revoking",
      "expired",
    ]);
  });

  it("when it is told in text, then a line has what a person needs", async () => {
    team.project.write("drills.yaml", aDrill({ every: "PT3S" }));
    await orders.superuser("GRANT orders_admin TO alice");
    const started = startElevate(DRILL, { cwd: team.project.path, env: environment({}) });
    running.push(started);
    const lines = readline.createInterface({ input: started.child.stdout })[Symbol.asyncIterator]();
    const next = async (wanted: string) => {
      for (;;) {
        const line = (await lines.next()).value as string;
        if (line.includes(wanted)) return line;
      }
    };
    assert.match(
      await next("DRILL FAILED"),
      /^\S+Z ALARM: DRILL FAILED, already-open: orders \(alice@example\.com\), again at \S+Z: the probe works for alice@example\.com without a grant; /,
    );
    await orders.superuser("REVOKE orders_admin FROM alice");
    assert.match(
      await next("drill passed"),
      /^\S+Z drill passed: orders \(alice@example\.com\) had access until -?\d+ ms after its end$/,
    );
    await granted();
    started.child.kill("SIGTERM");
    assert.match(
      await next("drill stopped"),
      /^\S+Z drill stopped: orders \(alice@example\.com\), whose grant ends at \S+Z if somebody reaps then$/,
    );
  });

  it("when two reapers do the same drill, then one waits for the other, and both pass", async () => {
    const reapers = [startReaper(), startReaper()];
    const passed = await Promise.all(reapers.map((reaper) => reaper.next("drill-passed")));
    assert.equal(new Set(passed.map(({ request }) => request)).size, 2);
    assert.deepEqual(
      reapers.flatMap(({ told }) => told.filter(({ event }) => event === "drill-failed")),
      [],
    );
  });

  it("when file, environment or options are wrong, then nothing is begun, and no login is repeated", async () => {
    const refused = async (args: readonly string[], changes: Readonly<Record<string, string>> = {}) => {
      const { exit, stdout, stderr } = await elevate(args, { cwd: team.project.path, env: environment(changes) });
      assert.deepEqual([exit, stdout], [2, ""]);
      return stderr;
    };
    assert.equal(
      await refused(["reap", "--drill", "drills.yaml"]),
      "error: `--drill` grants what policy and directory allow; give `--policy` and `--directory` too, of the protected branch\n",
    );
    assert.equal(
      await refused([...DRILL, "--once"]),
      "error: `--drill` is for a reaper that keeps running; leave out `--once` or `--drill`\n",
    );
    assert.equal(
      await refused([...DRILL, "--dry-run"]),
      "error: `--dry-run` changes nothing, and a drill grants something; leave out `--drill` or `--dry-run`\n",
    );
    assert.equal(
      await refused([...DRILL, "--environment", "staging"]),
      "error: `drills.yaml` has no drill for the environments that `--environment` names; add one, or leave out `--drill`\n",
    );
    assert.equal(
      await refused(DRILL, { [CANARY]: "" }),
      "drills.yaml:11:37: `ELEVATION_CANARY_ORDERS`, in the environment of the job the canary's login, is not set; set it to her own login\n",
    );
    assert.equal(
      await refused(DRILL, { [CANARY]: "mysql://alice:s3cretPW@127.0.0.1/orders" }),
      "drills.yaml:11:37: `ELEVATION_CANARY_ORDERS`, in the environment of the job the canary's login, is no postgres:// address; write postgres://user:password@host/database and percent-encode `@`, `/`, `?`, `#` and `%` in the password\n",
    );
    team.project.write("drills.yaml", aDrill({ every: "PT2S" }));
    assert.equal(
      await refused(DRILL),
      "drills.yaml:8:12: `drills[0].every` is `PT2S`, and a drill lasts `PT2S`; write more than that, as in PT1H\n",
    );
  });
}).timeout(60_000);
