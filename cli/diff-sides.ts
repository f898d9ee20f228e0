// SPDX-License-Identifier: Apache-2.0
import { existsSync, statSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { DEFAULT_DOCUMENTS, isDocumentError, type Judge, quote, readJudge, type Source } from "@elevation/domain";
import { parse } from "yaml";
import { BadDocuments, inProject, readSource } from "./documents";
import { CommandError, EXIT } from "./exit";
import { commitOf, mergeBase, type Revision, sourceAt } from "./git-documents";

/** What the arguments and options of `elevate diff` name. */
export interface SideNames {
  readonly old: string;
  /** Absent: `old` names both, as in `main..HEAD`. */
  readonly now: string | undefined;
  readonly policy: string | undefined;
  readonly directory: string | undefined;
}

/** Policy and directory of one side, and what to call it. */
export interface DiffSide {
  readonly name: string;
  readonly judge: Judge;
}

/** The documents of a folder. */
const IN_FOLDER = { policy: "elevation.yaml", directory: "directory.yaml" } as const;
type Kind = keyof typeof IN_FOLDER;
const KINDS: readonly Kind[] = ["policy", "directory"];

/** Reads both sides, and both before it says what is wrong. Throws BadDocuments; CommandError (bad input). */
export function readSides(cwd: string, names: SideNames): readonly [DiffSide, DiffSide] {
  const sides = sourcesOf(cwd, names);
  const problems: ConstructorParameters<typeof BadDocuments>[0][number][] = [];
  const read = sides.map(({ name, policy, directory }) => {
    try {
      return { name, judge: readJudge(policy, directory, "study") };
    } catch (error) {
      if (!isDocumentError(error)) throw error;
      problems.push(...error.problems);
      return null;
    }
  });
  const [old, now] = read;
  if (old == null || now == null) throw new BadDocuments(unique(problems));
  return [old, now];
}

interface Sources {
  readonly name: string;
  /** The only document that was named; null: both, or something else. */
  readonly kind: Kind | null;
  readonly policy: Source;
  readonly directory: Source;
}

function sourcesOf(cwd: string, names: SideNames): readonly [Sources, Sources] {
  const { now, old } = names;
  if (now === undefined) return ofRange(cwd, old, names);
  const exists = [old, now].map((name) => existsSync(resolve(cwd, name)));
  if (exists[0] === true && exists[1] === true) {
    const sides = [ofPath(cwd, old, names), ofPath(cwd, now, names)] as const;
    refuseTwoKinds(sides, [old, now]);
    return sides;
  }
  if (exists[0] === false && exists[1] === false) {
    return [ofRevision(cwd, commitOf(cwd, old), names), ofRevision(cwd, commitOf(cwd, now), names)];
  }
  const missing = exists[0] === true ? now : old;
  throw new CommandError(
    EXIT.badInput,
    `${quote(missing)} is no file or folder, and the other is; name two paths, or two Git revisions as in main..HEAD`,
  );
}

/** `main..HEAD`, or `main...HEAD` for what changed since they parted. What Git leaves out is HEAD. */
function ofRange(cwd: string, text: string, names: SideNames): readonly [Sources, Sources] {
  const parts = /^(.*?)(\.{2,3})(.*)$/.exec(text);
  if (parts === null || existsSync(resolve(cwd, text))) {
    throw new CommandError(
      EXIT.badInput,
      `${quote(text)} is compared with nothing; name a second file or folder, or two Git revisions as in main..HEAD`,
    );
  }
  const [, left = "", dots, right = ""] = parts;
  const [one, other] = [commitOf(cwd, left || "HEAD"), commitOf(cwd, right || "HEAD")];
  const base = dots === "..." ? mergeBase(cwd, one, other) : one;
  return [ofRevision(cwd, base, names), ofRevision(cwd, other, names)];
}

function ofRevision(cwd: string, revision: Revision, names: SideNames): Sources {
  const [policy, directory] = KINDS.map((kind) =>
    sourceAt(cwd, revision, insidePath(cwd, defaultOf(cwd, kind, names))),
  );
  if (policy === undefined || directory === undefined) throw new TypeError("two documents were asked for");
  return { name: revision.name, kind: null, policy, directory };
}

/** As Git takes it, relative to the working directory. */
function insidePath(cwd: string, path: string): string {
  return isAbsolute(path) ? relative(cwd, path) : path;
}

/** A folder has both documents; a file is one of them, and the other is that of the options or the project. */
function ofPath(cwd: string, name: string, names: SideNames): Sources {
  if (statSync(resolve(cwd, name)).isDirectory()) {
    const [policy, directory] = KINDS.map((kind) => readSource(cwd, join(name, IN_FOLDER[kind])));
    if (policy === undefined || directory === undefined) throw new TypeError("two documents were asked for");
    return { name, kind: null, policy, directory };
  }
  const source = readSource(cwd, name);
  const other = (kind: Kind) => readSource(cwd, defaultOf(cwd, kind, names));
  return kindOf(source) === "Directory"
    ? { name, kind: "directory", policy: other("policy"), directory: source }
    : { name, kind: kindOf(source) === "Policy" ? "policy" : null, policy: source, directory: other("directory") };
}

/** A policy in the place of a directory would be compared with nothing of its kind. Two files may well be the same one. */
function refuseTwoKinds(sides: readonly [Sources, Sources], names: readonly [string, string]): void {
  const kinds = sides.map(({ kind }) => kind);
  if (kinds[0] === kinds[1] || kinds.includes(null)) return;
  const [one, other] = names.map((name, index) => `${quote(name)} is a ${kinds[index]}`);
  throw new CommandError(
    EXIT.badInput,
    `${one} and ${other}; name two of a kind, or two folders that have ${IN_FOLDER.policy} and ${IN_FOLDER.directory}`,
  );
}

function defaultOf(cwd: string, kind: Kind, names: SideNames): string {
  return names[kind] ?? inProject(cwd, DEFAULT_DOCUMENTS[kind], `default ${kind}`, `give \`--${kind}\``);
}

/** NB. What can't be read is taken for a policy, and its reader says what is wrong. */
function kindOf({ text }: Source): unknown {
  try {
    const value: unknown = parse(text, { logLevel: "silent" });
    return typeof value === "object" && value !== null && "kind" in value ? value.kind : null;
  } catch {
    return null;
  }
}

/** A document that both sides share has its problems once. */
function unique<T>(problems: readonly T[]): T[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
