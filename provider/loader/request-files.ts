// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { type Document, isDocumentError, type Request, readRequest } from "@elevation/domain";
import { GrantError } from "../errors";

/** A request file: its document, and its path below the requests folder with `/` between the parts. */
export interface RequestFile {
  readonly document: Document<Request>;
  readonly origin: string;
}

const REQUEST_FILE = /\.(ya?ml|json)$/;

/**
 * Reads every request file below a folder, in order of their paths. Throws GrantError `input-invalid` that names each
 * problem of every file at its line and column, two files of one `metadata.name`, or a missing folder: what can't be
 * read must never look like a withdrawn request.
 */
export function readRequestFiles(folder: string): readonly RequestFile[] {
  if (!existsSync(folder))
    throw new GrantError(
      "input-invalid",
      `the requests folder \`${folder}\` is missing; create it, empty if there are no requests`,
    );
  const problems: string[] = [];
  const files: RequestFile[] = [];
  for (const name of listRequestFiles(folder)) {
    const path = join(folder, name);
    try {
      const document = readRequest({ file: path, text: readFileSync(path, "utf8") });
      files.push({ document, origin: name.split(sep).join("/") });
    } catch (error) {
      if (!isDocumentError(error)) throw error;
      problems.push(error.message);
    }
  }
  problems.push(...sharedNames(files));
  if (problems.length > 0) throw new GrantError("input-invalid", problems.join("\n"));
  return files;
}

/** The request files below a folder, as paths below it, in order. The CLI lists by it too: it judges what the stacks load. */
export function listRequestFiles(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter(
    (entry) => entry.isFile() && REQUEST_FILE.test(entry.name) && !entry.name.startsWith("."),
  );
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

function sharedNames(files: readonly RequestFile[]): string[] {
  const first = new Map<string, string>();
  const problems: string[] = [];
  for (const { document } of files) {
    const { name } = document.value.metadata;
    const other = first.get(name);
    if (other === undefined) first.set(name, document.file);
    else
      problems.push(
        `\`${other}\` and \`${document.file}\` are both named \`${name}\`; give each request a name of its own`,
      );
  }
  return problems;
}
