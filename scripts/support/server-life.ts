// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";

const STOP_WITHIN_MS = 10_000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Sees to it that a PostgreSQL server and its folder are gone when this process is, unless that is killed by SIGKILL. */
export class ServerLife {
  private readonly folder: string;
  private child: ChildProcess | undefined;
  private stopping: Promise<void> | undefined;
  private readonly onExit = () => this.stopNow();
  private readonly onSignal = (signal: NodeJS.Signals) => {
    this.stopNow();
    // Our listener took the signal's default away: put it back unless somebody else listens too.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };

  constructor(folder: string) {
    this.folder = folder;
    process.once("exit", this.onExit);
    for (const signal of SIGNALS) process.once(signal, this.onSignal);
  }

  adopt(child: ChildProcess): void {
    this.child = child;
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  private async stopOnce(): Promise<void> {
    const child = this.child;
    if (child !== undefined && isRunning(child)) {
      const closed = once(child, "close");
      child.kill("SIGINT");
      const timer = setTimeout(() => child.kill("SIGQUIT"), STOP_WITHIN_MS);
      await closed;
      clearTimeout(timer);
    }
    this.forget();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** At exit nothing asynchronous runs any more. */
  private stopNow(): void {
    const child = this.child;
    if (child !== undefined && isRunning(child)) {
      child.kill("SIGQUIT");
      waitForRemoval(join(this.folder, "run", "data", "postmaster.pid"), STOP_WITHIN_MS);
      child.kill("SIGKILL");
    }
    this.forget();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  private forget(): void {
    process.removeListener("exit", this.onExit);
    for (const signal of SIGNALS) process.removeListener(signal, this.onSignal);
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** The server removes its lock file as the last thing it does; our own loop can't see its end event while exiting. */
function waitForRemoval(file: string, withinMs: number): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; existsSync(file) && waited < withinMs; waited += 10) Atomics.wait(cell, 0, 0, 10);
}
