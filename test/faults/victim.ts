// SPDX-License-Identifier: Apache-2.0
// A process of its own in which grants live: the real lifecycle, targets and journal. It is told what to do on stdin, says what came of it on
// stdout, and dies by SIGKILL at the step that it was given.
import { writeSync } from "node:fs";
import type { Digest, NewEvent } from "@elevation/domain";
import {
  activate,
  createWorld,
  type GrantInputs,
  type GrantState,
  read,
  reap,
  reasonOf,
  remove,
  update,
  type World,
} from "@elevation/provider/lifecycle";
import { type ReaperEvent, runReaper } from "@elevation/reaper";
import { countSteps, type Kill, Steps } from "./steps";

/** One thing that a process does to grants. */
export type Work =
  | { readonly does: "up"; readonly inputs: GrantInputs; readonly state: GrantState | null }
  | { readonly does: "read" | "remove"; readonly state: GrantState }
  | {
      readonly does: "reap";
      readonly declared: readonly Digest[] | null;
      readonly states: readonly GrantState[];
      readonly environments: readonly string[] | null;
    }
  /** Reads what this process has made or adopted before. */
  | { readonly does: "refresh" }
  /** Is a reaper until so many grants have ended by the journal. */
  | { readonly does: "keepReaping"; readonly until: number }
  | { readonly does: "append"; readonly events: readonly NewEvent[] };

export interface Task {
  /** What the job's environment holds: journal and connections. */
  readonly env: Readonly<Record<string, string>>;
  /** How far this process's clock is ahead, in milliseconds. */
  readonly ahead: number;
  /** One after the other; of each, all at once. */
  readonly work: readonly (readonly Work[])[];
  readonly kill: Kill | null;
}

/** What a process says, a line each. */
export interface Told {
  readonly ready?: true;
  /** What the engine would keep; null: that the grant has ended. */
  readonly state?: { readonly digest: Digest; readonly kept: GrantState | null };
  /** Of events that are durable. */
  readonly appended?: readonly string[];
  readonly error?: string;
  /** The step at which it dies. */
  readonly dies?: string;
  /** It has come to its end, past these steps. */
  readonly done?: readonly string[];
}

/** What this process has told to be kept. */
const states = new Map<Digest, GrantState>();

/** NB. at once: what is still on its way in this process dies with it. */
function tell(told: Told): void {
  writeSync(1, `${JSON.stringify(told)}\n`);
}

function die(step: string): never {
  tell({ dies: step });
  process.kill(process.pid, "SIGKILL");
  for (;;);
}

async function doWork(world: World, work: Work): Promise<void> {
  switch (work.does) {
    case "up": {
      const { inputs, state } = work;
      tell(keeping(await (state === null ? activate(world, inputs) : update(world, state, inputs))));
      return;
    }
    case "read":
      tell(keeping(await read(world, work.state), work.state));
      return;
    case "refresh":
      for (const state of [...states.values()]) await doWork(world, { does: "read", state });
      return;
    case "remove":
      await remove(world, work.state);
      tell(keeping(null, work.state));
      return;
    case "reap": {
      const { declared } = work;
      const environments = work.environments && new Set(work.environments);
      const folder = declared && { project: "elevation", digests: new Set(declared) };
      const passed = await reap(world, { declared: folder, states: work.states, environments, atOnce: 4 });
      const failed = passed.reaped.flatMap(({ reason }) => reason ?? []);
      for (const error of [...failed, ...(passed.untrusted === null ? [] : [passed.untrusted])]) tell({ error });
      return;
    }
    case "keepReaping":
      return keepReaping(world, work.until);
    case "append": {
      const { events } = await (await world.journal()).append(work.events);
      tell({ appended: events.map(({ hash }) => hash) });
    }
  }
}

async function keepReaping(world: World, until: number): Promise<void> {
  const stop = new AbortController();
  const count = async () => {
    const { history } = await (await world.journal()).view();
    if (history.length >= until) stop.abort();
  };
  const on = (event: ReaperEvent) => {
    if (event.type === "failed") tell({ error: event.grant.reason ?? "" });
    if (event.type === "looked") void count();
  };
  const often = { atOnce: 4, lookEvery: 50, sweepEvery: 1_000, reconcileEvery: 1_000 };
  const options = { environments: null, judge: () => null, random: Math.random, ...often, on };
  await runReaper(world, options, stop.signal);
}

function keeping(kept: GrantState | null, of: GrantState | null = kept): Told {
  if (of === null) return {};
  if (kept !== null) states.set(of.digest, kept);
  else states.delete(of.digest);
  return { state: { digest: of.digest, kept } };
}

async function main(task: Task): Promise<void> {
  const steps = new Steps(task.kill, die);
  await countSteps(steps);
  const actor = { kind: "job", key: "unverified" } as const;
  const real = createWorld(task.env, { config: () => undefined, actor, say: () => undefined });
  const world = { ...real, clock: () => real.clock() + task.ahead };
  for (const together of task.work) {
    const done = together.map((work) =>
      doWork(world, work).catch((error: unknown) => tell({ error: reasonOf(error) })),
    );
    await Promise.all(done);
  }
  tell({ done: steps.passed });
}

tell({ ready: true });
let input = "";
process.stdin.on("data", (text) => {
  input += text;
});
process.stdin.on("end", () => void main(JSON.parse(input) as Task));
