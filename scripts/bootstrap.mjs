// SPDX-License-Identifier: Apache-2.0
// Makes a fresh clone ready: Node's version, the packages of the lockfile, the build. Plain JavaScript without imports
// from packages, because it runs before there are any. With `--installed` it only notes that they are there.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".elevation-lockfile");

requireNode();
if (process.argv[2] === "--installed") {
  // What npm runs last when it has installed the lockfile (`prepare` in package.json), whoever asked for it.
  writeFileSync(stamp, lockfile());
} else {
  installPackages();
  build();
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Node ${process.versions.node} is too old; install Node 20.19 or later`);
}

function lockfile() {
  return createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
}

function installPackages() {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lockfile()) return;
  say("installing packages (npm ci, about a minute)");
  // Scripts run: `prepare` builds, and the PostgreSQL binaries link their libraries.
  const done = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (done.status !== 0) fail("npm ci failed; its own message is above");
  // Where npm is told to run no scripts, `prepare` didn't say so.
  writeFileSync(stamp, lockfile());
}

function build() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const done = spawnSync(process.execPath, [tsc, "-b"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (done.status !== 0) fail("the build failed; the compiler's messages are above");
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}
