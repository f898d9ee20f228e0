// SPDX-License-Identifier: Apache-2.0
import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, isAbsolute, join } from "node:path";

/** File names, without a suffix, under which the engine looks for its Node.js parts. */
export const languageHost = "pulumi-language-nodejs";
export const dynamicProvider = "pulumi-resource-pulumi-nodejs";

const suffixes = process.platform === "win32" ? [".exe", ".cmd", ".bat", ""] : [""];

/** The executable file of that name in a folder, or undefined. */
export function executableIn(folder: string, name: string): string | undefined {
  for (const suffix of suffixes) {
    const file = join(folder, name + suffix);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not there, or not for us.
    }
  }
  return undefined;
}

/** The folders of PATH, in order. Relative ones, which mean another folder in each command, are left out. */
export function pathFolders(env: NodeJS.ProcessEnv): string[] {
  return (env["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
}

/** All executables of that name on PATH, in order. */
export function onPath(name: string, env: NodeJS.ProcessEnv): string[] {
  const files = pathFolders(env).map((folder) => executableIn(folder, name));
  return [...new Set(files.filter((file) => file !== undefined))];
}

/** The folder of the @pulumi/pulumi that is installed for this project, with the dynamic provider's start script. */
export function sdkFolder(): string | undefined {
  for (const from of [join(process.cwd(), "package.json"), __filename]) {
    try {
      return dirname(createRequire(from).resolve("@pulumi/pulumi/package.json"));
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}

/**
 * What to add to the environment so that commands find this engine, the language host beside it and a dynamic provider.
 * PATH stays as it is as far as it already leads there.
 */
export function engineEnvironment(pulumi: string, env: NodeJS.ProcessEnv): Record<string, string> {
  const folders = pathFolders(env);
  const folder = dirname(pulumi);
  if (onPath("pulumi", env)[0] !== pulumi) folders.unshift(folder);
  // The engine looks on PATH first and then beside its own, real, file.
  const places = [...folders, dirname(realpathSync(pulumi))];
  if (!places.some((place) => executableIn(place, dynamicProvider) !== undefined)) {
    const sdk = sdkFolder();
    if (sdk !== undefined && existsSync(sdk)) folders.push(sdk);
  }
  return { PATH: folders.join(delimiter), PULUMI_SKIP_UPDATE_CHECK: "true" };
}
