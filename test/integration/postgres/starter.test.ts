// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** Starts a server, says its port and folder, and ends as it is told. */
const PROGRAM = `
const { startPostgres } = require("@elevation/scripts/support/postgres");
const { readdirSync } = require("node:fs");
const { tmpdir } = require("node:os");
(async () => {
  const before = new Set(readdirSync(tmpdir()));
  const server = await startPostgres();
  const folder = readdirSync(tmpdir()).find((name) => name.startsWith("elevation-postgres-") && !before.has(name));
  console.log(JSON.stringify({ port: server.port, folder: require("node:path").join(tmpdir(), folder) }));
  const how = process.argv[1];
  if (how === "stop") { await server.stop(); await server.stop(); }
  if (how === "exit") process.exit(3);
  if (how === "wait") setInterval(() => undefined, 1000);
})();`;

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe("the throw-away PostgreSQL", function () {
  this.timeout(30_000);

  for (const [how, signal, expected] of [
    ["stop", null, [0, null]],
    ["exit", null, [3, null]],
    ["wait", "SIGINT", [null, "SIGINT"]],
  ] as const) {
    it(`when its process ends by ${signal ?? how}, then no process and no file is left`, async () => {
      const child = spawn(process.execPath, ["-e", PROGRAM, how], { stdio: ["ignore", "pipe", "ignore"] });
      const ended = once(child, "close");
      const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
      const { port, folder } = JSON.parse(line) as { port: number; folder: string };
      if (how === "wait") {
        assert.ok(await isListening(port));
        assert.ok(existsSync(folder));
      }
      if (signal !== null) child.kill(signal);
      assert.deepEqual(await ended, expected);
      assert.ok(!(await isListening(port)), "the server still listens");
      assert.ok(!existsSync(folder), "the folder is still there");
    });
  }
});
