// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import type { StatusReport } from "@elevation/cli";
import { readJudge, readRequest } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import { activate, createWorld } from "@elevation/provider/lifecycle";
import type { Notice } from "@elevation/reaper";
import { Outage } from "../../support/outage";
import { type OrdersServer, startOrdersServer } from "../../support/postgres";
import { type Receiver, startReceiver } from "../../support/receiver";
import { aRequest, DIRECTORY, POLICY } from "./documents";
import { aJournal, aProject, elevate, JOB, type Project, startElevate } from "./elevate";

const SECRET = "sixteen characters and more";

describe("elevate reap through an outage of its target", function () {
  this.timeout(120_000);
  let orders: OrdersServer;
  let outage: Outage | null = null;
  let project: Project;
  let receiver: Receiver;

  beforeEach(async () => {
    orders = await startOrdersServer();
    project = aProject();
    receiver = await startReceiver();
  });
  afterEach(async () => {
    await outage?.dispose();
    await orders.stop();
    await receiver.close();
    project.remove();
  });

  it("when it is down as grants must end, then somebody is told at the third failure, nothing is lost, and its end is told", async () => {
    const { journal, address, env: trusting } = await aJournal(project);
    await journal.close();
    const connection = orders.server.url("elevation_manager", "orders");
    const env = { ...trusting, ELEVATION_CONNECTION_ORDERS_PRODUCTION: connection };
    const grant = async (name: string, duration: string) => {
      const requestedAt = new Date(Date.now() - 1000).toISOString();
      const origin = `${name}.yaml`;
      const { value: request, digest } = readRequest({ file: origin, text: aRequest({ requestedAt, duration }, name) });
      const policy = POLICY.replace("min: PT1M", "min: PT1S");
      const judge = readJudge({ file: "policy", text: policy }, { file: "directory", text: DIRECTORY });
      const world = createWorld(env, { config: () => undefined, actor: JOB, say: () => undefined });
      const where = { organization: "organization", project: "example", stack: "production" };
      await activate({ ...world, judge: () => judge }, { request, digest, origin, ...where });
      await (await world.journal()).close();
      return digest;
    };
    const digests = [await grant("alice-first", "PT8S"), await grant("alice-second", "PT9S")];
    const alice = await orders.open("alice");
    assert.deepEqual(await alice.sql("SELECT count(*)::int FROM orders"), [[30]]);
    outage = await Outage.begin(orders.server);

    const notifying = { ...env, ELEVATION_NOTIFY: `log ${receiver.url}?s3cret`, ELEVATION_NOTIFY_SECRET: SECRET };
    const running = startElevate(["reap", "--json", "--listen", "0"], { cwd: project.path, env: notifying });
    running.child.stdout.resume();
    const [listening] = (await once(running.child.stderr, "data")) as [Buffer];
    const metrics = /http:\S+\/metrics/.exec(`${listening}`)?.[0] ?? "";

    const told = async (event: Notice["event"]) => {
      const { headers, body } = await receiver.next(({ body }) => body.includes(`"event":"${event}"`));
      assert.equal(headers["elevation-signature"], `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`);
      return JSON.parse(body) as Notice;
    };
    const alarms = [await told("alarm"), await told("alarm")];
    assert.deepEqual(alarms.map(({ key }) => key).sort(), digests.map((digest) => `grant:${digest}`).sort());
    const first = alarms.find(({ key }) => key === `grant:${digests[0]}`)?.about;
    assert.deepEqual([first?.["name"], first?.["outcome"], first?.["failures"]], ["alice-first", "stuck", 3]);
    assert.match(
      String(first?.["reason"]),
      /^stuck: the access of `alice` to role `orders_admin` .+ must end and could/,
    );

    const stuck = await elevate(["status", "--stuck", "--json"], { cwd: project.path, env });
    assert.equal(stuck.exit, 4);
    const report = JSON.parse(stuck.stdout) as StatusReport;
    assert.deepEqual(report.stuck.map(({ name }) => name).sort(), ["alice-first", "alice-second"]);
    for (const { tries, nextTryBy } of report.stuck)
      assert.ok(tries >= 3 && nextTryBy !== null, `${tries} ${nextTryBy}`);
    assert.match(await (await fetch(metrics)).text(), /^elevation_grants_stuck 2$/m);

    await outage.end();
    const clear = [await told("all-clear"), await told("all-clear")];
    assert.deepEqual(clear.map(({ key }) => key).sort(), digests.map((digest) => `grant:${digest}`).sort());
    const back = await orders.open("alice");
    assert.equal(await back.refusal("SELECT count(*)::int FROM orders"), "permission denied for table orders");
    assert.deepEqual(
      (await back.sql("SELECT count(*)::int FROM pg_roles WHERE rolname ~ '^elev_[0-9a-f]{40}$'"))[0],
      [0],
    );
    assert.equal((await elevate(["status", "--stuck"], { cwd: project.path, env })).exit, 0);
    const events = await openStore(address).read();
    for (const digest of digests) {
      const types = events.filter(({ request }) => request === digest).map(({ type }) => type);
      assert.deepEqual(
        [types[2], types.at(-1), types.filter((type) => type === "expired").length],
        ["activated", "expired", 1],
      );
    }
    assert.match(await (await fetch(metrics)).text(), /^elevation_notices_total\{outcome="sent"\} 4$/m);

    running.child.kill("SIGTERM");
    const { exit, stderr } = await running.exited;
    assert.equal(exit, 0);
    assert.doesNotMatch(stderr, /s3cret|sixteen/);
    const logged = stderr.split("\n").filter((line) => line.startsWith('{"notice":'));
    assert.deepEqual(
      logged.map((line) => (JSON.parse(line) as { notice: Notice }).notice.event),
      ["alarm", "alarm", "all-clear", "all-clear"],
    );
    assert.equal((await elevate(["audit", "verify"], { cwd: project.path, env })).exit, 0);
  });
});
