// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { getEngine } from "@elevation/engine";
import { parse } from "yaml";
import { execute, type Finished, repository } from "../support/workspace";
import { EXIT, StepError } from "./exit";

/** One stack of a project, and the environments that its config lets it use. */
export interface Stack {
  readonly name: string;
  readonly environments: readonly string[];
}

/** What a step of the pipeline works with. */
export interface Job {
  /** The project's root: the nearest `Pulumi.yaml` at or above the working directory. */
  readonly root: string;
  /** Its name. */
  readonly project: string;
  readonly stacks: readonly Stack[];
  /** Whether the stacks were named, and are not all of the project. */
  readonly isPartial: boolean;
  /** The job's environment, with an engine on PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
  /** How long to wait for a stack that another run has locked, in milliseconds. */
  readonly lockWait: number;
  /** Runs `pulumi` in the root; its output is shown as it comes unless `quiet`. */
  pulumi(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Runs `elevate` in the root. */
  elevate(args: readonly string[], options?: RunOptions): Promise<Finished>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly quiet?: boolean;
}

/**
 * Without checkpoints, a thousand grants take seconds instead of a minute. What a crash then loses is in the journal, and
 * the next run adopts or ends it (design §6).
 */
export const WITHOUT_CHECKPOINTS = { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" } as const;

/** Opens a job for the stacks that are named, or for all of the project. Throws StepError (bad input). */
export async function openJob(
  names: readonly string[],
  lockWait: number,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Job> {
  const root = findRoot(process.cwd());
  const stacks = findStacks(root, names);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const engine = await getEngine({ onProgress: say });
  const jobEnv = { ...definedOf(env), ...engine.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  return makeJob(root, stacks, jobEnv, say, { lockWait, isPartial: names.length > 0 });
}

export function makeJob(
  root: string,
  stacks: readonly Stack[],
  env: Readonly<Record<string, string>>,
  say: (line: string) => void,
  { lockWait, isPartial }: Pick<Job, "lockWait" | "isPartial"> = { lockWait: 0, isPartial: false },
): Job {
  const run = (command: string, args: readonly string[], shown: string, options: RunOptions): Promise<Finished> => {
    if (options.quiet !== true) say(`$ ${shown}`);
    const onOutput = options.quiet === true ? undefined : (text: string) => void process.stdout.write(text);
    return execute(command, args, { ...env, ...options.env }, root, onOutput === undefined ? {} : { onOutput });
  };
  return {
    ...{ root, project: projectIn(root), stacks, env, say, lockWait, isPartial },
    pulumi: (args, options = {}) =>
      run("pulumi", ["--color", "never", "--non-interactive", ...args], `pulumi ${args.join(" ")}`, options),
    elevate: (args, options = {}) =>
      run(
        process.execPath,
        [join(repository, "cli", "bin", "elevate.js"), ...args],
        `elevate ${args.join(" ")}`,
        options,
      ),
  };
}

export function definedOf(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

export function findRoot(from: string): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
    if (dirname(folder) === folder)
      throw new StepError(EXIT.badInput, `no Pulumi.yaml at or above \`${from}\`; run this inside the project`);
  }
}

function projectIn(root: string): string {
  const { name } = (parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) ?? {}) as { name?: unknown };
  if (typeof name === "string" && name !== "") return name;
  throw new StepError(EXIT.badInput, `\`${join(root, "Pulumi.yaml")}\` has no \`name\`; give the project one`);
}

const STACK_FILE = /^Pulumi\.(.+)\.yaml$/;

export function findStacks(root: string, names: readonly string[]): readonly Stack[] {
  const folder = join(root, "stacks");
  const all = readdirSync(folder).flatMap((file) => STACK_FILE.exec(file)?.[1] ?? []);
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0)
    throw new StepError(
      EXIT.badInput,
      `stack \`${unknown[0]}\` has no file stacks/Pulumi.${unknown[0]}.yaml; the project has ${all.map((name) => `\`${name}\``).join(", ") || "none"}`,
    );
  const wanted = names.length > 0 ? all.filter((name) => names.includes(name)) : all;
  if (wanted.length === 0)
    throw new StepError(EXIT.badInput, "the project has no stack; write stacks/Pulumi.<stack>.yaml");
  return wanted.map((name) => ({ name, environments: environmentsOf(join(folder, `Pulumi.${name}.yaml`)) }));
}

function environmentsOf(file: string): readonly string[] {
  const parsed = parse(readFileSync(file, "utf8")) as { config?: Record<string, unknown> } | null;
  const environments = parsed?.config?.["elevation:environments"];
  if (Array.isArray(environments) && environments.every((name) => typeof name === "string")) return environments;
  throw new StepError(
    EXIT.badInput,
    `\`${file}\` has no list \`elevation:environments\`; write which the stack may use`,
  );
}
