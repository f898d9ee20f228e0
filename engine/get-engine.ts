// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, type Filling, fillOnce, openCache, sweepCache, whyDistrusted } from "./cache";
import {
  type Engine,
  EngineError,
  EngineInterrupted,
  type EngineSource,
  type OnProgress,
  releaseVersion,
} from "./engine";
import { engineEnvironment } from "./environment";
import { buildFilling, buildKey } from "./go-build";
import { engineOnPath } from "./path-engine";
import { probe } from "./probe";
import { type ReleaseBounds, releaseBounds, releaseFilling, releaseKey, usersRelease } from "./release";

/** How an engine is looked for. Everything but `onProgress` has a default that is right for people. */
export interface EngineOptions {
  readonly onProgress: OnProgress;
  /** The environment to look in: PATH, HOME, the cache's variables, npm's, Go's and pip's. Default: the process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Folder of the kept engines. Default: `elevation/engine` in ELEVATION_CACHE, XDG_CACHE_HOME or ~/.cache. */
  readonly cacheDir?: string;
  /** Which ways may be tried; their order is fixed. Default: all. */
  readonly sources?: readonly EngineSource[];
  readonly releaseBounds?: ReleaseBounds;
}

/**
 * Gets a real Pulumi engine: from PATH, else one kept from an earlier time, else the release through npm, else built
 * from its Go module. Says each thing passed over and which one is taken; there is no fake to fall back to. Idempotent;
 * several processes may call it at the same time.
 * @throws EngineError if no way leads to one; the message names each way's problem and what to install.
 */
export async function getEngine(options: EngineOptions): Promise<Engine> {
  const search = new Search(options);
  const engine = (await search.path()) ?? (await search.cache()) ?? (await search.release()) ?? (await search.build());
  if (engine === undefined) throw search.failure();
  options.onProgress(`taking the engine ${engine.version} (${sourceText[engine.source]}): \`${engine.pulumi}\``);
  return engine;
}

const sourceText: Record<EngineSource, string> = {
  path: "on PATH",
  cache: "kept from an earlier time",
  release: "the release, just downloaded",
  build: "just built from its Go module",
};

class Search {
  private readonly env: NodeJS.ProcessEnv;
  private readonly folder: string;
  private readonly problems: string[] = [];
  private readonly options: EngineOptions;

  constructor(options: EngineOptions) {
    this.options = options;
    this.env = options.env ?? process.env;
    this.folder = options.cacheDir ?? cacheFolder(this.env, "engine");
  }

  path(): Promise<Engine | undefined> {
    return this.allowed("path", () => engineOnPath(this.env, this.options.onProgress));
  }

  cache(): Promise<Engine | undefined> {
    return this.allowed("cache", async () => {
      const problem = whyDistrusted(this.folder);
      if (problem !== undefined) this.options.onProgress(problem);
      else sweepCache(this.folder);
      const kept = (key: string) => (problem === undefined ? [join(this.folder, key)] : []);
      const places = [...kept(releaseKey), usersRelease(this.env), ...kept(buildKey())];
      for (const place of places) {
        const engine = await this.engineIn(place, "cache");
        if (engine !== undefined) return engine;
      }
      return undefined;
    });
  }

  release(): Promise<Engine | undefined> {
    return this.allowed("release", () => {
      const bounds = this.options.releaseBounds ?? releaseBounds;
      const filling = releaseFilling(this.env, bounds, this.isFilled(releaseKey), this.options.onProgress);
      return this.fill("release", releaseKey, filling, `the release ${releaseVersion} could not be had`);
    });
  }

  build(): Promise<Engine | undefined> {
    return this.allowed("build", () => {
      const key = buildKey();
      const filling = buildFilling(this.env, this.isFilled(key), this.options.onProgress);
      return this.fill("build", key, filling, "no engine could be built");
    });
  }

  failure(): EngineError {
    const problems = this.problems.length > 0 ? this.problems.join("; ") : "none was found where it was looked for";
    return new EngineError(`no Pulumi engine: ${problems}`);
  }

  private async allowed(source: EngineSource, get: () => Promise<Engine | undefined>): Promise<Engine | undefined> {
    return (this.options.sources ?? [source]).includes(source) ? get() : undefined;
  }

  /** Fills a place of the cache. What goes wrong there is reported and leads to the next way. */
  private async fill(source: EngineSource, key: string, filling: Filling, failed: string): Promise<Engine | undefined> {
    try {
      openCache(this.folder);
      const filled = await fillOnce(this.folder, key, filling, this.options.onProgress);
      return await this.engineIn(join(this.folder, key), filled ? source : "cache");
    } catch (error) {
      if (!(error instanceof EngineError) || error instanceof EngineInterrupted) throw error;
      this.problems.push(`${failed}: ${error.message}`);
      this.options.onProgress(`${failed}: ${error.message}`);
      return undefined;
    }
  }

  private isFilled(key: string): () => Promise<boolean> {
    return async () => (await this.engineIn(join(this.folder, key), "cache")) !== undefined;
  }

  private async engineIn(place: string, source: EngineSource): Promise<Engine | undefined> {
    const pulumi = join(place, process.platform === "win32" ? "pulumi.exe" : "pulumi");
    if (!existsSync(pulumi)) return undefined;
    const found = await probe(pulumi, this.env);
    if ("version" in found) {
      return { pulumi, version: found.version, source, env: engineEnvironment(pulumi, this.env) };
    }
    this.options.onProgress(`\`${pulumi}\` is passed over: ${found.problem}`);
    return undefined;
  }
}
