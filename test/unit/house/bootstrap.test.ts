// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "@elevation/scripts/support/workspace";

describe("scripts/bootstrap.mjs", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "elevation-bootstrap-"));
    write("package-lock.json", "{}");
    write("bin/npm", `#!/bin/sh\necho "$@" >>"${join(folder, "installed")}"\n`);
    chmodSync(join(folder, "bin/npm"), 0o755);
    write("node_modules/typescript/bin/tsc", "");
    write("installed", "");
    mkdirSync(join(folder, "scripts"));
    cpSync(join(repository, "scripts", "bootstrap.mjs"), join(folder, "scripts", "bootstrap.mjs"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(name: string, text: string): void {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }

  function run(...args: string[]) {
    const env = { PATH: join(folder, "bin") };
    const script = join(folder, "scripts", "bootstrap.mjs");
    const { status, stderr } = spawnSync(process.execPath, [script, ...args], { env, encoding: "utf8" });
    return { status, stderr, installed: readFileSync(join(folder, "installed"), "utf8") };
  }
  const INSTALLS = "ci --no-audit --no-fund --loglevel=error\n";
  const SAYS = "installing packages (npm ci, about a minute)\n";

  it("when nothing was installed, then it installs, once", () => {
    assert.deepEqual(run(), { status: 0, stderr: SAYS, installed: INSTALLS });
    assert.deepEqual(run(), { status: 0, stderr: "", installed: INSTALLS });
  });

  it("when somebody's npm has installed the same lockfile, then it installs nothing", () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    assert.match(scripts["prepare"] ?? "", / && node scripts\/bootstrap\.mjs --installed$/);
    assert.deepEqual(run("--installed"), { status: 0, stderr: "", installed: "" });
    assert.deepEqual(run(), { status: 0, stderr: "", installed: "" });
  });

  it("when the lockfile has changed since, then it installs", () => {
    run("--installed");
    write("package-lock.json", '{ "lockfileVersion": 3 }');
    assert.deepEqual(run(), { status: 0, stderr: SAYS, installed: INSTALLS });
  });
}).timeout(20_000);
