// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { PostgresServer } from "@elevation/scripts/support/postgres";

/** A server that is stopped by its process id, and started again as it was. */
export class Outage {
  readonly #command: readonly string[];
  readonly #cwd: string;
  readonly #ids: { readonly uid?: number; readonly gid?: number };
  #child: ChildProcess | null = null;

  private constructor(command: readonly string[], cwd: string, ids: { uid?: number; gid?: number }) {
    this.#command = command;
    this.#cwd = cwd;
    this.#ids = ids;
  }

  /** Ends the server at once, with the sessions that it has, and waits until it is gone. */
  static async begin({ data }: PostgresServer): Promise<Outage> {
    const lock = join(data, "postmaster.pid");
    const pid = Number(readFileSync(lock, "utf8").split("\n")[0]);
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
    const { uid, gid } = statSync(data);
    process.kill(pid, "SIGINT");
    while (existsSync(lock)) await delay(10);
    const ids = process.getuid?.() === 0 ? { uid, gid } : {};
    return new Outage(command, join(data, ".."), ids);
  }

  /** Starts it again, and waits until it takes connections. */
  async end(): Promise<void> {
    const [program = "", ...args] = this.#command;
    const child = spawn(program, args, {
      ...this.#ids,
      cwd: this.#cwd,
      env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    let log = "";
    for await (const chunk of child.stderr) {
      log += chunk;
      if (log.includes("ready to accept connections")) break;
    }
    // What it says later is nobody's to read.
    child.stderr.resume();
  }

  /** Ends what was started again. */
  async dispose(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const closed = once(child, "exit");
    child.kill("SIGQUIT");
    await closed;
  }
}
