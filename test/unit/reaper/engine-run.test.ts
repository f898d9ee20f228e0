// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { runEngine } from "@elevation/reaper/stacks";
import { afterEach, beforeEach, describe, it } from "mocha";
import { until } from "../../support/alive";

describe("a run of the engine", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "elevation-run-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const run = (script: string) => runEngine("sh", ["-c", script], { cwd: folder, env: { PATH: process.env["PATH"] } });

  it("when it ends, then its code and both streams are told, the working directory and the environment being what was given", async () => {
    const { code, stdout, output } = await run('pwd; echo "$HOME."; echo trouble >&2; exit 3');
    assert.deepEqual([code, stdout, output], [3, `${folder}\n.\n`, `${folder}\n.\ntrouble\n`]);
  });

  it("when a signal ends it, then it has failed", async () => {
    assert.equal((await run("kill -9 $$")).code, 128);
  });

  it("when it hangs, then it is asked to stop, and has failed", async () => {
    const script = "trap 'echo asked >&2; exit 130' INT; echo begun; while :; do sleep 0.02; done";
    const env = { PATH: process.env["PATH"] };
    const { code, output } = await runEngine("sh", ["-c", script], { cwd: folder, env }, { run: 500, stop: 60_000 });
    assert.deepEqual([code, output], [130, "begun\nasked\n"]);
  });

  it("when it doesn't stop either, then it is ended", async () => {
    const script = "trap '' INT; while :; do sleep 0.02; done";
    const env = { PATH: process.env["PATH"] };
    assert.equal((await runEngine("sh", ["-c", script], { cwd: folder, env }, { run: 200, stop: 100 })).code, 128);
  });

  it("when it can't be started, then that is said", async () => {
    await assert.rejects(runEngine(join(folder, "pulumi"), [], { cwd: folder, env: {} }), { code: "ENOENT" });
  });

  it("when it runs, then it gives way to us", async () => {
    const running = run("echo $$ >pid; until [ -e go ]; do sleep 0.02; done");
    await until(() => existsSync(join(folder, "pid")));
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    await until(() => getPriority(pid) > getPriority());
    writeFileSync(join(folder, "go"), "");
    assert.equal((await running).code, 0);
  });

  it("when a Ctrl-C comes, and when its starter is killed, then it goes on to its end, so that no lock stays", async () => {
    const starter = `
      process.on("SIGINT", () => {});
      const { runEngine } = require(${JSON.stringify(require.resolve("@elevation/reaper/stacks"))});
      const script = "echo >begun; until [ -e go ]; do sleep 0.02; done; echo a line; echo another >&2; echo >ended";
      void runEngine("sh", ["-c", script], { cwd: ${JSON.stringify(folder)}, env: process.env });
    `;
    const child = spawn(process.execPath, ["-e", starter], { stdio: "inherit", detached: true });
    await until(() => existsSync(join(folder, "begun")));
    assert.ok(child.pid !== undefined);
    process.kill(-child.pid, "SIGINT");
    child.kill("SIGKILL");
    await once(child, "exit");
    writeFileSync(join(folder, "go"), "");
    await until(() => existsSync(join(folder, "ended")));
  });
});
