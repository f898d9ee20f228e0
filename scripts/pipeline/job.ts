// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { getEngine } from "@elevation/engine";
import { findProjectRoot, readProjectName, readStackFiles, type StackFile } from "@elevation/reaper/stacks";
import { execute, type Finished, repository } from "../support/workspace";
import { EXIT, StepError } from "./exit";

/** One stack of a project, and the environments that its config lets it use. */
export type Stack = StackFile;

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
  /** On how many stacks the engine runs at the same time. */
  readonly parallel: number;
  /** Shows output of a command. */
  readonly show: (text: string) => void;
  /** Runs `pulumi` in the root; its output is shown as it comes unless `quiet`. */
  pulumi(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Runs `elevate` in the root. */
  elevate(args: readonly string[], options?: RunOptions): Promise<Finished>;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly quiet?: boolean;
}

/** Opens a job for the stacks that are named, or for all of the project. Throws StepError (bad input). */
export async function openJob(
  names: readonly string[],
  { lockWait, parallel }: Pick<Job, "lockWait" | "parallel">,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Job> {
  const root = findProjectRoot(process.cwd());
  const stacks = findStacks(root, names);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const engine = await getEngine({ onProgress: say });
  const jobEnv = { ...definedOf(env), ...engine.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  return makeJob(root, stacks, jobEnv, say, { lockWait, parallel, isPartial: names.length > 0 });
}

const ALONE = { lockWait: 0, parallel: 1, isPartial: false };

export function makeJob(
  root: string,
  stacks: readonly Stack[],
  env: Readonly<Record<string, string>>,
  say: (line: string) => void,
  { lockWait, parallel, isPartial }: Pick<Job, "lockWait" | "parallel" | "isPartial"> = ALONE,
): Job {
  const show = (text: string): void => void process.stdout.write(text);
  const run = (command: string, args: readonly string[], shown: string, options: RunOptions): Promise<Finished> => {
    if (options.quiet !== true) say(`$ ${shown}`);
    return execute(command, args, { ...env, ...options.env }, root, options.quiet === true ? {} : { onOutput: show });
  };
  return {
    ...{ root, project: readProjectName(root), stacks, env, say, show, lockWait, parallel, isPartial },
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

/** The stacks that are named, or all of the project. Throws StepError and ProjectError (bad input). */
export function findStacks(root: string, names: readonly string[]): readonly Stack[] {
  const all = readStackFiles(root);
  const unknown = names.find((name) => all.every((stack) => stack.name !== name));
  if (unknown !== undefined)
    throw new StepError(
      EXIT.badInput,
      `stack \`${unknown}\` has no file stacks/Pulumi.${unknown}.yaml; the project has ${all.map(({ name }) => `\`${name}\``).join(", ")}`,
    );
  return names.length > 0 ? all.filter(({ name }) => names.includes(name)) : all;
}
