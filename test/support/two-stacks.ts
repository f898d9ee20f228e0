// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import readline from "node:readline";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { createWorkspace, must, openStack, repository, type Workspace } from "@elevation/scripts/support/workspace";
import { until } from "./alive";
import { theEngine } from "./engine";
import { aPolicy, DIRECTORY, type RequestFields, requestText } from "./pulumi-suite";

export type StackName = "production" | "staging";

/** A resource as an exported state has it. */
export interface HeldResource {
  readonly urn: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

/** What a reaper tells, a line of its JSON. */
export type Told = Readonly<Record<string, unknown>> & { readonly event: string };

/** A reaper that keeps running. */
export interface RunningReaper {
  /** The first line that was not taken yet and fits; waits for it. */
  next(event: string, fits?: Readonly<Record<string, unknown>>): Promise<Told>;
  /** What stands at its `/metrics`, by name. */
  metrics(): Promise<Readonly<Record<string, string>>>;
  /** Tells it to stop; its exit code. */
  stop(): Promise<number | null>;
}

/** A project of two stacks in a file backend, a journal for both, and a real PostgreSQL. */
export interface TwoStacks {
  readonly workspace: Workspace;
  request(stack: StackName, name: string, fields?: RequestFields): void;
  up(stack: StackName): Promise<void>;
  resources(stack: StackName): Promise<readonly HeldResource[]>;
  /** Names of the Grants in a state, as their requests have them. */
  grants(stack: StackName): Promise<readonly string[]>;
  /** Exports the state, changes its text, and imports that. Returns what it was. */
  tamper(stack: StackName, change: (state: string) => string): Promise<string>;
  restore(stack: StackName, state: string): Promise<void>;
  /** Locks a stack as another run does that is at work; what unlocks it. */
  lock(stack: StackName): () => void;
  /** Whether any stack is locked. */
  isLocked(): boolean;
  reap(...args: readonly string[]): Promise<RunningReaper>;
  dispose(): Promise<void>;
}

export async function openTwoStacks(server: PostgresServer): Promise<TwoStacks> {
  const engine = await theEngine();
  const manager = server.url("elevation_manager", "orders");
  const workspace = createWorkspace({
    policy: POLICY,
    directory: DIRECTORY,
    env: {
      ...engine.env,
      ELEVATION_CONNECTION_ORDERS: manager,
      ELEVATION_CONNECTION_REPLICA: manager,
      PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    },
  });
  await openStack(workspace, "production");
  await must(workspace.pulumi(["stack", "init", "staging"]));
  const file = join(workspace.root, "state.json");
  const exported = async (stack: StackName): Promise<string> => {
    await must(workspace.pulumi(["stack", "export", "--stack", stack, "--file", file]));
    return readFileSync(file, "utf8");
  };
  const resources = async (stack: StackName): Promise<readonly HeldResource[]> =>
    (JSON.parse(await exported(stack)) as { deployment: { resources?: HeldResource[] } }).deployment.resources ?? [];
  const restore = async (stack: StackName, state: string): Promise<void> => {
    writeFileSync(file, state);
    await must(workspace.pulumi(["stack", "import", "--stack", stack, "--file", file]));
  };
  const locks = (stack: StackName) =>
    join(workspace.root, ".state", ".pulumi", "locks", "organization", "elevation", stack);
  const running: { stop(): Promise<number | null> }[] = [];
  return {
    workspace,
    request: (stack, name, fields = {}) =>
      workspace.write(
        `stacks/requests/${name}.yaml`,
        requestText(name, fields).replace("environment: production", `environment: ${stack}`),
      ),
    up: async (stack) => {
      await must(workspace.pulumi(["up", "--yes", "--skip-preview", "--stack", stack]));
    },
    resources,
    grants: async (stack) =>
      (await resources(stack))
        .filter(({ type }) => type.endsWith("elevation:Grant"))
        .map(({ urn }) => String(urn.split("::").at(-1)).slice(0, -13))
        .sort(),
    tamper: async (stack, change) => {
      const before = await exported(stack);
      await restore(stack, change(before));
      return before;
    },
    restore,
    lock: (stack) => {
      const folder = locks(stack);
      mkdirSync(folder, { recursive: true });
      const name = join(folder, "9d3f8a52-0000-4000-8000-000000000000.json");
      writeFileSync(name, JSON.stringify(LOCK));
      return () => rmSync(name);
    },
    isLocked: () =>
      (["production", "staging"] as const).some(
        (stack) => existsSync(locks(stack)) && readdirSync(locks(stack)).length > 0,
      ),
    reap: async (...args) => {
      const reaper = await startReaper(workspace, args);
      running.push(reaper);
      return reaper;
    },
    dispose: async () => {
      for (const reaper of running) await reaper.stop();
      workspace.dispose();
    },
  };
}

/** By whom a stack is locked in these tests. */
export const LOCK = { pid: 1, username: "ci", hostname: "runner", timestamp: "2026-11-24T10:00:00Z" } as const;

const POLICY = aPolicy()
  .replace("environments: { production: {} }", "environments: { production: {}, staging: {} }")
  .replaceAll(
    /targets: \{ production: (\{.*\}) \}/g,
    (_all, target: string) => `targets: { production: ${target}, staging: ${target} }`,
  )
  .replace("environments: [production]", "environments: [production, staging]");

async function startReaper(workspace: Workspace, args: readonly string[]): Promise<RunningReaper> {
  const child = spawn(
    process.execPath,
    [join(repository, "cli", "bin", "elevate.js"), "reap", "--json", "--listen", "0", ...args],
    { cwd: workspace.root, env: workspace.env, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  child.stderr.on("data", (data: Buffer) => {
    said += `${data}`;
  });
  const exited = new Promise<number | null>((resolve) => child.on("close", (exit) => resolve(exit)));
  const told: Told[] = [];
  let isOver = false;
  void exited.then(() => {
    isOver = true;
  });
  readline.createInterface({ input: child.stdout }).on("line", (line) => told.push(JSON.parse(line) as Told));
  const url = () => /^metrics are at (\S+), health/m.exec(said)?.[1];
  await until(
    () => url() !== undefined || isOver,
    () => said,
  );
  return {
    next: async (event, fits = {}) => {
      const index = () =>
        told.findIndex(
          (line) => line.event === event && Object.entries(fits).every(([field, value]) => line[field] === value),
        );
      await until(
        () => index() >= 0 || isOver,
        () => `no ${event} ${JSON.stringify(fits)} in ${JSON.stringify(told)}\n${said}`,
        90_000,
      );
      const [found] = told.splice(index(), 1);
      if (found === undefined) throw new Error(`the reaper has ended: ${said}`);
      return found;
    },
    metrics: async () => {
      const text = await (await fetch(url() ?? "")).text();
      const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      return Object.fromEntries(lines.map((line) => line.split(" ")));
    },
    stop: async () => {
      if (!isOver) child.kill("SIGTERM");
      return exited;
    },
  };
}
