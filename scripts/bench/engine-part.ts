// SPDX-License-Identifier: Apache-2.0
import { performance } from "node:perf_hooks";
import { getEngine } from "@elevation/engine";
import { WITHOUT_CHECKPOINTS } from "@elevation/reaper/stacks";
import { startPostgres } from "../support/postgres";
import { createWorkspace, must, openStack, type Workspace } from "../support/workspace";
import { makeBare, makeEmptyPack } from "./bare-stack";
import { DIRECTORY, makeCompany, POLICY, writeRequests } from "./documents";
import { larger, NO_MEMORY, type PeakMemory, watchMemory } from "./memory";
import type { BenchOptions } from "./options";

/** Ours, or resources of the same size that do nothing. */
export type StackKind = "grants" | "bare";
export const OPERATIONS = [
  "preview",
  "preview, empty pack",
  "preview, our pack",
  "up",
  "refresh",
  "destroy",
  "up with checkpoints",
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** How large the stack is at which checkpoints are measured as well: they grow with the square. */
const CHECKPOINTED = 100;

/** Everything that was measured with the engine. */
export interface EngineResults {
  /** What the engine calls itself, and where it is from. */
  readonly engine: string;
  /** Milliseconds of each run. */
  times(stack: StackKind, size: number, operation: Operation): readonly number[];
  /** The peaks of all runs of all operations. */
  memory(stack: StackKind, size: number): PeakMemory;
  /** Bytes of the exported state. */
  state(stack: StackKind, size: number): number;
}

type Say = (line: string) => void;

/** Runs every operation on stacks of every size, ours and the bare one in turns. Throws where an operation fails. */
export async function measureEngine({ runs, sizes }: BenchOptions, say: Say): Promise<EngineResults> {
  const engine = await getEngine({ onProgress: say });
  const server = await startPostgres({ onProgress: say });
  try {
    await makeCompany(server);
    const env = {
      ...engine.env,
      ...WITHOUT_CHECKPOINTS,
      ELEVATION_CONNECTION_ORDERS_PRODUCTION: server.url("elevation_manager", "orders"),
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    };
    const results = new Results(`pulumi ${engine.version} (${engine.source})`);
    for (let run = 1; run <= runs; run++) {
      for (const size of sizes) {
        const kinds: readonly StackKind[] = run % 2 === 1 ? ["grants", "bare"] : ["bare", "grants"];
        for (const kind of kinds) {
          say(`run ${run} of ${runs}: ${size} ${kind === "bare" ? "resources that do nothing" : "grants"}`);
          await live(kind, size, env, results);
          if (size === checkpointed(sizes)) await upWithCheckpoints(kind, size, env, results);
        }
      }
    }
    return results;
  } finally {
    await server.stop();
  }
}

/** The size at which `up` is measured with checkpoints too: 100, or the largest below it. */
export function checkpointed(sizes: readonly number[]): number | undefined {
  return sizes.findLast((size) => size <= CHECKPOINTED);
}

class Results implements EngineResults {
  readonly engine: string;
  readonly #times = new Map<string, number[]>();
  readonly #memory = new Map<string, PeakMemory>();
  readonly #state = new Map<string, number>();

  constructor(engine: string) {
    this.engine = engine;
  }

  times(stack: StackKind, size: number, operation: Operation): readonly number[] {
    return this.#times.get(`${stack} ${size} ${operation}`) ?? [];
  }

  memory(stack: StackKind, size: number): PeakMemory {
    return this.#memory.get(`${stack} ${size}`) ?? NO_MEMORY;
  }

  state(stack: StackKind, size: number): number {
    return this.#state.get(`${stack} ${size}`) ?? Number.NaN;
  }

  add(stack: StackKind, size: number, operation: Operation, time: number, memory: PeakMemory): void {
    this.#times.set(`${stack} ${size} ${operation}`, [...this.times(stack, size, operation), time]);
    this.#memory.set(`${stack} ${size}`, larger(this.memory(stack, size), memory));
  }

  addState(stack: StackKind, size: number, bytes: number): void {
    this.#state.set(`${stack} ${size}`, bytes);
  }
}

/** The life of one stack: previewed, made, looked at, destroyed; in a workspace and with a journal of its own. */
async function live(stack: StackKind, size: number, env: Record<string, string>, results: Results): Promise<void> {
  await inWorkspace(stack, size, env, async (workspace) => {
    const timed = (operation: Operation, args: readonly string[], more: Record<string, string> = {}) =>
      time(workspace, args, more).then(({ ms, memory }) => results.add(stack, size, operation, ms, memory));
    await timed("preview", ["preview"]);
    if (stack === "grants") {
      await timed("preview, empty pack", ["preview", "--policy-pack", "empty-pack"]);
      await timed("preview, our pack", ["preview", "--policy-pack", "policypack"]);
    }
    await timed("up", ["up", "--yes", "--skip-preview"], { ELEVATION_DEPLOY: "1" });
    results.addState(stack, size, await stateSize(workspace, size));
    await timed("refresh", ["refresh", "--yes", "--skip-preview"]);
    await timed("destroy", ["destroy", "--yes", "--skip-preview"]);
  });
}

async function upWithCheckpoints(
  stack: StackKind,
  size: number,
  env: Record<string, string>,
  results: Results,
): Promise<void> {
  await inWorkspace(stack, size, env, async (workspace) => {
    const up = ["up", "--yes", "--skip-preview"];
    const { ms } = await time(workspace, up, { ELEVATION_DEPLOY: "1", PULUMI_SKIP_CHECKPOINTS: "false" });
    // Its memory is another mode's.
    results.add(stack, size, "up with checkpoints", ms, NO_MEMORY);
    await must(workspace.pulumi(["destroy", "--yes", "--skip-preview"]));
  });
}

async function inWorkspace(
  stack: StackKind,
  size: number,
  env: Record<string, string>,
  use: (workspace: Workspace) => Promise<void>,
): Promise<void> {
  const workspace = createWorkspace({ policy: POLICY, directory: DIRECTORY, env });
  try {
    await openStack(workspace, "production");
    makeEmptyPack(workspace);
    if (stack === "grants") writeRequests(workspace, size);
    else makeBare(workspace, size);
    await use(workspace);
  } finally {
    workspace.dispose();
  }
}

async function time(
  workspace: Workspace,
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ ms: number; memory: PeakMemory }> {
  let watch: ReturnType<typeof watchMemory> | undefined;
  const start = performance.now();
  const onStart = (pid: number): void => {
    watch = watchMemory(pid);
  };
  try {
    await must(workspace.pulumi(args, { env, onStart }));
    const ms = performance.now() - start;
    return { ms, memory: watch?.stop() ?? NO_MEMORY };
  } finally {
    watch?.stop();
  }
}

/** Throws if the stack doesn't hold what was to be made: a fast `up` that made nothing must not count. */
async function stateSize(workspace: Workspace, size: number): Promise<number> {
  const { stdout } = await must(workspace.pulumi(["stack", "export"]));
  const state = JSON.parse(stdout) as {
    deployment: { resources: { type: string; outputs?: { status?: string } }[] };
  };
  const made = state.deployment.resources.filter(
    ({ type, outputs }) => type.startsWith("pulumi-nodejs:dynamic/") && outputs?.status === "active",
  ).length;
  if (made !== size) throw new Error(`${made} of ${size} resources are active after the up`);
  return Buffer.byteLength(JSON.stringify(state));
}
