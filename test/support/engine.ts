// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Engine, getEngine } from "@elevation/engine";

let engine: Promise<Engine> | undefined;

/**
 * The one engine of a test run, got on first use. The first test that asks on a machine without one waits for its
 * download or build (minutes), so ask in a `before` with `this.timeout(engineTimeoutMs)`.
 */
export function theEngine(): Promise<Engine> {
  engine ??= getEngine({ onProgress: (line) => process.stderr.write(`    engine: ${line}\n`) });
  return engine;
}

export const engineTimeoutMs = 900_000;

/**
 * Our own language host, if that is the one that comes with the engine; undefined beside an official release, whose
 * host isn't ours to test.
 */
export async function theStandInHost(): Promise<string | undefined> {
  const folder = dirname((await theEngine()).pulumi);
  const isOurs = folder.includes("build-") && existsSync(join(folder, "pulumi-resource-pulumi-nodejs"));
  return isOurs ? join(folder, "pulumi-language-nodejs") : undefined;
}
