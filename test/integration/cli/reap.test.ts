// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import readline from "node:readline";
import { readJudge, readRequest } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import { activate, createWorld, type GrantInputs } from "@elevation/provider/lifecycle";
import { type OrdersServer, sharedOrdersServer } from "../../support/postgres";
import { aRequest, DIRECTORY, POLICY } from "./documents";
import { aJournal, aProject, elevate, JOB, type Project, startElevate, TIMEOUT } from "./elevate";

const ADMIN_WORK = "SELECT count(*)::int FROM orders";
const server = sharedOrdersServer();

describe("elevate reap", () => {
  let orders: OrdersServer;
  let project: Project;
  let env: Record<string, string>;
  let address: string;

  before(async function () {
    this.timeout(60_000);
    orders = await server();
  });
  beforeEach(async () => {
    project = aProject();
    const journal = await aJournal(project);
    await journal.journal.close();
    address = journal.address;
    env = {
      ...journal.env,
      ELEVATION_CONNECTION_ORDERS_PRODUCTION: orders.server.url("elevation_manager", "orders"),
    };
    project.write("stacks/requests/.gitkeep", "");
  });
  afterEach(async () => {
    await orders.reset();
    project.remove();
  });

  const reap = (args: readonly string[], changes: Readonly<Record<string, string>> = {}) =>
    elevate(["reap", ...args], { cwd: project.path, env: { ...env, ...changes } });
  const typesOf = async (request: string) =>
    (await openStore(address).read()).filter((event) => event.request === request).map(({ type }) => type);
  const lines = (text: string) => text.trimEnd().split("\n");

  /** What `up` does: the request's file is written, and its grant made at the real server. */
  async function grant(name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<GrantInputs> {
    const requestedAt = new Date(Date.now() - 1000).toISOString();
    const text = aRequest({ requestedAt, duration: "PT10M", ...spec }, name);
    const origin = `${name}.yaml`;
    project.write(`stacks/requests/${origin}`, text);
    const { value: request, digest } = readRequest({ file: origin, text });
    const where = { organization: "organization", project: "example", stack: "production" };
    const inputs = { request, digest, origin, ...where };
    const policy = POLICY.replace("min: PT1M", "min: PT0.1S");
    const judge = readJudge({ file: "policy", text: policy }, { file: "directory", text: DIRECTORY });
    const world = createWorld(env, { config: () => undefined, actor: JOB, say: () => undefined });
    await activate({ ...world, judge: () => judge }, inputs);
    await (await world.journal()).close();
    return inputs;
  }

  it("when nothing is due, then that is said", async () => {
    await grant("alice-orders");
    assert.deepEqual(await reap(["--once", "--declared", "stacks/requests"]), {
      exit: 0,
      stdout: "nothing is due\n",
      stderr: "",
    });
  });

  it("when a grant is past its end, then it ends at the server, in an open session too, and the journal verifies", async () => {
    const { digest } = await grant("alice-orders", { duration: "PT0.1S" });
    const alice = await orders.open("alice");
    const { exit, stdout, stderr } = await reap(["--once"]);
    assert.equal(stderr, "");
    assert.match(
      stdout,
      /^grant +person +environment +role +connection +until +why +outcome\nalice-orders +alice@example.com +production +orders_admin +orders-production +\S+Z +expiry +expired\n$/,
    );
    assert.equal(exit, 0);
    await alice.cut;
    assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), "permission denied for table orders");
    assert.deepEqual(await typesOf(digest), ["decided", "activating", "activated", "revoking", "expired"]);
    assert.equal((await elevate(["audit", "verify"], { cwd: project.path, env })).exit, 0);
  });

  it("when a request's file is gone, then its grant is revoked and the other stays", async () => {
    const leaving = await grant("alice-leaving");
    await grant("alice-staying");
    rmSync(join(project.path, "stacks/requests/alice-leaving.yaml"));
    const { exit, stdout } = await reap(["--once", "--declared", "stacks/requests", "--json"]);
    assert.equal(exit, 0);
    const report = JSON.parse(stdout) as { journal: string; grants: Record<string, unknown>[] };
    assert.equal(report.journal, address);
    assert.deepEqual(
      report.grants.map(({ request, cause, outcome, reason }) => ({ request, cause, outcome, reason })),
      [{ request: leaving.digest, cause: "withdrawn", outcome: "revoked", reason: null }],
    );
    assert.deepEqual(await (await orders.open("alice")).sql(ADMIN_WORK), [[30]]);
  });

  for (const [name, spoil, said] of [
    [
      "is missing",
      (path: string) => rmSync(join(path, "stacks/requests"), { recursive: true }),
      /^error: the requests folder `.+\/stacks\/requests` is missing; create it, empty if there are no requests$/,
    ],
    [
      "holds a file that doesn't parse",
      (_path: string) => void project.write("stacks/requests/broken.yaml", "kind: ["),
      /^error: .+\/broken\.yaml:1:8: /,
    ],
  ] as const) {
    it(`when the folder ${name}, then what is past its end ends, nothing is withdrawn, and the exit code is 2`, async () => {
      const late = await grant("alice-late", { duration: "PT0.1S" });
      const other = await grant("alice-other");
      rmSync(join(project.path, "stacks/requests/alice-other.yaml"));
      spoil(project.path);
      const { exit, stderr } = await reap(["--once", "--declared", "stacks/requests"]);
      assert.equal(exit, 2);
      assert.match(lines(stderr)[0] ?? "", said);
      assert.equal(lines(stderr).at(-1), "nothing is withdrawn: only what is past its end, or must end, is ended");
      assert.equal((await typesOf(late.digest)).at(-1), "expired");
      assert.equal((await typesOf(other.digest)).at(-1), "activated");
    });
  }

  it("when another folder than that of the stacks is given, then nothing is withdrawn, and the exit code is 2", async () => {
    const { digest } = await grant("alice-orders");
    project.write("docs/README.md", "no requests here");
    for (const folder of ["docs", "stacks", "stacks/requests/team-a"]) {
      project.write(`${folder}/.gitkeep`, "");
      const { exit, stderr } = await reap(["--once", "--declared", folder]);
      assert.equal(exit, 2, folder);
      assert.equal(
        lines(stderr)[0],
        `error: \`${folder}\` is not the folder that the stacks of project \`example\` load; give \`stacks/requests\` or \`requests\``,
      );
    }
    assert.equal((await typesOf(digest)).at(-1), "activated");
  });

  it("when the target is down, then it is stuck with exit 4, and the next pass ends it", async () => {
    const { digest } = await grant("alice-orders", { duration: "PT0.1S" });
    const away = { ELEVATION_CONNECTION_ORDERS_PRODUCTION: "postgres://elevation_manager@127.0.0.1:1/orders" };
    const { exit, stdout } = await reap(["--once"], away);
    assert.equal(exit, 4);
    assert.match(
      lines(stdout)[0] ?? "",
      /^STUCK: alice-orders \(alice@example.com\): stuck: the access of `alice` to role `orders_admin` at `orders-production` must end and could not be ended: connection `orders-production` could not be opened: /,
    );
    assert.equal((await typesOf(digest)).at(-1), "stuck");
    assert.equal((await reap(["--once"])).exit, 0);
    assert.equal((await typesOf(digest)).at(-1), "expired");
  });

  it("when the journal is gone, then the exported state says what to end, and the exit code is 4", async () => {
    const { digest } = await grant("alice-orders", { duration: "PT0.1S" });
    const [activating] = (await openStore(address).read()).filter(({ type }) => type === "activating");
    const intent = activating?.data as { place: unknown; request: unknown; expiresAt: string; activatedAt: string };
    const outputs = {
      ...{ request: intent.request, origin: "alice-orders.yaml", organization: "organization", project: "example" },
      ...{ stack: "production", digest, status: "active", rule: "dba-orders-short", place: intent.place },
      ...{ activatedAt: intent.activatedAt, expiresAt: intent.expiresAt, witness: null, drift: [] },
    };
    const urn = "urn:pulumi:production::example::pulumi-nodejs:dynamic/elevation:Grant::alice-orders-0123456789ab";
    const resources = [{ urn, type: "pulumi-nodejs:dynamic/elevation:Grant", outputs }];
    project.write("production.json", JSON.stringify({ version: 3, deployment: { resources } }));
    rmSync(join(project.path, "journal.jsonl"));
    const { exit, stdout, stderr } = await reap(["--once", "--state", "production.json"]);
    assert.equal(exit, 4);
    assert.match(stderr, /^error: there is no journal at /);
    assert.match(
      lines(stdout)[0] ?? "",
      /^UNRECORDED: alice-orders \(alice@example.com\): the access was ended at `orders-production`/,
    );
    assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), "permission denied for table orders");
  });

  it("when the state is no exported stack, then what is due ends all the same, and the exit code is 2", async () => {
    const { digest } = await grant("alice-orders", { duration: "PT0.1S" });
    project.write("production.json", "{}");
    const { exit, stderr } = await reap(["--once", "--state", "production.json"]);
    assert.equal(exit, 2);
    assert.match(
      stderr,
      /^error: `production.json` is no exported stack \(.+\); write it with `pulumi stack export`\n$/,
    );
    assert.equal((await typesOf(digest)).at(-1), "expired");
  });

  it("when the journal's address holds a password, then it is shown nowhere, and the exit code is 4", async () => {
    const ELEVATION_JOURNAL = "postgres://writer:s3cretPW@127.0.0.1:1/journal";
    const { exit, stdout, stderr } = await reap(["--once", "--json"], { ELEVATION_JOURNAL });
    assert.equal(exit, 4);
    assert.equal((JSON.parse(stdout) as { journal: string }).journal, "postgres://127.0.0.1:1/journal");
    assert.doesNotMatch(stdout + stderr, /s3cretPW/);
  });

  it("when a state holds a grant that can't be read, then that is said, the rest ends, and the exit code is 2", async () => {
    const { digest } = await grant("alice-orders", { duration: "PT0.1S" });
    const type = "pulumi-nodejs:dynamic/elevation:Grant";
    const urn = `urn:pulumi:production::example::${type}::broken-0123456789ab`;
    const outputs = { digest: `sha256:${"0".repeat(64)}`, place: "elsewhere" };
    project.write("production.json", JSON.stringify({ deployment: { resources: [{ urn, type, outputs }] } }));
    const { exit, stderr } = await reap(["--once", "--state", "production.json"]);
    assert.equal(exit, 2);
    assert.match(
      stderr,
      /^error: `broken-0123456789ab`: a Grant's state is malformed: .+; restore this state from a backup\n$/,
    );
    assert.equal((await typesOf(digest)).at(-1), "expired");
  });

  it("when only another environment is this job's, then nothing of it is touched", async () => {
    await grant("alice-orders", { duration: "PT0.1S" });
    assert.equal((await reap(["--once", "--environment", "staging"])).stdout, "nothing is due\n");
  });

  it("when it keeps running, then access ends at its second, in an open session too, until it is told to stop", async () => {
    const running = startElevate(["reap", "--json", "--listen", "0"], { cwd: project.path, env });
    const [listening] = (await once(running.child.stderr, "data")) as [Buffer];
    const url = /^metrics are at (http:\/\/127\.0\.0\.1:\d+)\/metrics, health at \1\/healthz\n$/.exec(
      `${listening}`,
    )?.[1];
    assert.ok(url, `${listening}`);
    const lines = readline.createInterface({ input: running.child.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
    const { at, ...watching } = await next();
    assert.deepEqual(watching, { journal: address, event: "watching", open: 0, scheduled: 0, next: null });

    // Made while it runs, by another process's journal.
    const { digest } = await grant("alice-orders", { duration: "PT4S" });
    const alice = await orders.open("alice");
    assert.deepEqual(await alice.sql(ADMIN_WORK), [[30]]);
    const { event, request, outcome, lateMs, expiresAt } = await next();
    assert.deepEqual({ event, request, outcome }, { event: "ended", request: digest, outcome: "expired" });
    assert.ok(typeof lateMs === "number" && lateMs >= 0, String(lateMs));
    assert.ok(Date.now() >= Date.parse(String(expiresAt)));
    await alice.cut;
    assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), "permission denied for table orders");
    assert.deepEqual(await typesOf(digest), ["decided", "activating", "activated", "revoking", "expired"]);
    assert.equal(await (await fetch(`${url}/healthz`)).text(), '{"status":"ok"}\n');
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^elevation_ends_total\{outcome="expired"\} 1$/m);

    running.child.kill("SIGTERM");
    assert.deepEqual(await running.exited, {
      exit: 0,
      stderr: `${listening}stopping: what has begun to end is ended first; once more to stop at once\n`,
    });
    assert.equal((await elevate(["audit", "verify"], { cwd: project.path, env })).exit, 0);
  });

  it("when the target is down while it runs, then it is told each time and alarmed from the third, and exit 4 tells what is left", async () => {
    await grant("alice-orders", { duration: "PT0.1S" });
    const away = { ...env, ELEVATION_CONNECTION_ORDERS_PRODUCTION: "postgres://elevation_manager@127.0.0.1:1/orders" };
    const running = startElevate(["reap"], { cwd: project.path, env: away });
    const lines = readline.createInterface({ input: running.child.stdout })[Symbol.asyncIterator]();
    const told: string[] = [];
    while (told.length < 4) {
      const line = (await lines.next()).value as string;
      if (!line.includes(" UNREACHED: ")) told.push(line);
    }
    const stuck =
      /: alice-orders \(alice@example.com\)(.*), again at \S+Z: stuck: the access of `alice` to role `orders_admin` at `orders-production` must end and could not be ended: connection `orders-production` could not be opened: /;
    assert.match(told[0] ?? "", /^\S+Z watching 1 grant$/);
    assert.deepEqual(
      told.slice(1).map((line) => [line.slice(25).split(": alice")[0], stuck.exec(line)?.[1]]),
      [
        ["STUCK", ""],
        ["STUCK", ", 2 times in a row"],
        ["ALARM: STUCK", ", 3 times in a row"],
      ],
    );
    running.child.kill("SIGINT");
    const { exit, stderr } = await running.exited;
    assert.equal(exit, 4);
    assert.match(stderr, /error: 1 grant is not ended or not recorded; the next reaper goes on with it\n$/);
  });

  it("when live grants are judged again, then leavers' and denied ones end, and bad documents end nobody's, with exit 2", async () => {
    const { digest } = await grant("alice-orders");
    const judged = ["--once", "--policy", "policypack/elevation.yaml", "--directory", "policypack/directory.yaml"];
    assert.deepEqual(await reap(judged), { exit: 0, stdout: "nothing is due\n", stderr: "" });

    project.write("policypack/directory.yaml", "kind: [");
    const bad = await reap(judged);
    assert.deepEqual([bad.exit, bad.stdout], [2, "nothing is due\n"]);
    assert.match(bad.stderr, /^error: policypack\/directory\.yaml:1:8: /);

    project.write("policypack/directory.yaml", DIRECTORY.replaceAll("alice@example.com", "alicia@example.com"));
    const { exit, stdout } = await reap([...judged, "--json"]);
    assert.equal(exit, 0);
    const report = JSON.parse(stdout) as { grants: Record<string, unknown>[] };
    assert.deepEqual(
      report.grants.map(({ request, cause, outcome }) => ({ request, cause, outcome })),
      [{ request: digest, cause: "left", outcome: "revoked" }],
    );
    assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), "permission denied for table orders");

    assert.deepEqual(await reap(["--once", "--policy", "policypack/elevation.yaml"]), {
      exit: 2,
      stdout: "",
      stderr:
        "error: live grants are judged again by policy and directory, and `--policy` is given alone; give `--directory` too, or neither\n",
    });
  });

  it("when it can't listen where it is told to, then that is refused", async () => {
    const refused = async (...args: string[]) => {
      const { exit, stderr } = await reap(args);
      return [exit, stderr];
    };
    assert.deepEqual(await refused("--listen", "9464", "--once"), [
      2,
      "error: `--listen` is for a reaper that keeps running; leave out `--once` or `--listen`\n",
    ]);
    for (const address of ["localhost", "70000", "a:b:1"]) {
      assert.deepEqual(await refused("--listen", address), [
        2,
        `error: \`--listen\` is \`${address}\`, which is no address; write a port or HOST:PORT, as in 9464 or 127.0.0.1:9464\n`,
      ]);
    }
    const { port } = new URL(orders.server.url("alice", "orders"));
    assert.deepEqual(await refused("--listen", port), [
      2,
      `error: \`--listen\` 127.0.0.1:${port} can't be listened at (EADDRINUSE); name a free port of an address of this machine\n`,
    ]);
  });

  it("when what is declared, or a state, is given without --once, then that is refused", async () => {
    for (const [option, value] of [
      ["--declared", "stacks/requests"],
      ["--state", "production.json"],
      ["--unwanted", "elev_0"],
    ] as const) {
      assert.deepEqual(await reap([option, value]), {
        exit: 2,
        stdout: "",
        stderr: `error: \`${option}\` is for one pass; give \`--once\` too, or leave it out\n`,
      });
    }
  });

  /** Loses the journal: what stands now is of another one. */
  async function loseJournal(): Promise<void> {
    rmSync(join(project.path, "journal.jsonl"));
    const another = await aJournal(project);
    await another.journal.close();
    env = { ...env, ...another.env };
  }

  it("when the journal was lost, then what stands is told once, shown by status, and ended when it is unwanted", async () => {
    const { digest } = await grant("alice-orders");
    await loseJournal();
    const object = `elev_${digest.slice(7, 47)}`;
    const first = await reap(["--once"]);
    const unexplained =
      /: no grant of this journal explains it, and `alice` has `orders_admin` by it until \S+Z, its own end; bring back the journal that knows it, or end it now with `elevate reap --once --unwanted (elev_[0-9a-f]{40})`$/;
    const [nothing, alarm = "", ...rest] = lines(first.stdout);
    assert.deepEqual([first.exit, first.stderr, nothing, rest], [0, "", "nothing is due", []]);
    assert.equal(alarm.replace(unexplained, ""), `ALARM: ORPHAN: \`${object}\` at \`orders-production\``);
    assert.equal(unexplained.exec(alarm)?.[1], object);
    assert.deepEqual(await reap(["--once"]), { exit: 0, stdout: "nothing is due\n", stderr: "" });
    const { stdout } = await elevate(["status"], { cwd: project.path, env });
    assert.match(lines(stdout).at(-1) ?? "", unexplained);

    const other = `elev_${"0".repeat(40)}`;
    const {
      exit,
      stdout: json,
      stderr,
    } = await reap([...["--once", "--json"], "--unwanted", object, "--unwanted", other]);
    assert.equal(exit, 2);
    assert.equal(
      stderr,
      `error: \`--unwanted\` \`${other}\` is no orphan of ours at any connection, or the journal can't be trusted; \`elevate status\` lists orphans, and what others made only they can remove\n`,
    );
    const { grants, sweep } = JSON.parse(json) as {
      grants: unknown[];
      sweep: Record<string, Record<string, unknown>[]>;
    };
    assert.deepEqual([grants, sweep["orphans"], sweep["cutBack"], sweep["unreached"]], [[], [], [], []]);
    const { target, expiresAt, ...swept } = sweep["swept"]?.[0] ?? {};
    assert.deepEqual(swept, {
      ...{ request: digest, cause: "withdrawn", outcome: "revoked", reason: null, residue: [], alarm: false },
    });
    assert.equal((target as { object: string }).object, object);
    assert.ok(typeof expiresAt === "string");
    assert.equal(await (await orders.open("alice")).refusal(ADMIN_WORK), "permission denied for table orders");
    assert.match((await elevate(["status"], { cwd: project.path, env })).stdout, /^no grant is live at \S+\n$/);
  });

  it("when a connection can't be reached, then that is an error with exit 4, and nothing else is held up", async () => {
    const { digest } = await grant("alice-orders", { duration: "PT0.1S" });
    const nowhere = { ELEVATION_CONNECTION_GONE: "postgres://elevation_manager@127.0.0.1:1/orders" };
    const { exit, stderr } = await reap(["--once"], nowhere);
    assert.equal(exit, 4);
    assert.match(stderr, /^error: connection `gone` could not be opened: .+\n$/);
    assert.equal((await typesOf(digest)).at(-1), "expired");
  });

  it("when it keeps running, then what was widened by hand is cut back, orphans are told, and both are in the metrics", async () => {
    const orphan = await grant("alice-lost");
    await loseJournal();
    const { digest } = await grant("alice-orders");
    const role = `elev_${digest.slice(7, 47)}`;
    const bruno = await orders.open("bruno");
    await (await orders.open("elevation_manager")).sql(`GRANT ${role} TO bruno`);
    assert.equal(await bruno.refusal(ADMIN_WORK), null);
    const running = startElevate(["reap", "--json", "--listen", "0"], { cwd: project.path, env });
    const [listening] = (await once(running.child.stderr, "data")) as [Buffer];
    const told = new Map<unknown, Record<string, unknown>>();
    try {
      const output = readline.createInterface({ input: running.child.stdout })[Symbol.asyncIterator]();
      while (told.size < 3) {
        const line = JSON.parse((await output.next()).value as string) as Record<string, unknown>;
        told.set(line["event"], line);
      }
      const { request, differences, outcome, alarm } = told.get("cut-back") ?? {};
      assert.deepEqual(
        { request, differences, outcome, alarm },
        {
          ...{ request: digest, outcome: "cut-back", alarm: false },
          differences: [`\`bruno\` is a member of \`${role}\` by a grant of \`elevation_manager\``],
        },
      );
      assert.equal(told.get("orphan")?.["request"], orphan.digest);
      await bruno.cut;
      assert.equal(await (await orders.open("bruno")).refusal(ADMIN_WORK), "permission denied for table orders");
      assert.deepEqual(await (await orders.open("alice")).sql(ADMIN_WORK), [[30]]);
      const url = /http:\/\/[\d.:]+\/metrics/.exec(`${listening}`)?.[0] ?? "";
      const metrics = await (await fetch(url)).text();
      assert.match(metrics, /^elevation_orphans 1$/m);
      assert.match(metrics, /^elevation_cut_backs_total\{outcome="done"\} 1$/m);
      assert.match(metrics, /^elevation_connections_unreached 0$/m);
      assert.match(metrics, /^elevation_last_reconciliation_timestamp_seconds \d+/m);
    } finally {
      running.child.kill("SIGTERM");
      await running.exited;
    }
  });

  it("when no journal is given, then that is said", async () => {
    assert.deepEqual(await elevate(["reap", "--once"], { cwd: project.path }), {
      exit: 2,
      stdout: "",
      stderr: "error: no journal is given; set `ELEVATION_JOURNAL`, as in file:/var/lib/elevation/journal.jsonl\n",
    });
  });
}).timeout(TIMEOUT);
