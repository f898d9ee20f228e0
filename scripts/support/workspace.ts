// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { copyProject } from "./project-copy";

/** What a finished command left behind. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams in the order of their arrival. */
  readonly output: string;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  /** Called with every piece of output, as it comes. */
  readonly onOutput?: (text: string) => void;
  readonly onStart?: (pid: number) => void;
  /** After so long it is ended, in milliseconds. */
  readonly timeoutMs?: number;
}

/** A throw-away project: this repository's own Pulumi.yaml, stacks and pack, with documents, state and journal of its own. */
export interface Workspace {
  readonly root: string;
  readonly env: Record<string, string>;
  /** Runs `pulumi` in the project's root. */
  pulumi(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Runs `elevate` in the project's root. */
  elevate(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Writes a file below the root. */
  write(path: string, text: string): void;
  remove(path: string): void;
  /** Removes all of it. */
  dispose(): void;
}

export interface WorkspaceOptions {
  /** Text of elevation.yaml and directory.yaml. */
  readonly policy: string;
  readonly directory: string;
  /** What the engine needs, and the connections that the job holds. */
  readonly env: Record<string, string>;
}

/** The repository that this file belongs to. */
export const repository = findRepository(__dirname);

export function createWorkspace(options: WorkspaceOptions): Workspace {
  const root = mkdtempSync(join(tmpdir(), "elevation-"));
  copyProject(repository, root, ["stacks/Pulumi.staging.yaml", "stacks/Pulumi.production.yaml"]);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("policypack/elevation.yaml", options.policy);
  write("policypack/directory.yaml", options.directory);
  mkdirSync(join(root, ".state"));
  mkdirSync(join(root, ".pulumi-home"));
  const env = {
    ...(process.env as Record<string, string>),
    ELEVATION_JOURNAL: `file:${join(root, "journal.jsonl")}`,
    ELEVATION_JOURNAL_ID: "",
    ELEVATION_DEPLOY: "",
    ...options.env,
    PULUMI_BACKEND_URL: `file://${join(root, ".state")}`,
    PULUMI_CONFIG_PASSPHRASE: "throw-away",
    PULUMI_HOME: join(root, ".pulumi-home"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    NO_COLOR: "1",
  };
  const elevate = join(repository, "cli", "bin", "elevate.js");
  return {
    root,
    env,
    pulumi: (args, run) =>
      execute("pulumi", ["--color", "never", "--non-interactive", ...args, ...quiet(args)], env, root, run),
    elevate: (args, run) => execute(process.execPath, [elevate, ...args], env, root, run),
    write,
    remove: (path) => rmSync(join(root, path), { force: true, recursive: true }),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** What a command left behind. Throws with all of its output unless it ended with 0. */
export async function must(running: Promise<Finished>): Promise<Finished> {
  const finished = await running;
  if (finished.code !== 0) throw new Error(`exit code ${finished.code}:\n${finished.output}`);
  return finished;
}

/** Opens the workspace's journal and a stack in it. */
export async function openStack(workspace: Workspace, stack: string): Promise<void> {
  const init = await must(workspace.elevate(["journal", "init", "--json"]));
  workspace.env["ELEVATION_JOURNAL_ID"] = (JSON.parse(init.stdout) as { id: string }).id;
  await must(workspace.pulumi(["stack", "init", stack]));
}

/** Operations print a dot a second otherwise. */
function quiet([command]: readonly string[]): string[] {
  return ["preview", "up", "refresh", "destroy"].includes(command ?? "") ? ["--suppress-progress"] : [];
}

/** Runs a command to its end; the exit code of one that a signal ended is 128. */
export function execute(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  cwd: string,
  options: RunOptions = {},
): Promise<Finished> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeoutMs,
    });
    const all = { stdout: "", stderr: "", output: "" };
    const take = (stream: "stdout" | "stderr") => (data: string) => {
      all[stream] += data;
      all.output += data;
      options.onOutput?.(data);
    };
    child.stdout.setEncoding("utf8").on("data", take("stdout"));
    child.stderr.setEncoding("utf8").on("data", take("stderr"));
    child.on("error", failed);
    child.on("spawn", () => child.pid !== undefined && options.onStart?.(child.pid));
    child.on("close", (code) => done({ code: code ?? 128, ...all }));
  });
}

function findRepository(from: string): string {
  for (let folder = resolve(from); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, "utf8")) as { name?: string }).name === "elevation")
      return folder;
  }
  throw new Error("not inside the repository");
}
