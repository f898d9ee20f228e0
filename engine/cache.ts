// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { tryLock } from "fs-native-extensions";
import { EngineError, type OnProgress } from "./engine";
import { interruptible } from "./interrupt";

const unfinished = ".unfinished-";
const lockPollMs = 250;
const lockReportMs = 10_000;

/**
 * Where something is kept that can be made again: below `elevation` in `ELEVATION_CACHE`, else in `XDG_CACHE_HOME`, else in `~/.cache`.
 * Engines are in `engine`.
 */
export function cacheFolder(env: NodeJS.ProcessEnv, ...names: readonly string[]): string {
  const base = env["ELEVATION_CACHE"] || env["XDG_CACHE_HOME"] || join(env["HOME"] || homedir(), ".cache");
  return join(base, "elevation", ...names);
}

/**
 * Names a kind of engine: what it is, for which system, and a digest of all that it is made from. Another source or
 * module version is another key, so a changed language host is never answered by an old one.
 */
export function cacheKey(what: string, sources: readonly string[] = []): string {
  const name = `${what}-${process.platform}-${process.arch}`;
  if (sources.length === 0) return name;
  const hash = createHash("sha256");
  for (const file of [...sources].sort()) {
    const text = readFileSync(file);
    hash.update(`${basename(file)}\n${text.length}\n`).update(text);
  }
  return `${name}-${hash.digest("hex").slice(0, 16)}`;
}

/**
 * Opens the cache: makes its folder, for this user alone.
 * @throws EngineError if it can't be made or is another user's, who could put any program there.
 */
export function openCache(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new EngineError(
      `the cache \`${folder}\` can't be made: ${(error as Error).message}; set ELEVATION_CACHE to a folder that you can write to`,
    );
  }
  const problem = whyDistrusted(folder);
  if (problem !== undefined) throw new EngineError(problem);
}

/** Why nothing in this cache may be run, or undefined. Who can write it decides what runs with a job's credentials. */
export function whyDistrusted(folder: string): string | undefined {
  const found = statSync(folder, { throwIfNoEntry: false });
  const uid = process.getuid?.();
  if (found === undefined || uid === undefined) return undefined;
  if (found.uid !== uid) {
    return `the cache \`${folder}\` belongs to another user; set ELEVATION_CACHE to a folder of your own`;
  }
  if ((found.mode & 0o022) !== 0) {
    return `the cache \`${folder}\` can be written by others; run \`chmod go-w\` on it after a look at what is in it`;
  }
  return undefined;
}

/** How one place of the cache is filled. */
export interface Filling {
  /** Whether a working engine is there already; asked under the key's lock. */
  isFilled(): Promise<boolean>;
  /** Makes the content below `work`, a folder on the cache's file system, and returns its folder; stops on `abort`. */
  fill(work: string, abort: AbortSignal): Promise<string>;
}

/**
 * Fills the cache's place for `key`, once, however many processes ask at the same time. The content is moved into place
 * as a whole, or not at all: a failure or an interrupt (SIGINT, SIGTERM, SIGHUP) removes what was made, and what a
 * killed process left is removed at the next start, its lock having died with it.
 * @returns whether this call filled it.
 */
export async function fillOnce(
  folder: string,
  key: string,
  filling: Filling,
  onProgress: OnProgress,
): Promise<boolean> {
  const lock = await takeLock(folder, key, onProgress);
  const work = join(folder, `${unfinished}${key}-${randomBytes(4).toString("hex")}`);
  try {
    sweep(folder, key);
    if (await filling.isFilled()) return false;
    mkdirSync(work, { mode: 0o700 });
    await interruptible(
      async (abort) => {
        const content = await filling.fill(work, abort);
        if (!abort.aborted) publish(content, join(folder, key));
      },
      () => removeFolder(work),
    );
    return true;
  } finally {
    closeSync(lock);
  }
}

/** Moves a finished folder of files into place. Its files reach the disk first: the name must not outlive them. */
function publish(content: string, place: string): void {
  for (const entry of readdirSync(content, { withFileTypes: true })) {
    if (entry.isFile()) sync(join(content, entry.name));
  }
  removeFolder(place);
  renameSync(content, place);
}

function sync(file: string): void {
  const descriptor = openSync(file, "r");
  fsyncSync(descriptor);
  closeSync(descriptor);
}

async function takeLock(folder: string, key: string, onProgress: OnProgress): Promise<number> {
  const file = openSync(join(folder, `${key}.lock`), "a+", 0o600);
  let waited = 0;
  while (!tryLock(file)) {
    if (waited % lockReportMs === 0) {
      onProgress(`another process is getting the same engine; waiting for it (${waited / 1000} s)`);
    }
    await delay(lockPollMs);
    waited += lockPollMs;
  }
  return file;
}

/**
 * Removes what dead processes left unfinished, of this key, whose lock we hold, and of every other key whose lock is
 * free. Done at every start, so that nothing half-made stays.
 */
function sweep(folder: string, heldKey: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(unfinished)) continue;
    const key = name.slice(unfinished.length, name.lastIndexOf("-"));
    if (key === heldKey) removeFolder(join(folder, name));
    else withFreeLock(join(folder, `${key}.lock`), () => removeFolder(join(folder, name)));
  }
}

function withFreeLock(file: string, use: () => void): void {
  const lock = openSync(file, "a+", 0o600);
  try {
    if (tryLock(lock)) use();
  } finally {
    closeSync(lock);
  }
}

/** Removes what dead processes left unfinished in a cache that may not exist. */
export function sweepCache(folder: string): void {
  try {
    sweep(folder, "");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
