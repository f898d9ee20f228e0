// SPDX-License-Identifier: Apache-2.0
import { type Dirent, existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { type Document, isDocumentError, quote, type Request, readRequest } from "@elevation/domain";
import { GrantError } from "../errors";

/** A request file: its document, and its path below the requests folder with `/` between the parts. */
export interface RequestFile {
  readonly document: Document<Request>;
  readonly origin: string;
}

/** What is found below a folder, as paths below it, in order. */
export interface RequestListing {
  readonly files: readonly string[];
  /** What may be meant as a request and isn't read: each a fault, because nobody may take it for withdrawn. */
  readonly problems: readonly { readonly file: string; readonly message: string }[];
}

const REQUEST_FILE = /\.(ya?ml|json)$/;

/**
 * Reads every request file below a folder, in order of their paths. Throws GrantError `input-invalid` that names each
 * problem of every file at its line and column, what isn't read, two files of one `metadata.name`, or a missing folder:
 * what can't be read must never look like a withdrawn request.
 */
export function readRequestFiles(folder: string): readonly RequestFile[] {
  if (!existsSync(folder))
    throw new GrantError(
      "input-invalid",
      `the requests folder \`${folder}\` is missing; create it, empty if there are no requests`,
    );
  const listing = listRequestFiles(folder);
  const problems = listing.problems.map(({ file, message }) => `${join(folder, file)}: ${message}`);
  const files: RequestFile[] = [];
  for (const name of listing.files) {
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

/**
 * The request files below a folder. The CLI lists by it too: it judges what the stacks load. Other files, and those whose
 * names begin with a dot, are passed over. Throws what the system says where a folder can't be read.
 */
export function listRequestFiles(folder: string): RequestListing {
  const files: string[] = [];
  const problems: { file: string; message: string }[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.name.startsWith(".")) continue;
    const file = relative(folder, join(entry.parentPath, entry.name));
    const message = faultOf(entry);
    if (message !== null) problems.push({ file, message });
    else if (entry.isFile() && REQUEST_FILE.test(entry.name)) files.push(file);
  }
  return { files: files.sort(), problems: problems.sort((one, other) => (one.file < other.file ? -1 : 1)) };
}

/** Why an entry isn't read though somebody may think that it is; null where it is read, or plainly meant for something else. */
function faultOf(entry: Dirent): string | null {
  // NB. Whatever it is called: it may lead to a folder of requests, or out of the folder that everybody may change.
  if (entry.isSymbolicLink()) return "it is a symbolic link; put the file itself here";
  if (entry.isDirectory() || !REQUEST_FILE.test(entry.name.toLowerCase())) return null;
  if (!entry.isFile()) return "it is no regular file; put one here";
  if (REQUEST_FILE.test(entry.name)) return null;
  const suffix = extname(entry.name);
  return `its name ends in ${quote(suffix)}, request files end in lower case; rename it to end in ${quote(suffix.toLowerCase())}`;
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
