// SPDX-License-Identifier: Apache-2.0
import { getEngine } from "@elevation/engine";
import { runEngine } from "./engine-run";
import type { RunPulumi } from "./look";
import { findProjectRoot, readProjectName } from "./project";

/** A project whose stacks an engine is run on. */
export interface OpenedProject {
  readonly root: string;
  readonly name: string;
  /** Rejects where no engine is at hand. */
  readonly pulumi: RunPulumi;
}

/**
 * The project that a folder belongs to. An engine is looked for when it is first needed, and is never downloaded or built here, which
 * would take minutes. Throws ProjectError.
 */
export function openProject(folder: string, env: NodeJS.ProcessEnv, say: (line: string) => void): OpenedProject {
  const root = findProjectRoot(folder);
  let engine: ReturnType<typeof getEngine> | null = null;
  const theEngine = async () => {
    engine ??= getEngine({ env, sources: ["path", "cache"], onProgress: say });
    try {
      return await engine;
    } catch (error) {
      engine = null;
      throw new Error(`${(error as Error).message}; get one with \`node engine/dist/main.js\``, { cause: error });
    }
  };
  const pulumi: RunPulumi = async (args, options) => {
    const found = await theEngine();
    const all = { ...env, ...found.env, ...options.env };
    return runEngine(found.pulumi, ["--color", "never", "--non-interactive", ...args], { cwd: root, env: all });
  };
  return { root, name: readProjectName(root), pulumi };
}
