// SPDX-License-Identifier: Apache-2.0
import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import {
  DEFAULT_DOCUMENTS,
  type Document,
  findPolicyTest,
  isDocumentError,
  type PolicyTest,
  quote,
  renderProblem,
} from "@elevation/domain";
import { parse } from "yaml";

/** Policy and directory by their paths from the project's root. */
export interface JudgePaths {
  readonly policy: string;
  readonly directory: string;
}

/** What one side judges by, copied into a folder of its own: a project's root with documents and no code. */
export interface Side {
  readonly root: string;
  /** By the stack's name. */
  readonly judges: ReadonlyMap<string, JudgePaths>;
  /** Policy tests, by their paths from the root. */
  readonly tests: readonly string[];
  /** Why something is not taken, as whole sentences. */
  readonly problems: readonly string[];
}

/** Where policies, directories and policy tests stand; stack config may name policies and directories elsewhere. */
export const DOCUMENTS = "policypack";
const DOCUMENT = /\.(ya?ml|json)$/i;
const STACK_FILE = /^stacks\/Pulumi\.(.+)\.yaml$/;

/**
 * Copies what a checkout judges by, and the files that are `known` besides. Of a pull request that is somebody else's text: no link is
 * followed and no path leads out of the checkout, or a file of this machine would be read, and quoted in the summary.
 */
export function copySide(checkout: string, root: string, known: Iterable<JudgePaths> = []): Side {
  mkdirSync(join(root, DOCUMENTS), { recursive: true });
  const problems = new Set<string>();
  const take = (path: string): boolean => {
    const problem = copyFile(checkout, root, path);
    if (problem !== null) problems.add(problem);
    return problem === null;
  };
  for (const path of filesBelow(checkout, DOCUMENTS)) if (DOCUMENT.test(path)) take(path);
  const judges = new Map<string, JudgePaths>();
  for (const path of filesBelow(checkout, "stacks", { isDeep: false })) {
    const [, stack] = STACK_FILE.exec(path) ?? [];
    if (stack === undefined || !take(path)) continue;
    const named = judgePathsIn(root, path);
    if (named === null) problems.add(`${quote(path)} is no YAML; mend it`);
    else judges.set(stack, named);
  }
  for (const { directory, policy } of [...judges.values(), ...known])
    for (const path of [policy, directory]) if (isOutside(path) || !existsSync(join(root, path))) take(path);
  const tests: string[] = [];
  for (const path of filesBelow(root, DOCUMENTS)) {
    const test = readTest(root, path);
    if (test === null) continue;
    tests.push(path);
    if (test !== "unreadable") for (const problem of pathsThatLeave(path, test)) problems.add(problem);
  }
  return { root, judges, tests, problems: [...problems] };
}

/** The text of a file that was copied. */
export function textOf(root: string, path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Null, or why it is not taken. */
function copyFile(checkout: string, root: string, path: string): string | null {
  if (isOutside(path)) return `${quote(path)} is outside of the project; name a file of it`;
  const parts = normalize(path).split(sep);
  for (const [index] of parts.entries()) {
    const part = join(...parts.slice(0, index + 1));
    const found = lstatSync(join(checkout, part), { throwIfNoEntry: false });
    if (found === undefined) return `there is no ${quote(path)}; check the path`;
    if (found.isSymbolicLink()) return `${quote(part)} is a symbolic link; put what it leads to in its place`;
    if (index === parts.length - 1 && !found.isFile()) return `${quote(path)} is no file; put one in its place`;
  }
  mkdirSync(dirname(join(root, path)), { recursive: true });
  copyFileSync(join(checkout, path), join(root, path));
  return null;
}

function isOutside(path: string): boolean {
  return isAbsolute(path) || normalize(path).split(sep)[0] === "..";
}

/** In order of their paths. A link is one of them: whoever takes it sees what it is. */
function filesBelow(root: string, folder: string, { isDeep } = { isDeep: true }): readonly string[] {
  if (lstatSync(join(root, folder), { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith(".") && name !== "node_modules")
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return isDeep ? filesBelow(root, path) : [];
  });
}

/** Null where the stack's file is no YAML. */
function judgePathsIn(root: string, file: string): JudgePaths | null {
  try {
    const parsed = parse(textOf(root, file), { logLevel: "error" }) as { config?: Record<string, unknown> } | null;
    const named = (kind: keyof JudgePaths): string => {
      const path = parsed?.config?.[`elevation:${kind}`];
      return typeof path === "string" ? path : DEFAULT_DOCUMENTS[kind];
    };
    return { policy: named("policy"), directory: named("directory") };
  } catch {
    return null;
  }
}

/** A test names its policy and directory, and those are read. */
function pathsThatLeave(file: string, test: Document<PolicyTest>): readonly string[] {
  return (["policy", "directory"] as const).flatMap((field) => {
    const named = test.value[field];
    if (!isAbsolute(named) && !isOutside(join(dirname(file), named))) return [];
    const message = `\`${field}\` is ${quote(named)}, outside of the project; name a file of it`;
    return [renderProblem({ file, ...test.locate([field]), path: field, message })];
  });
}

/** Null: it is none. Of one that is unreadable `elevate test` says why, and reads nothing that it names. */
function readTest(root: string, file: string): Document<PolicyTest> | "unreadable" | null {
  try {
    return findPolicyTest({ file, text: textOf(root, file) });
  } catch (error) {
    if (!isDocumentError(error)) throw error;
    return "unreadable";
  }
}
