// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StatusReport } from "@elevation/cli";
import { openStore } from "@elevation/journal";
import { type Receiver, startReceiver } from "../../support/receiver";
import { aRequest, intentOf } from "./documents";
import { aJournal, aProject, elevate, type Project, startElevate, TIMEOUT } from "./elevate";

describe("elevate reap says that it lives", () => {
  let project: Project;
  let journal: Awaited<ReturnType<typeof aJournal>>;
  let monitor: Receiver;

  beforeEach(async () => {
    project = aProject();
    journal = await aJournal(project);
    monitor = await startReceiver();
  });
  afterEach(async () => {
    await journal.journal.close();
    await monitor.close();
    project.remove();
  });

  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    elevate(args, { cwd: project.path, env: { ...journal.env, ...env } });
  const watch = async (...args: string[]) =>
    (JSON.parse((await run(["status", "--json", ...args])).stdout) as StatusReport).watch;
  const alive = () => existsSync(join(project.path, "journal.jsonl.alive"));

  it("when it runs, then status knows that grants are being ended, also after a clean stop, and a monitor is called", async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    await journal.journal.append([intentOf(aRequest(), { expiresAt: soon })]);
    assert.deepEqual((await watch()).silent, [{ environment: "production", live: 1, since: null }]);

    const env = { ...journal.env, ELEVATION_HEARTBEAT: `${monitor.url}?s3cret` };
    const running = startElevate(["reap", "--environment", "production"], { cwd: project.path, env });
    assert.deepEqual([(await monitor.next()).method, monitor.received[0]?.path], ["GET", "/hook?s3cret"]);
    await once(running.child.stdout, "data");
    let seen = await watch();
    // The call and the word beside the journal go out at the same time.
    while (seen.watchers.length === 0) seen = await watch();
    const [watcher] = seen.watchers;
    assert.deepEqual(
      { ...watcher, at: null },
      { by: "reaper", environments: ["production"], at: null, everySeconds: 30, silent: false, stopped: false },
    );
    assert.deepEqual(seen.silent, []);

    running.child.kill("SIGTERM");
    const { exit, stderr } = await running.exited;
    assert.equal(exit, 0);
    assert.doesNotMatch(stderr, /s3cret/);
    const after = await watch();
    assert.equal(after.watchers[0]?.stopped, true);
    const at = Date.parse(after.watchers[0]?.at ?? "");
    const late = async (ms: number) => (await watch("--at", new Date(at + ms).toISOString())).silent.length;
    assert.deepEqual([await late(59_999), await late(60_000)], [0, 1]);
  });

  it("when a monitor is away, then that is said without its path, and nothing else changes", async () => {
    monitor.answer = (response) => void response.writeHead(302, { location: "https://elsewhere.example/" }).end();
    const args = ["reap", "--once", "--heartbeat", `${monitor.url}?s3cret`];
    assert.deepEqual(await run(args), {
      exit: 0,
      stdout: "nothing is due\n",
      stderr: `the heartbeat monitor does not hear that grants are being ended: ${new URL(monitor.url).origin} answered 302, a redirect, which is not followed\n`,
    });
  });

  it("when a pass says when the next one is, then that is heard; without it, or blind, it says nothing", async () => {
    assert.equal((await run(["reap", "--once"])).exit, 0);
    assert.equal(alive(), false);
    assert.equal((await run(["reap", "--once", "--every", "PT5M", "--environment", "staging"])).exit, 0);
    const [watcher] = (await watch()).watchers;
    assert.deepEqual(
      { ...watcher, at: null },
      { by: "schedule", environments: ["staging"], at: null, everySeconds: 300, silent: false, stopped: false },
    );

    rmSync(join(project.path, "journal.jsonl.alive"), { recursive: true });
    const blind = { ELEVATION_JOURNAL_ID: "0".repeat(64), ELEVATION_HEARTBEAT: monitor.url };
    assert.equal((await run(["reap", "--once", "--every", "PT5M"], blind)).exit, 4);
    assert.equal(alive(), false);
    assert.deepEqual(monitor.received, []);
  });

  it("when it can't be said beside the journal, then that is said, and the pass does what it is there for", async () => {
    writeFileSync(join(project.path, "journal.jsonl.alive"), "");
    const { exit, stdout, stderr } = await run(["reap", "--once", "--every", "PT5M"]);
    assert.deepEqual([exit, stdout], [0, "nothing is due\n"]);
    assert.match(
      stderr,
      /^the journal's side does not hear that grants are being ended: nobody can be told that grants are watched over: `.+\.alive` \(EEXIST\); check the folder and the rights on it\n$/,
    );
  });

  it("when what is told is wrong, then nothing is begun, and no secret is repeated", async () => {
    const refused = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const { exit, stdout, stderr } = await run(["reap", ...args], env);
      assert.deepEqual([exit, stdout], [2, ""]);
      return stderr;
    };
    assert.equal(
      await refused(["--every", "PT5M"]),
      "error: `--every` says how often a scheduler runs `--once`; leave it out, a reaper that keeps running says by itself that it lives\n",
    );
    for (const every of ["5m", "PT0.5S", "P7DT1S"]) {
      assert.equal(
        await refused(["--once", "--every", every]),
        `error: \`--every\` is \`${every}\`; write a duration from PT1S to P7D, as in PT5M\n`,
      );
    }
    assert.equal(
      await refused(["--heartbeat", "http://monitor.example/s3cret"]),
      "error: `--heartbeat` is http: beyond this machine, where all could read it; write https:\n",
    );
    assert.equal(
      await refused(["--once"], { ELEVATION_HEARTBEAT: "monitor.example/s3cret" }),
      "error: `ELEVATION_HEARTBEAT` is no URL; write one as in https://alerts.example/elevation\n",
    );
  });

  it("when somebody forges that a reaper lives, then grants end all the same", async () => {
    await openStore(journal.address)
      .beats?.()
      .say({ by: "reaper", environments: null, at: Date.now() + 3_600_000, every: 604_800_000, stopped: false });
    const late = intentOf(aRequest(), { expiresAt: "2026-11-24T09:57:00.000Z" });
    await journal.journal.append([late]);
    const { exit, stdout } = await run(["reap", "--once"]);
    // There is no connection here: that it was tried shows that it was due.
    assert.equal(exit, 4);
    assert.match(stdout, /^STUCK: alice-orders /);
  });
}).timeout(TIMEOUT);
