// SPDX-License-Identifier: Apache-2.0
import { type Engine, type OnProgress, oldestVersion } from "./engine";
import { engineEnvironment, onPath } from "./environment";
import { probe } from "./probe";
import { isAtLeast, majorOf } from "./version";

/**
 * The first engine on PATH that is new enough and comes with a Node.js language host. Every other one is passed over
 * with a line that says why.
 */
export async function engineOnPath(env: NodeJS.ProcessEnv, onProgress: OnProgress): Promise<Engine | undefined> {
  for (const pulumi of onPath("pulumi", env)) {
    const found = await probe(pulumi, env);
    const problem = "problem" in found ? found.problem : unfit(found.version);
    if (problem !== undefined) {
      onProgress(`\`${pulumi}\` is passed over: ${problem}`);
    } else if ("version" in found) {
      return { pulumi, version: found.version, source: "path", env: engineEnvironment(pulumi, env) };
    }
  }
  return undefined;
}

function unfit(version: string): string | undefined {
  if (!isAtLeast(version, oldestVersion)) return `it is ${version}, the oldest that works is ${oldestVersion}`;
  if (majorOf(version) !== majorOf(oldestVersion)) return `it is ${version}, only 3.x was tried`;
  return undefined;
}
