// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { constants, lstatSync, mkdirSync } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Inbox, LETTERS_AT_ONCE, type Letter, MAX_LETTER_BYTES, type Settlement } from "./inbox";

const SETTLED: readonly Settlement[] = ["done", "refused"];
/** A name of a file has 255 bytes at most, and ours are longer by `.reason` and a number. */
const MAX_NAME_BYTES = 200;

/**
 * A folder into which orders are moved, a file each: written elsewhere, or under a name that begins with a dot, and renamed, so that
 * nobody sees half of one. What was settled is moved to `done` or `refused` in it, beside a file that says why and ends in `.reason`.
 * Folders in it are left alone. It need not be trusted: whoever writes into it proves by signature who they are.
 */
export class FolderInbox implements Inbox {
  readonly address: string;
  readonly #path: string;

  /** Makes what is missing of `done` and `refused` in a folder that is there. Throws what the system says, or that one of them is no folder. */
  constructor(path: string) {
    this.#path = path;
    this.address = path;
    for (const folder of SETTLED) {
      if (lstatSync(join(path, folder), { throwIfNoEntry: false }) === undefined) mkdirSync(join(path, folder));
      // NB. A link could lead what is moved there anywhere.
      if (!lstatSync(join(path, folder)).isDirectory()) throw new Error(`\`${folder}\` in it is no folder`);
    }
  }

  async waiting(but: ReadonlySet<string>, random: () => number): Promise<readonly Letter[]> {
    const entries = await readdir(this.#path, { withFileTypes: true });
    const names = entries
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith(".") && !but.has(entry.name))
      .map(({ name }) => name);
    const letters: Letter[] = [];
    for (const name of inTurn(names, random)) {
      // NB. what can't be opened by its name, as one that is no UTF-8, must take no letter's place.
      const read = await readLetter(join(this.#path, name));
      if (read !== null) letters.push({ name, ...read });
      if (letters.length === LETTERS_AT_ONCE) break;
    }
    return letters;
  }

  async settle({ name, text, fault }: Letter, settlement: Settlement, reason: string): Promise<void> {
    const found = await readLetter(join(this.#path, name));
    // What somebody has put in its place is another letter.
    if (found === null || found.text !== text || found.fault !== fault) return;
    const folder = join(this.#path, settlement);
    await mkdir(folder).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
    for (let copy = 0; ; copy++) {
      const path = join(folder, keptAs(name, copy));
      const note = await noteBeside(path);
      // Taken, as it seems, by an earlier letter of this name.
      if (note === null) continue;
      try {
        await note.writeFile(`${reason}\n`);
        await rename(join(this.#path, name), path);
        return;
      } catch (error) {
        await rm(`${path}.reason`, { force: true });
        if (codeOf(error) === "ENOENT") return;
        throw error;
      } finally {
        await note.close();
      }
    }
  }

  async close(): Promise<void> {}
}

/** All in order; where there are more than are served at a time, by chance. */
function* inTurn(names: string[], random: () => number): Generator<string> {
  if (names.length <= LETTERS_AT_ONCE) yield* names.sort();
  else {
    for (let left = names.length; left > 0; left--) {
      const index = Math.floor(random() * left);
      yield names[index] as string;
      names[index] = names[left - 1] as string;
    }
  }
}

/** A name under which nothing is overwritten. */
function keptAs(name: string, copy: number): string {
  const isLong = Buffer.byteLength(name) > MAX_NAME_BYTES;
  const kept = isLong ? createHash("sha256").update(name).digest("hex") : name;
  return copy === 0 ? kept : `${kept}.${copy}`;
}

/** The file of the reason, made for this letter alone; null where it or the letter's own name is taken. */
async function noteBeside(path: string): Promise<FileHandle | null> {
  const isTaken = await lstat(path).then(
    () => true,
    () => false,
  );
  if (isTaken) return null;
  try {
    return await open(`${path}.reason`, "wx");
  } catch (error) {
    if (codeOf(error) === "EEXIST") return null;
    throw error;
  }
}

/** What is the letter's fault; all else (no more descriptors, a faulty disk) is not, and it is read again. */
const UNREADABLE = ["EACCES", "EPERM", "ENXIO"];

/** Null where it is gone. Follows no link, and waits for no pipe. */
async function readLetter(path: string): Promise<Pick<Letter, "text" | "fault"> | null> {
  const refused = (fault: string) => ({ text: null, fault });
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return null;
    if (code === "ELOOP") return refused("it is a symbolic link; put the order itself there");
    if (!UNREADABLE.includes(code)) throw error;
    return refused(`it can't be read (${code}); let the reaper read it`);
  }
  try {
    const found = await file.stat();
    if (!found.isFile()) return refused("it is no file; put an order there");
    // NB. One byte more: a file may grow while it is read.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_LETTER_BYTES + 1), 0, MAX_LETTER_BYTES + 1, 0);
    if (bytesRead > MAX_LETTER_BYTES)
      return refused(`it has more than ${MAX_LETTER_BYTES} bytes, which no order needs; make it shorter`);
    return {
      text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(buffer.subarray(0, bytesRead)),
      fault: null,
    };
  } catch (error) {
    if (codeOf(error) === "ERR_ENCODING_INVALID_ENCODED_DATA") return refused("it is not UTF-8 text; save it as UTF-8");
    throw error;
  } finally {
    await file.close();
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown error";
}
