// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { cacheKey, type Filling } from "./cache";
import { type Finished, runCommand } from "./command";
import { EngineError, type OnProgress, releaseVersion } from "./engine";
import { onPath } from "./environment";
import { probe } from "./probe";

/** Bounds of the download, in milliseconds. A machine without internet must not be held up by it. */
export interface ReleaseBounds {
  /** Longest time without a line of output or a byte on disk, the wait for the first byte included. */
  readonly silenceMs: number;
  /** Longest time for all of it: 100 MB. */
  readonly totalMs: number;
}

export const releaseBounds: ReleaseBounds = { silenceMs: 25_000, totalMs: 300_000 };

export const releaseKey = cacheKey(`release-${releaseVersion}`);

/** Where npm's `pulumi` and Pulumi's Automation API themselves keep a downloaded release. */
export function usersRelease(env: NodeJS.ProcessEnv): string {
  const home = env["PULUMI_HOME"] || join(env["HOME"] || homedir(), ".pulumi");
  return join(home, "versions", releaseVersion, "bin");
}

/**
 * Downloads the release with npm's `pulumi` package, whose command fetches and runs the official install script. Its
 * home is a folder of ours until all of it is there: an interrupted download would pass for an engine otherwise.
 */
export function releaseFilling(
  env: NodeJS.ProcessEnv,
  bounds: ReleaseBounds,
  isFilled: () => Promise<boolean>,
  onProgress: OnProgress,
): Filling {
  return {
    isFilled,
    fill: async (work, abort) => {
      const npm = onPath("npm", env)[0];
      if (npm === undefined) throw new EngineError("`npm` is not on PATH");
      const home = join(work, "home");
      const temporary = join(work, "tmp");
      mkdirSync(temporary);
      // PULUMI_VERSION would change what the npm package downloads.
      const { PULUMI_VERSION: _, ...rest } = env;
      onProgress(`downloading the release ${releaseVersion} through npm`);
      const asked = await runCommand(
        npm,
        ["exec", "--yes", "--package", `pulumi@${releaseVersion}`, "--", "pulumi", "version"],
        {
          cwd: temporary,
          env: { ...rest, PULUMI_HOME: home, TMPDIR: temporary, PULUMI_SKIP_UPDATE_CHECK: "true" },
          timeoutMs: bounds.totalMs,
          silence: { limitMs: bounds.silenceMs, sign: () => sizeOf(work) },
          onLine: throttled(onProgress),
          abort,
        },
      );
      const problem = whyNot(asked, bounds);
      if (problem !== undefined) throw new EngineError(problem);
      const folder = join(home, "versions", releaseVersion, "bin");
      const found = await probe(join(folder, "pulumi"), env);
      if ("problem" in found) throw new EngineError(`what was downloaded does not work: ${found.problem}`);
      return folder;
    },
  };
}

function whyNot(asked: Finished, bounds: ReleaseBounds): string | undefined {
  const said = asked.lastLines.filter((line) => !line.startsWith("npm warn")).at(-1);
  const last = said === undefined ? "" : `; the last it said was \`${said.trim()}\``;
  switch (asked.ended) {
    case "silence":
      return `nothing arrived for ${bounds.silenceMs / 1000} s${last}`;
    case "time":
      return `it was not there after ${bounds.totalMs / 1000} s${last}`;
    case "interrupted":
      return "it was interrupted";
    case "missing":
      return "`npm` could not be started";
    default:
      return asked.code === 0 ? undefined : (said ?? `npm exited with code ${asked.code}`);
  }
}

/** Progress meters write many lines a second; one in so many milliseconds is enough for people. */
const meterMs = 5_000;

function throttled(onProgress: OnProgress): OnProgress {
  let last = 0;
  return (line) => {
    if (Date.now() - last < meterMs || line.startsWith("npm warn")) return;
    last = Date.now();
    onProgress(line.trim());
  };
}

/** Bytes of all files below a folder; what vanishes meanwhile counts as nothing. */
function sizeOf(folder: string): number {
  let size = 0;
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    size += statSync(join(folder, entry), { throwIfNoEntry: false })?.size ?? 0;
  }
  return size;
}
