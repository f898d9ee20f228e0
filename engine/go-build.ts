// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cacheKey, type Filling } from "./cache";
import { type Finished, runCommand } from "./command";
import { buildVersion, EngineError, type OnProgress } from "./engine";
import { dynamicProvider, languageHost } from "./environment";
import { goCommand, goVersionOf } from "./go-toolchain";
import { probe } from "./probe";
import { every } from "./progress";

/** The language host's sources with the go.mod that pins every module of the engine. */
const hostFolder = join(__dirname, "..", "host");
const enginePackage = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";
const versionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/** Everything that decides what the build makes. */
function sources(): string[] {
  const names = readdirSync(hostFolder).filter(
    (name) => name.endsWith(".go") || name === "go.mod" || name === "go.sum",
  );
  return names.map((name) => join(hostFolder, name));
}

export function buildKey(): string {
  return cacheKey(`build-${buildVersion}`, sources());
}

/** Whether the user's own Go caches are used, and kept, instead of temporary ones. For people who work on the host. */
function usesOwnCaches(env: NodeJS.ProcessEnv): boolean {
  const choice = env["ELEVATION_GO_CACHE"] || "temporary";
  if (choice !== "temporary" && choice !== "user") {
    throw new EngineError(`ELEVATION_GO_CACHE is \`${choice}\`; set it to \`temporary\` (the default) or \`user\``);
  }
  return choice === "user";
}

/**
 * The environment of every `go` command: nothing of the user's settings that would change what is built, and caches
 * below `work`, which go with it. Where modules come from (GOPROXY, GOSUMDB, …) stays the user's choice.
 */
function goEnvironment(env: NodeJS.ProcessEnv, work: string): NodeJS.ProcessEnv {
  const { GOOS: _os, GOARCH: _arch, GOEXPERIMENT: _experiment, ...rest } = env;
  const temporary = join(work, "go-tmp");
  mkdirSync(temporary);
  const caches = usesOwnCaches(env) ? {} : { GOCACHE: join(work, "go-cache"), GOMODCACHE: join(work, "go-modules") };
  return {
    ...rest,
    ...caches,
    // NB. Go makes its module cache read-only otherwise, which nobody but root could remove.
    GOFLAGS: "-mod=readonly -modcacherw -buildvcs=false",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    GOTMPDIR: temporary,
    CGO_ENABLED: "0",
  };
}

/** Builds the engine from its Go module and our language host beside it. Takes minutes and 4 GB while it runs. */
export function buildFilling(
  env: NodeJS.ProcessEnv,
  isFilled: () => Promise<boolean>,
  onProgress: OnProgress,
): Filling {
  return {
    isFilled,
    fill: async (work, abort) => {
      const goEnv = goEnvironment(env, work);
      const go = await goCommand(goVersionOf(join(hostFolder, "go.mod")), env, work, onProgress, abort);
      const run = (args: string[], onLine?: (line: string) => void) =>
        runCommand(go, args, { cwd: hostFolder, env: goEnv, abort, ...(onLine === undefined ? {} : { onLine }) });
      onProgress(
        `building the engine ${buildVersion} from its Go module; takes 4 to 9 minutes on two cores and 4 GB of disk while it builds`,
      );
      const packages = await download(run, onProgress);
      const folder = join(work, "engine");
      mkdirSync(folder);
      await compile(run, folder, packages, onProgress);
      // One binary under two names: what it is started as decides what it does.
      copyFileSync(join(folder, languageHost), join(folder, dynamicProvider));
      const found = await probe(join(folder, "pulumi"), env);
      if ("problem" in found) throw new EngineError(`the engine was built but does not work: ${found.problem}`);
      return folder;
    },
  };
}

type RunGo = (args: string[], onLine?: (line: string) => void) => Promise<Finished>;

/** Downloads the modules that the build needs, and no others. Returns the number of packages to compile. */
async function download(run: RunGo, onProgress: OnProgress): Promise<number> {
  let modules = 0;
  const stop = every(onProgress, (seconds) => `downloading Go modules: ${modules} so far, ${seconds} s`);
  const listed = await run(["list", "-deps", "-f", "{{.ImportPath}}", enginePackage, "."], (line) => {
    if (line.startsWith("go: downloading ")) modules += 1;
  });
  stop();
  if (listed.code === 0) return listed.stdout.split("\n").length - 1;
  throw new EngineError(
    `the engine's Go modules could not be downloaded: ${reason(listed)}; check the network and GOPROXY (\`go env GOPROXY\`), then run this again`,
  );
}

async function compile(run: RunGo, folder: string, packages: number, onProgress: OnProgress): Promise<void> {
  let compiled = 0;
  const stop = every(onProgress, (seconds) => `compiling: ${compiled} of ${packages} packages, ${seconds} s`);
  const count = (line: string) => {
    if (!/[\s:]/.test(line)) compiled += 1;
  };
  const flags = ["-ldflags", `-s -w -X ${versionVariable}=v${buildVersion}`];
  try {
    for (const [name, target] of [
      ["pulumi", enginePackage],
      [languageHost, "."],
    ] as const) {
      const built = await run(["build", "-v", ...flags, "-o", join(folder, name), target], count);
      if (built.code !== 0) {
        throw new EngineError(
          `\`go build\` of ${name} failed: ${reason(built)}; check the free space on the disk (4 GB are needed), or install Pulumi itself`,
        );
      }
    }
  } finally {
    stop();
  }
}

/** The lines of Go that say what failed: the last ones that are neither progress nor package names. */
function reason(finished: Finished): string {
  if (finished.ended === "interrupted") return "it was interrupted";
  const said = finished.lastLines.filter((line) => !line.startsWith("go: downloading") && /[\s:]/.test(line.trim()));
  const last = said.slice(-3).map((line) => line.trim());
  return last.length > 0 ? last.join(" | ") : `go exited with code ${finished.code ?? "none"}`;
}
