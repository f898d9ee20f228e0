// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { until } from "../../support/alive";
import { engineTimeoutMs, theEngine, theStandInHost } from "../../support/engine";
import { finished, type Ran, ThrowawayProject } from "./throwaway-project";

const commandTimeoutMs = 60_000;

describe("the engine runs a project with a dynamic provider and a policy pack", function () {
  this.timeout(commandTimeoutMs);
  let project: ThrowawayProject;

  before(async function () {
    this.timeout(engineTimeoutMs);
    project = new ThrowawayProject(await theEngine());
    succeeded(await project.run("stack", "init", "dev"));
    succeeded(await project.run("config", "set", "--secret", "word", "hush"));
  });
  after(() => project?.remove());
  beforeEach(async () => {
    succeeded(await project.run("config", "set", "size", "1"));
  });

  it("when a program is previewed, then its output is shown and the exit code is 0", async () => {
    const ran = await project.run("preview");
    succeeded(ran);
    assert.match(ran.output, /a line on stdout/);
    assert.match(ran.output, /a line on stderr/);
    assert.match(ran.output, /\+ 2 to create/);
    assert.doesNotMatch(ran.output, /warning/);
  });

  it("when a program throws, then the engine shows its message and fails", async () => {
    succeeded(await project.run("config", "set", "fails", "true"));
    const ran = await project.run("preview");
    succeeded(await project.run("config", "rm", "fails"));
    assert.equal(ran.code, 1, ran.output);
    assert.match(ran.output, /the program fails on purpose/);
    assert.doesNotMatch(ran.output, /the program exited with code/);
  });

  for (const pack of ["pack", "pack-with-main"]) {
    it(`when a resource breaks the rule of \`${pack}\`, then the preview fails and names organization, project, stack and config`, async () => {
      succeeded(await project.run("config", "set", "size", "9"));
      const ran = await project.run("preview", "--policy-pack", join(project.folder, pack));
      assert.equal(ran.code, 1, ran.output);
      assert.match(ran.output, /size 9 is above 5 in organization\/throwaway\/dev, the word has 4 letters/);
    });

    it(`when a resource obeys the rule of \`${pack}\`, then the preview passes`, async () => {
      succeeded(await project.run("preview", "--policy-pack", join(project.folder, pack)));
    });
  }

  it("when a stack is applied, refreshed and destroyed, then each of them succeeds", async () => {
    succeeded(await project.run("up", "--yes", "--policy-pack", join(project.folder, "pack")));
    const outputs = await project.run("stack", "output", "--json");
    assert.deepEqual(JSON.parse(outputs.output), {
      seen: { organization: "organization", project: "throwaway", stack: "dev", isSecret: true, folder: "program" },
    });
    succeeded(await project.run("refresh", "--yes", "--skip-preview"));
    const destroyed = await project.run("destroy", "--yes");
    succeeded(destroyed);
    assert.match(destroyed.output, /- 2 deleted/);
  });

  it("when `pulumi about` asks for the program, then the Node.js version is shown", async () => {
    const ran = await project.run("about", "--json");
    assert.match(ran.output, new RegExp(process.version.replaceAll(".", "\\.")));
  });

  it("when the engine logs at its highest level, then the language host still starts", async () => {
    succeeded(
      await project.run("preview", "--logtostderr", "--logflow", "-v=3", "--policy-pack", join(project.folder, "pack")),
    );
  });
});

describe("the engine ends in the middle of a create", function () {
  this.timeout(commandTimeoutMs);
  let project: ThrowawayProject;

  before(async function () {
    this.timeout(engineTimeoutMs);
    if (process.platform !== "linux" || (await theStandInHost()) === undefined) this.skip();
  });
  beforeEach(async () => {
    project = new ThrowawayProject(await theEngine());
    succeeded(await project.run("stack", "init", "dev"));
    project.write("program/hold", "");
  });
  afterEach(() => project?.remove());

  it("when it is killed, then program, policy pack, provider and language host end within a second", async () => {
    const up = project.start("up", "--yes", "--skip-preview", "--policy-pack", join(project.folder, "pack"));
    const ended = finished(up);
    await until(() => existsSync(join(project.folder, "program", "holding")));
    const names = ["cmd/run/", "cmd/run-policy-pack/", "cmd/dynamic-provider/", "pulumi-language-nodejs"];
    for (const name of names)
      assert.ok(
        project.processes().some((command) => command.includes(name)),
        name,
      );
    up.kill("SIGKILL");
    await ended;
    const since = Date.now();
    await until(
      () => project.processes().length === 0,
      () => project.processes().join("\n"),
    );
    assert.ok(Date.now() - since < 1000, `${Date.now() - since} ms`);
  });

  it("when it is interrupted, then the create finishes, its resource is saved and nothing stays", async () => {
    const up = project.start("up", "--yes", "--skip-preview");
    const ended = finished(up);
    await until(() => existsSync(join(project.folder, "program", "holding")));
    up.kill("SIGINT");
    await delay(300); // the engine has no event for a cancellation that it has begun
    project.write("program/release", "");
    const ran = await ended;
    assert.notEqual(ran.code, 0, ran.output);
    const state = await project.run("stack", "export");
    assert.match(state.output, /"id": "id-1"/);
    assert.doesNotMatch(state.output, /pending_operations/);
    await until(
      () => project.processes().length === 0,
      () => project.processes().join("\n"),
    );
  });
});

function succeeded(ran: Ran): void {
  assert.equal(ran.code, 0, ran.output);
}
