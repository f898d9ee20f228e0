// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { initJournal, Journal, openStore } from "@elevation/journal";
import { DIRECTORY, POLICY } from "./documents";

/** The root of the repository, from test/dist/integration/cli. */
export const ROOT = join(__dirname, "..", "..", "..", "..");
/** The file that npm links as `elevate`. */
export const ELEVATE = join(ROOT, "cli", "bin", "elevate.js");

/** For a test, in ms: a process takes 0.3 s, on a busy machine a second. */
export const TIMEOUT = 30_000;

export interface Ran {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a command runs. Nothing of the environment of the tests reaches it but PATH. */
export interface Where {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the command as a process of its own. */
export function elevate(args: readonly string[], { cwd, env = {} }: Where): Promise<Ran> {
  return run(process.execPath, [ELEVATE, ...args], { cwd, env });
}

export function run(command: string, args: readonly string[], { cwd, env = {} }: Where): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", reject);
    child.on("close", (exit) => resolve({ exit, stdout: `${Buffer.concat(out)}`, stderr: `${Buffer.concat(err)}` }));
  });
}

/** A command that goes on until it is told to stop: its stdout is the test's to read. */
export function startElevate(args: readonly string[], { cwd, env = {} }: Where) {
  const child = spawn(process.execPath, [ELEVATE, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const err: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const exited = new Promise<Omit<Ran, "stdout">>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit) => resolve({ exit, stderr: `${Buffer.concat(err)}` }));
  });
  return { child, exited };
}

/** A folder of its own with a project in it, removed by {@link Project.remove}. */
export interface Project {
  readonly path: string;
  write(file: string, text: string | Uint8Array): string;
  read(file: string): string;
  remove(): void;
}

export function aProject(): Project {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "elevate-cli-")));
  const project: Project = {
    path,
    write(file, text) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), text);
      return join(path, file);
    },
    read: (file) => readFileSync(join(path, file), "utf8"),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
  project.write("Pulumi.yaml", "name: example\nruntime: nodejs\n");
  project.write("policypack/elevation.yaml", POLICY);
  project.write("policypack/directory.yaml", DIRECTORY);
  return project;
}

/** A journal in the project, opened at an instant, and the environment that trusts it. */
export async function aJournal({ path }: Project, openedAt = "2026-11-01T00:00:00Z") {
  const address = `file:${join(path, "journal.jsonl")}`;
  const { hash: id } = await initJournal(openStore(address), JOB, Date.parse(openedAt));
  const journal = await Journal.open(openStore(address), id);
  return { address, id, journal, env: { ELEVATION_JOURNAL: address, ELEVATION_JOURNAL_ID: id } };
}

export const JOB = { kind: "job", key: "unverified" } as const;
