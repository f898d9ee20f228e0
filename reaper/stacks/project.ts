// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";

/** One stack of a project, by its file. */
export interface StackFile {
  readonly name: string;
  /** Which the stack may use; empty where that can't be known. */
  readonly environments: readonly string[];
  /** What is wrong with its file, with the fix; null: nothing. It is a fault of this stack alone. */
  readonly problem: string | null;
}

/** A fault of a whole project: one sentence with its fix. */
export class ProjectError extends Error {
  override readonly name = "ProjectError";
}

/** The nearest folder at or above one that holds a `Pulumi.yaml`. Throws ProjectError. */
export function findProjectRoot(from: string): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml"))) return folder;
    if (dirname(folder) === folder)
      throw new ProjectError(`no Pulumi.yaml at or above \`${from}\`; run this inside the project`);
  }
}

/** A project's name. Throws ProjectError. */
export function readProjectName(root: string): string {
  const file = join(root, "Pulumi.yaml");
  const { name } = (parseFile(file) ?? {}) as { name?: unknown };
  if (typeof name === "string" && name !== "") return name;
  throw new ProjectError(`\`${file}\` has no \`name\`; give the project one`);
}

const STACK_FILE = /^Pulumi\.(.+)\.yaml$/;

/** The stacks that have a file in `stacks/`, by name. Throws ProjectError where there is none. */
export function readStackFiles(root: string): readonly StackFile[] {
  const folder = join(root, "stacks");
  const names = existsSync(folder) ? readdirSync(folder).flatMap((file) => STACK_FILE.exec(file)?.[1] ?? []) : [];
  if (names.length === 0) throw new ProjectError("the project has no stack; write stacks/Pulumi.<stack>.yaml");
  return names.sort().map((name) => ({ name, ...environmentsOf(join(folder, `Pulumi.${name}.yaml`)) }));
}

function environmentsOf(file: string): Pick<StackFile, "environments" | "problem"> {
  try {
    const parsed = parseFile(file) as { config?: Record<string, unknown> } | null;
    const environments = parsed?.config?.["elevation:environments"];
    if (Array.isArray(environments) && environments.every((name) => typeof name === "string"))
      return { environments, problem: null };
  } catch (error) {
    if (!(error instanceof ProjectError)) throw error;
    return { environments: [], problem: error.message };
  }
  const problem = `\`${file}\` has no list \`elevation:environments\`; write which the stack may use`;
  return { environments: [], problem };
}

function parseFile(file: string): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ProjectError(`\`${file}\` can't be read: ${(error as Error).message.split("\n")[0]}; mend it`);
  }
}
