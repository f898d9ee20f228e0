// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { quote, type Source } from "@elevation/domain";
import { CommandError, EXIT } from "./exit";
import { neutral } from "./neutral";

/** Both documents together are smaller. */
const MOST_BYTES = 64 * 1024 * 1024;

/** A commit, as somebody called it. */
export interface Revision {
  readonly name: string;
  /** 40 or 64 hex digits. */
  readonly commit: string;
}

/** The commit that a revision names. Throws CommandError (bad input). */
export function commitOf(cwd: string, name: string): Revision {
  const commit = name.startsWith("-") ? null : git(cwd, ["rev-parse", "--verify", "--quiet", `${name}^{commit}`]);
  if (commit === null) {
    throw new CommandError(EXIT.badInput, `${quote(name)} is no file, folder or Git revision here; check the name`);
  }
  return { name, commit: commit.toString("utf8").trim() };
}

/** Where two histories part. Throws CommandError (bad input). */
export function mergeBase(cwd: string, one: Revision, other: Revision): Revision {
  const commit = git(cwd, ["merge-base", one.commit, other.commit]);
  if (commit === null) {
    throw new CommandError(
      EXIT.badInput,
      `${quote(one.name)} and ${quote(other.name)} have no commit in common; name both with ..`,
    );
  }
  return { name: one.name, commit: commit.toString("utf8").trim() };
}

/** A file as it is in a commit; `path` is relative to the working directory. Throws CommandError (bad input). */
export function sourceAt(cwd: string, { commit, name }: Revision, path: string): Source {
  // NB. Not `git show`, which runs filters that a repository configures; with ./ it starts at the working directory.
  const bytes = git(cwd, ["cat-file", "blob", `${commit}:./${path}`]);
  if (bytes === null)
    throw new CommandError(EXIT.badInput, `${quote(path)} is not in ${quote(name)}; check path and revision`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return { file: `${name}:${path}`, text };
  } catch {
    throw new CommandError(EXIT.badInput, `${quote(path)} in ${quote(name)} is not UTF-8 text; save it as UTF-8`);
  }
}

/** What Git prints; null where it refuses. Throws CommandError where there is no Git. */
function git(cwd: string, args: readonly string[]): Buffer | null {
  try {
    return execFileSync("git", ["--no-replace-objects", ...args], {
      cwd,
      maxBuffer: MOST_BYTES,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch (error) {
    const { code, status } = error as { readonly code?: string; readonly status?: number | null };
    if (typeof status === "number") return null;
    throw new CommandError(
      EXIT.badInput,
      `git cannot be run (${neutral(code ?? "unknown error")}); install it, or name files`,
    );
  }
}
