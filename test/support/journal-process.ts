// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Head } from "@elevation/journal";

/** What a writing process does: so many appends without a condition, or so many steps of a Journal. */
export interface WriterTask {
  readonly does: "append" | "step";
  readonly address: string;
  readonly id?: string;
  readonly name: string;
  readonly count: number;
  /** Events in each append. */
  readonly batch?: number;
  /** Characters of padding in each event. */
  readonly padding?: number;
}

interface Told {
  readonly ready?: true;
  readonly appended?: readonly Head[];
  readonly error?: unknown;
}

/** A writing process, under the control of a test. */
export class JournalProcess {
  /** What it was told to be durable, in order. */
  readonly acknowledged: Head[] = [];
  /** What went wrong in it. */
  readonly errors: unknown[] = [];
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  readonly #closed: Promise<unknown>;
  #onAppended: () => void = () => undefined;

  /** `shell` runs before it in the same process, as in `ulimit -f 8`. */
  constructor(task: WriterTask, shell?: string) {
    const argv = [join(__dirname, "journal-writer.js"), JSON.stringify(task)];
    const stdio = ["pipe", "pipe", "inherit"] as const;
    this.#child =
      shell === undefined
        ? spawn(process.execPath, argv, { stdio: [...stdio] })
        : spawn("bash", ["-c", `${shell}; exec "$0" "$@"`, process.execPath, ...argv], { stdio: [...stdio] });
    this.#closed = once(this.#child, "close");
    this.#ready = new Promise((resolve) => {
      createInterface({ input: this.#child.stdout ?? process.stdin }).on("line", (line) => {
        const told = JSON.parse(line) as Told;
        if (told.ready === true) resolve();
        if (told.error !== undefined) this.errors.push(told.error);
        if (told.appended === undefined) return;
        this.acknowledged.push(...told.appended);
        this.#onAppended();
      });
    });
  }

  /** Lets it begin, once it is loaded. */
  async go(): Promise<void> {
    await this.#ready;
    this.#child.stdin?.end("go\n");
  }

  /** Resolves when it has acknowledged so many events. */
  async reached(count: number): Promise<void> {
    while (this.acknowledged.length < count) {
      const appended = new Promise<void>((resolve) => {
        this.#onAppended = resolve;
      });
      await Promise.race([appended, this.#closed.then(() => Promise.reject(new Error("the writer ended too early")))]);
    }
  }

  /** Resolves when it has ended and all that it told was read. */
  async ended(): Promise<void> {
    await this.#closed;
  }

  /** Kills it, without a chance to tidy up. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }
}

/** Loads all, then lets all begin at once and waits for their end. */
export async function runAll(processes: readonly JournalProcess[]): Promise<void> {
  await Promise.all(processes.map((each) => each.go()));
  await Promise.all(processes.map((each) => each.ended()));
}
