// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import {
  DEFAULT_DOCUMENTS,
  type Document,
  isDocumentError,
  type Judge,
  type Problem,
  type Purpose,
  quote,
  type Request,
  readDirectory,
  readJudge,
  readPolicy,
  readRequest,
  type Source,
} from "@elevation/domain";
import { CommandError, EXIT } from "./exit";
import { requestFilesIn } from "./request-files";

/** Everything that `check` judges by and on. */
export interface Documents {
  readonly judge: Judge;
  readonly requests: readonly Document<Request>[];
}

/** Documents are bad; `problems` are all of all documents, in the order in which the documents were named. */
export class BadDocuments extends Error {
  override readonly name = "BadDocuments";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(`${problems.length} problems`);
    this.problems = problems;
  }
}

/** What `--policy`, `--directory` and the arguments name. */
export interface DocumentNames {
  readonly policy?: string;
  readonly directory?: string;
  readonly requests: readonly string[];
}

/**
 * Reads policy, directory and every request, and all of them before it says what is wrong. Throws {@link BadDocuments};
 * CommandError (bad input) where a default file is needed and there is no project.
 */
export function readDocuments(cwd: string, names: DocumentNames, purpose: Purpose = "grant"): Documents {
  const problems: Problem[] = [];
  const judge = collect(problems, () =>
    readJudgeFiles(cwd, fileOf(cwd, names, "policy"), fileOf(cwd, names, "directory"), purpose),
  );
  const requests = readRequests(cwd, names.requests, problems);
  if (judge === null || problems.length > 0) throw new BadDocuments(problems);
  return { judge, requests };
}

function fileOf(cwd: string, names: DocumentNames, kind: "policy" | "directory"): string {
  const given = names[kind];
  if (given !== undefined) return given;
  return inProject(cwd, DEFAULT_DOCUMENTS[kind], `default ${kind}`, "give `--policy` and `--directory`");
}

/** A path of the project at or above `cwd`, from there. Throws CommandError where there is no project, with another way out. */
export function inProject(cwd: string, path: string, what: string, otherwise: string): string {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml"))) return relative(cwd, join(folder, path));
    if (dirname(folder) === folder) {
      throw new CommandError(
        EXIT.badInput,
        `no Pulumi.yaml at or above ${quote(cwd)}, so there is no ${what}; run inside a project, or ${otherwise}`,
      );
    }
  }
}

/** Throws {@link BadDocuments} or a DocumentError. */
export function readJudgeFiles(cwd: string, policyFile: string, directoryFile: string, purpose: Purpose): Judge {
  const problems: Problem[] = [];
  const policy = collect(problems, () => readSource(cwd, policyFile));
  const directory = collect(problems, () => readSource(cwd, directoryFile));
  if (policy !== null && directory !== null) return readJudge(policy, directory, purpose);
  // One can't be read: what is wrong with the other is worth saying all the same.
  if (policy !== null) collect(problems, () => readPolicy(policy, purpose));
  if (directory !== null) collect(problems, () => readDirectory(directory));
  throw new BadDocuments(problems);
}

function readRequests(cwd: string, names: readonly string[], problems: Problem[]): readonly Document<Request>[] {
  const documents: Document<Request>[] = [];
  for (const name of names) {
    const files = collect(problems, () => filesOf(cwd, name, problems));
    const read = (files ?? []).flatMap((file) => {
      const document = collect(problems, () => readRequest(readSource(cwd, file)));
      return document === null ? [] : [document];
    });
    problems.push(...sharedNames(read));
    documents.push(...read);
  }
  return documents;
}

/** A file is itself; a folder, the request files below it; what it holds and can't be read is added. Throws {@link BadDocuments}. */
function filesOf(cwd: string, name: string, problems: Problem[]): readonly string[] {
  try {
    const listing = requestFilesIn(cwd, name);
    problems.push(...(listing?.problems ?? []).map(({ file, message }) => wholeFile(file, message)));
    return listing?.files ?? [name];
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** What a folder holds is deployed together, and there each name stands for one grant (design §6 "Names and options"). */
function sharedNames(documents: readonly Document<Request>[]): Problem[] {
  const first = new Map<string, string>();
  return documents.flatMap((document) => {
    const { name } = document.value.metadata;
    const other = first.get(name);
    first.set(name, other ?? document.file);
    if (other === undefined) return [];
    const message = `${quote(name)} is the name of ${quote(other)} too; give each request a name of its own`;
    const path = ["metadata", "name"];
    return [{ file: document.file, ...document.locate(path), path: path.join("."), message }];
  });
}

/** The text of a file. Throws {@link BadDocuments} with one problem, of the file as a whole. */
export function readSource(cwd: string, file: string): Source {
  try {
    // NB. Not readFileSync(…, "utf8"): that replaces what is no UTF-8, and the digest would be of another text.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(resolve(cwd, file)));
    return { file, text };
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** What the system says of a file or a folder, as a problem of it as a whole. */
export function unreadable(file: string, error: unknown): BadDocuments {
  return new BadDocuments([wholeFile(file, reasonOf(error))]);
}

function wholeFile(file: string, message: string): Problem {
  return { file, line: 0, column: 0, path: "", message };
}

function reasonOf(error: unknown): string {
  const { code = "unknown error" } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file; check the path";
  if (code === "EISDIR") return "it is a folder, not a file; name the file";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "it is not UTF-8 text; save it as UTF-8";
  return `it cannot be read (${code}); check the file and its rights`;
}

/** What `read` gives; null where documents are bad, whose problems are added. */
export function collect<T>(problems: Problem[], read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!isDocumentError(error) && !(error instanceof BadDocuments)) throw error;
    problems.push(...error.problems);
    return null;
  }
}
