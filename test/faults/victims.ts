// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Digest } from "@elevation/domain";
import type { GrantState } from "@elevation/provider/lifecycle";
import type { Task, Told } from "./victim";

/** What a process had said when it was over. */
export interface Over {
  /** The step at which it died; null: it came to its end. */
  readonly died: string | null;
  readonly states: ReadonlyMap<Digest, GrantState | null>;
  readonly appended: readonly string[];
  readonly errors: readonly string[];
  /** The steps that it passed; empty where it died. */
  readonly steps: readonly string[];
}

/** What a process is like, besides what it does. */
export interface Manner {
  /** Runs before it in the same process, as in `ulimit -f 8`. */
  readonly shell?: string;
  /** Its user and group; absent: ours. */
  readonly as?: number;
}

/** Processes that are loaded before they are needed: loading takes longer than dying. */
export class Victims {
  readonly #folder: string;
  readonly #warm: ChildProcess[] = [];
  readonly #count: number;

  /** `folder`: the project whose documents they read; `count`: how many wait. */
  constructor(folder: string, count: number) {
    this.#folder = folder;
    this.#count = count;
    this.#fill();
  }

  /** Runs one process to its end. Throws if it ends in another way than by its own kill or of itself. */
  async run(task: Task, manner?: Manner): Promise<Over> {
    const child = manner === undefined ? (this.#warm.shift() ?? this.#start()) : this.#start(manner);
    this.#fill();
    const told: Told[] = [];
    createInterface({ input: child.stdout ?? process.stdin }).on("line", (line) => told.push(JSON.parse(line) as Told));
    child.stdin?.end(JSON.stringify(task));
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    const died = told.find(({ dies }) => dies !== undefined)?.dies ?? null;
    const steps = told.find(({ done }) => done !== undefined)?.done;
    const isAsTold = died === null ? code === 0 && steps !== undefined : signal === "SIGKILL";
    if (!isAsTold) throw new Error(`a process ended with ${code ?? signal}, having said ${JSON.stringify(told)}`);
    return {
      died,
      steps: steps ?? [],
      states: new Map(told.flatMap(({ state }) => (state === undefined ? [] : [[state.digest, state.kept] as const]))),
      appended: told.flatMap(({ appended }) => appended ?? []),
      errors: told.flatMap(({ error }) => error ?? []),
    };
  }

  /** Ends those that wait. */
  async close(): Promise<void> {
    for (const child of this.#warm.splice(0)) {
      const closed = once(child, "close");
      child.kill("SIGKILL");
      await closed;
    }
  }

  #fill(): void {
    while (this.#warm.length < this.#count) this.#warm.push(this.#start());
  }

  #start({ shell, as }: Manner = {}): ChildProcess {
    const env = { PATH: process.env["PATH"] ?? "" };
    const ids = as === undefined ? {} : { uid: as, gid: as };
    const options = {
      cwd: this.#folder,
      env,
      ...ids,
      stdio: ["pipe", "pipe", "inherit"] as ["pipe", "pipe", "inherit"],
    };
    const argv = [process.execPath, join(__dirname, "victim.js")] as const;
    return shell === undefined
      ? spawn(argv[0], [argv[1]], options)
      : spawn("bash", ["--norc", "-c", `${shell}; exec "$0" "$@"`, ...argv], options);
  }
}
