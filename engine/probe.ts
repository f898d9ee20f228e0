// SPDX-License-Identifier: Apache-2.0
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { runCommand } from "./command";
import { executableIn, languageHost, pathFolders } from "./environment";
import { versionIn } from "./version";

/** How long an engine may take to say its version. It takes 0.2 s; a version manager's stand-in may download first. */
export const probeTimeoutMs = 20_000;

/** The version of an engine that works here, or why it doesn't. */
export type Probe = { readonly version: string } | { readonly problem: string };

/** Asks an executable for its version and looks for the Node.js language host where the engine itself will look. */
export async function probe(pulumi: string, env: NodeJS.ProcessEnv, timeoutMs = probeTimeoutMs): Promise<Probe> {
  const asked = await runCommand(pulumi, ["version"], {
    cwd: tmpdir(),
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeoutMs,
  });
  if (asked.ended === "time") return { problem: `it did not answer \`pulumi version\` within ${timeoutMs / 1000} s` };
  if (asked.ended === "missing") return { problem: "it can't be started" };
  const version = versionIn(asked.stdout);
  if (asked.code !== 0 || version === undefined) {
    return { problem: `\`pulumi version\` failed: ${asked.lastLines.at(-1) ?? "it printed nothing"}` };
  }
  const folders = [...pathFolders(env), dirname(pulumi), dirname(realpathSync(pulumi))];
  if (!folders.some((folder) => executableIn(folder, languageHost) !== undefined)) {
    return { problem: `it has no Node.js language host (\`${languageHost}\`) beside it or on PATH` };
  }
  return { version };
}
