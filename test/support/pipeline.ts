// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openStore } from "@elevation/journal";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { copyProject } from "@elevation/scripts/support/project-copy";
import { execute, type Finished, must, type RunOptions, repository } from "@elevation/scripts/support/workspace";
import { theEngine } from "./engine";
import { aPolicy, DIRECTORY, type RequestFields, requestText } from "./pulumi-suite";

const STACK = "production";
const IDENTITY = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };

/** A clone of the team's repository. */
export interface Clone {
  readonly path: string;
  git(...args: string[]): Promise<Finished>;
  write(path: string, text: string): void;
  remove(path: string): void;
  /** Writes a request file and returns its path. */
  request(name: string, fields?: RequestFields): string;
  /** Commits everything. */
  commit(message: string): Promise<void>;
  /** Runs a step of the pipeline in this clone. */
  step(args: readonly string[], env: Readonly<Record<string, string>>, options?: RunOptions): Promise<Finished>;
}

/** A team's repository with its protected branch `main`, a state backend and a journal; all of it in one folder. */
export interface Team {
  readonly root: string;
  /** What the jobs publish for previews. */
  readonly published: string;
  /** The environment of a job that holds everything. */
  readonly jobEnv: Readonly<Record<string, string>>;
  /** The environment of a preview: no credential. */
  readonly previewEnv: Readonly<Record<string, string>>;
  clone(name: string, branch?: string): Promise<Clone>;
  /** Types of the journal's events of one request, by its name. */
  events(name: string): Promise<readonly string[]>;
  dispose(): void;
}

export async function startTeam(server: PostgresServer, policy = aPolicy()): Promise<Team> {
  const engine = await theEngine();
  const root = mkdtempSync(join(tmpdir(), "elevation-team-"));
  for (const folder of ["home", "state", "pulumi-home", "published"]) mkdirSync(join(root, folder));
  const journal = `file:${join(root, "journal.jsonl")}`;
  const plain = { PATH: process.env["PATH"] ?? "", HOME: join(root, "home"), NO_COLOR: "1", ...engine.env };
  const jobEnv: Record<string, string> = {
    ...plain,
    PULUMI_HOME: join(root, "pulumi-home"),
    PULUMI_BACKEND_URL: `file://${join(root, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "of the jobs",
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    ELEVATION_JOURNAL: journal,
    ELEVATION_CONNECTION_ORDERS: server.url("elevation_manager", "orders"),
    ELEVATION_CONNECTION_REPLICA: server.url("elevation_manager", "orders"),
  };
  const origin = join(root, "origin.git");
  await must(execute("git", ["init", "--quiet", "--bare", "-b", "main", origin], plain, root));
  const clone = async (name: string, branch = "main"): Promise<Clone> => {
    const path = join(root, name);
    await must(execute("git", ["clone", "--quiet", origin, path], { ...plain, ...IDENTITY }, root));
    const made = aClone(path, plain);
    if (branch !== "main") await must(made.git("checkout", "--quiet", branch));
    symlinkSync(join(repository, "node_modules"), join(path, "node_modules"));
    return made;
  };
  await seed(join(root, "seed"), origin, plain, policy);
  const { stdout } = await must(
    execute(
      process.execPath,
      [join(repository, "cli", "bin", "elevate.js"), "journal", "init", "--json"],
      jobEnv,
      root,
    ),
  );
  jobEnv["ELEVATION_JOURNAL_ID"] = (JSON.parse(stdout) as { id: string }).id;
  await must(execute("pulumi", ["stack", "init", STACK], jobEnv, join(root, "seed")));
  return {
    ...{ root, jobEnv, clone, published: join(root, "published") },
    previewEnv: { ...plain, ELEVATION_JOURNAL_ID: jobEnv["ELEVATION_JOURNAL_ID"] },
    events: async (name) => {
      const events = await openStore(journal).read();
      const digest = events.find(({ data }) => nameIn(data) === name)?.request;
      return events.filter(({ request }) => request === digest && digest !== undefined).map(({ type }) => type);
    },
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}

function nameIn(data: unknown): string | undefined {
  return (data as { request?: { metadata?: { name?: string } } }).request?.metadata?.name;
}

/** The first commit of `main`: the shipped project with a policy of the tests. */
async function seed(path: string, origin: string, env: Record<string, string>, policy: string): Promise<void> {
  mkdirSync(path);
  copyProject(repository, path, [`stacks/Pulumi.${STACK}.yaml`]);
  const made = aClone(path, env);
  made.write("policypack/elevation.yaml", policy);
  made.write("policypack/directory.yaml", DIRECTORY);
  made.write("stacks/requests/README.md", "Request files.\n");
  made.write(".gitignore", "node_modules\n");
  await must(made.git("init", "--quiet", "-b", "main"));
  await made.commit("the project");
  await must(made.git("push", "--quiet", origin, "main"));
}

function aClone(path: string, env: Record<string, string>): Clone {
  const git = (...args: string[]) =>
    execute(
      "git",
      ["-c", "user.name=Test", "-c", "user.email=test@example.com", ...args],
      { ...env, ...IDENTITY },
      path,
    );
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  };
  return {
    ...{ path, git, write },
    remove: (file) => rmSync(join(path, file), { recursive: true, force: true }),
    request: (name, fields = {}) => {
      const file = `stacks/requests/${name}.yaml`;
      write(file, requestText(name, fields));
      return file;
    },
    commit: async (message) => {
      await must(git("add", "--all"));
      await must(git("commit", "--quiet", "-m", message));
    },
    step: (args, stepEnv, options) =>
      execute(
        process.execPath,
        [join(repository, "scripts", "dist", "pipeline.js"), ...args],
        { ...stepEnv },
        path,
        options,
      ),
  };
}

/** A file that a step wrote, or that it didn't. */
export function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
