// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, until } from "../../support/alive";
import { FakeMachine, fakeGo } from "./fake-machine";

const command = require.resolve("@elevation/engine/dist/main.js");

/** A compiler that says who it is, leaves files half made and never ends. */
const hanging =
  'echo half-made > "$GOTMPDIR/half"; /bin/mkdir -p "$GOCACHE"; /bin/sleep 300 & echo "$$ $!" > "$HOME/pids"; wait';

describe("a build of the engine that does not end", function () {
  this.timeout(20_000);
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.program("bin/go", fakeGo({ onBuild: hanging }));
  });
  afterEach(() => machine.remove());

  const start = () => spawn(process.execPath, [command], { env: machine.env, stdio: ["ignore", "pipe", "pipe"] });
  const compilers = () => readFileSync(join(machine.folder, "pids"), "utf8").trim().split(" ").map(Number);
  const isCompiling = () => until(() => existsSync(join(machine.folder, "pids")) && compilers().length === 2);

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it(`when ${signal} comes, then nothing is left, no compiler runs and the process ends by it`, async () => {
      const builder = start();
      await isCompiling();
      builder.kill(signal);
      assert.deepEqual(await once(builder, "exit"), [null, signal]);
      assert.deepEqual(machine.cached(), []);
      assert.deepEqual(compilers().filter(isAlive), []);
    });
  }

  it("when it is killed, then its compiler ends by itself and the next start sweeps what it left", async () => {
    const builder = start();
    await isCompiling();
    builder.kill("SIGKILL");
    await once(builder, "exit");
    await until(() => !compilers().some(isAlive));
    assert.match(machine.cached().join(), /^\.unfinished-build-3\.259\.0-[^,]*$/);
    await assert.rejects(machine.getEngine({ sources: ["cache"] }));
    assert.deepEqual(machine.cached(), []);
  });

  it("when another build is under way, then its unfinished folder is left alone", async () => {
    const builder = start();
    await isCompiling();
    await assert.rejects(machine.getEngine({ sources: ["cache"] }));
    assert.match(machine.cached().join(), /^\.unfinished-/);
    await end(builder);
  });

  it("when two ask at once, then one builds, the other waits and takes what was built", async () => {
    const wait = 'while [ ! -e "$HOME/go-on" ]; do /bin/sleep 0.02; done';
    machine.program("bin/go", fakeGo({ onBuild: `: > "$HOME/pids"; ${wait}` }));
    const builder = start();
    const built = output(builder);
    await until(() => existsSync(join(machine.folder, "pids")));
    const waiting = machine.getEngine();
    await until(() => machine.lines.includes("another process is getting the same engine; waiting for it (0 s)"));
    machine.program("go-on", "");
    assert.equal((await waiting).source, "cache");
    assert.match(await built, /^build 3\.259\.0 /);
    // Two commands make one build: the engine and its language host.
    assert.equal(readFileSync(join(machine.folder, "builds"), "utf8").trim().split("\n").length, 2);
  });
});

async function output(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.on("data", (part: Buffer) => {
    text += part.toString();
  });
  await once(child, "close");
  return text;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "exit");
}
