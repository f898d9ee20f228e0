// SPDX-License-Identifier: Apache-2.0
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { lockFile } from "./file-lock";
import { JournalError, type JournalErrorCode, systemCode } from "./journal-error";

/** Which file it is (a replaced one is another), and how long. */
export interface FileState {
  readonly device: number;
  readonly inode: number;
  readonly size: number;
  /** When anything of it last changed, in milliseconds: of what may write to it only the system can set this. */
  readonly changedAt: number;
}

/** Without it, opening a named pipe that stands in the journal's place would wait for ever. No effect on a file. */
const NONBLOCK: number = constants.O_NONBLOCK ?? 0;
/** How often a file that was replaced while we waited for its lock is opened anew. */
const REOPENINGS = 10;

/** Opens a journal for reading: no lock, no write, so that a read-only copy will do. */
export async function openForReading(path: string, address: string): Promise<FileHandle> {
  try {
    return await checked(await open(path, constants.O_RDONLY | NONBLOCK), address);
  } catch (error) {
    throw asJournalError(error, "unreadable", `the journal \`${address}\` cannot be read`, address);
  }
}

/** Opens a journal for writing and locks it. Throws JournalError `absent`, `locked`, `write-failed`, `unreadable`. */
export async function openForWriting(path: string, address: string, wait: number): Promise<FileHandle> {
  try {
    for (let attempt = 0; attempt < REOPENINGS; attempt++) {
      const handle = await checked(await open(path, constants.O_RDWR | NONBLOCK), address);
      if (await lockAtPath(handle, path, address, wait)) return handle;
      await handle.close();
    }
  } catch (error) {
    throw asJournalError(error, "write-failed", `the journal \`${address}\` cannot be opened for writing`, address);
  }
  throw new JournalError("locked", `the journal \`${address}\` is replaced again and again; let one process do so`);
}

/** Makes the file of a new journal, locked, for its owner only, or throws what the system says (`EEXIST`). */
export async function createForWriting(path: string, address: string, wait: number): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await lockAtPath(handle, path, address, wait);
  } catch (error) {
    await unlink(path);
    throw error;
  }
  return handle;
}

export async function fileState(handle: FileHandle): Promise<FileState> {
  return stateOf(await handle.stat());
}

/** Null where nothing can be seen there. */
export async function stateAt(path: string): Promise<FileState | null> {
  return stat(path).then(stateOf, () => null);
}

function stateOf({ dev, ino, size, ctimeMs }: Stats): FileState {
  return { device: dev, inode: ino, size, changedAt: ctimeMs };
}

/** Makes the entry of a new file in its folder last: without it a crash of the machine may lose the name. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A JournalError as it is; the system's "no such file" as `absent`; anything else under the code given. */
export function asJournalError(error: unknown, code: JournalErrorCode, what: string, address: string): unknown {
  if (error instanceof JournalError) return error;
  const cause = systemCode(error);
  if (cause === "ENOENT" || cause === "ENOTDIR") {
    return new JournalError(
      "absent",
      `there is no journal at \`${address}\`; correct \`ELEVATION_JOURNAL\`, or make one with \`elevate journal init\``,
      { cause: error },
    );
  }
  return new JournalError(code, `${what} (${cause}); ${remedy(cause)}`, { cause: error });
}

function remedy(cause: string): string {
  if (cause === "EACCES" || cause === "EPERM") return "give this process the right to";
  if (cause === "EROFS") return "use a disk that is not mounted read-only";
  if (cause === "ENOSPC" || cause === "EDQUOT" || cause === "EFBIG") return "make room for it and run again";
  return "check the disk and its folder";
}

async function checked(handle: FileHandle, address: string): Promise<FileHandle> {
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new JournalError(
    "unreadable",
    `what stands at \`${address}\` is no regular file; correct \`ELEVATION_JOURNAL\``,
  );
}

/** Locks, and says whether the locked file is still the one at the path. Closes the file if it can't be locked. */
async function lockAtPath(handle: FileHandle, path: string, address: string, wait: number): Promise<boolean> {
  try {
    if (!(await lockFile(handle, wait))) {
      throw new JournalError(
        "locked",
        `the journal \`${address}\` has been locked by another process for ${wait / 1000} s; let that process end, then run again`,
      );
    }
    const [ours, named] = [await handle.stat(), await stat(path)];
    return ours.ino === named.ino && ours.dev === named.dev;
  } catch (error) {
    await handle.close();
    throw error;
  }
}
