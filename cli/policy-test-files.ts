// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import {
  type Document,
  findPolicyTest,
  type Judge,
  type PolicyTest,
  type Problem,
  quote,
  readJudge,
  readPolicyTest,
  type Source,
} from "@elevation/domain";
import { BadDocuments, collect, readSource, unreadable } from "./documents";
import { isFolder } from "./request-files";

/** A file of cases, and what they are judged by. */
export interface PolicyTestFile {
  readonly test: Document<PolicyTest>;
  readonly judge: Judge;
}

const DOCUMENT = /\.(ya?ml|json)$/i;

/**
 * Reads the policy tests that are named or lie below the folders named, once each, and the policies and directories that they
 * name. Throws {@link BadDocuments} with all problems of all files.
 */
export function readPolicyTests(cwd: string, names: readonly string[]): readonly PolicyTestFile[] {
  const problems: Problem[] = [];
  const tests = new Map<string, Document<PolicyTest>>();
  for (const name of names) {
    for (const test of collect(problems, () => testsAt(cwd, name, problems)) ?? []) {
      const path = resolve(cwd, test.file);
      if (!tests.has(path)) tests.set(path, test);
    }
  }
  const judges = new Map<string, Judge | null>();
  const files = [...tests.values()].flatMap((test) => {
    const judge = collect(problems, () => judgeOf(cwd, test, judges));
    return judge === null ? [] : [{ test, judge }];
  });
  if (problems.length > 0) throw new BadDocuments(problems);
  return files;
}

/** A file named is a policy test; in a folder, what is none is passed over. Throws {@link BadDocuments}. */
function testsAt(cwd: string, name: string, problems: Problem[]): readonly Document<PolicyTest>[] {
  const files = filesBelow(cwd, name);
  if (files === null) return [readPolicyTest(readSource(cwd, name))];
  return files.flatMap((file) => {
    const test = collect(problems, () => findPolicyTest(readSource(cwd, file)));
    return test === null ? [] : [test];
  });
}

/** Null where `name` is no folder. */
function filesBelow(cwd: string, name: string): readonly string[] | null {
  try {
    return isFolder(cwd, name) ? listFiles(cwd, name) : null;
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** In order of their paths. Links to files are followed; folders that links lead to aren't entered, they may lead round. */
function listFiles(cwd: string, folder: string): readonly string[] {
  const entries = readdirSync(resolve(cwd, folder), { withFileTypes: true });
  const shown = entries.filter(({ name }) => !name.startsWith(".") && name !== "node_modules");
  return shown
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return listFiles(cwd, path);
      return DOCUMENT.test(entry.name) && (entry.isFile() || entry.isSymbolicLink()) ? [path] : [];
    });
}

/**
 * The judge that a test names. Each pair of files is parsed once, and told once what is wrong with it: null from then on. Throws
 * {@link BadDocuments} or a DocumentError.
 */
function judgeOf(cwd: string, test: Document<PolicyTest>, known: Map<string, Judge | null>): Judge | null {
  const problems: Problem[] = [];
  const policy = collect(problems, () => readNamed(cwd, test, "policy"));
  const directory = collect(problems, () => readNamed(cwd, test, "directory"));
  if (policy === null || directory === null) throw new BadDocuments(problems);
  const key = JSON.stringify([resolve(cwd, policy.file), resolve(cwd, directory.file)]);
  const found = known.get(key);
  if (found !== undefined) return found;
  known.set(key, null);
  const judge = readJudge(policy, directory, "study");
  known.set(key, judge);
  return judge;
}

/** A file that a test names, by its path from the test's folder; where it can't be read, that is a problem of the test. */
function readNamed(cwd: string, { file, value, locate }: Document<PolicyTest>, field: "policy" | "directory"): Source {
  const path = value[field];
  try {
    return readSource(cwd, isAbsolute(path) ? path : join(dirname(file), path));
  } catch (error) {
    if (!(error instanceof BadDocuments)) throw error;
    const [{ message } = { message: "it cannot be read" }] = error.problems;
    const problem = { file, ...locate([field]), path: field, message: `\`${field}\` is ${quote(path)}: ${message}` };
    throw new BadDocuments([problem]);
  }
}
