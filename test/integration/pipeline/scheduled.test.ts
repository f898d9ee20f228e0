// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import readline from "node:readline";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { openSession } from "@elevation/scripts/support/sql-session";
import { repository } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { type Clone, startTeam, type Team } from "../../support/pipeline";
import { startOrders } from "../../support/pulumi-suite";

const ADMIN_WORK = "SELECT count(*) FROM orders";
/** The first deploy must be over by then, also on a busy machine. */
const STARTS_IN = 75_000;

describe("a scheduled grant between deploys", function () {
  this.timeout(400_000);
  let server: PostgresServer;
  let team: Team;
  let clone: Clone;
  let reaper: ReturnType<typeof spawn> | null = null;

  before(async function () {
    this.timeout(engineTimeoutMs);
    await theEngine();
    server = await startOrders();
    team = await startTeam(server);
    clone = await team.clone("protected");
  });
  after(async () => {
    if (reaper?.exitCode === null) {
      reaper.kill("SIGKILL");
      await once(reaper, "exit");
    }
    await server?.stop();
    team?.dispose();
  });

  const deploy = async () => {
    const { code, output } = await clone.step(["deploy", "--publish", team.published], team.jobEnv);
    assert.equal(code, 0, output);
    return output;
  };
  const statuses = () => {
    const state = JSON.parse(readFileSync(join(team.published, "production.json"), "utf8")) as {
      deployment: { resources?: { outputs?: { request?: { metadata: { name: string } }; status?: string } }[] };
    };
    const outputs = (state.deployment.resources ?? []).flatMap(({ outputs }) => (outputs?.request ? [outputs] : []));
    return Object.fromEntries(outputs.map(({ request, status }) => [request?.metadata.name, status]));
  };
  const work = async () => {
    const session = await openSession(server.url("alice", "orders"));
    const answer = await session.run(ADMIN_WORK);
    await session.close();
    return answer;
  };

  it("when the reaper activates it at its start, then the next deploy learns of it, and withdraws it and what still waits once their files are gone", async () => {
    const startAt = Date.now() + STARTS_IN;
    const at = (milliseconds: number) => `startAt: ${new Date(startAt + milliseconds).toISOString()}`;
    clone.request("alice", { duration: "PT1H", extra: at(0) });
    clone.request("later", { duration: "PT1H", extra: at(3_600_000) });
    await clone.commit("requests");
    await deploy();
    assert.deepEqual(statuses(), { alice: "scheduled", later: "scheduled" });
    assert.ok(Date.now() < startAt, "the deploy took too long for this test");

    const documents = ["--policy", "policypack/elevation.yaml", "--directory", "policypack/directory.yaml"];
    const args = [join(repository, "cli", "bin", "elevate.js"), "reap", "--json", "--activate", ...documents];
    reaper = spawn(process.execPath, args, {
      cwd: clone.path,
      env: { ...team.jobEnv },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = readline.createInterface({ input: reaper.stdout ?? assert.fail() })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
    assert.deepEqual([(await next())["scheduled"], await work()], [2, "ERROR:  permission denied for table orders"]);
    const { event, name } = await next();
    assert.deepEqual([event, name, await work()], ["activated", "alice", "30"]);
    reaper.kill("SIGTERM");
    await once(reaper, "exit");

    await deploy();
    assert.deepEqual(statuses(), { alice: "active", later: "scheduled" });
    assert.deepEqual(await team.events("alice"), ["decided", "decided", "activating", "activated"]);
    assert.match(await deploy(), /^ +3 unchanged$/m, "the stack and both grants");

    for (const name of ["alice", "later"]) clone.remove(`stacks/requests/${name}.yaml`);
    await clone.commit("withdrawn");
    await deploy();
    assert.deepEqual(statuses(), {});
    assert.deepEqual((await team.events("alice")).slice(-2), ["revoking", "revoked"]);
    assert.deepEqual(await team.events("later"), ["decided", "failed"]);
    assert.equal(await work(), "ERROR:  permission denied for table orders");
  });
});
