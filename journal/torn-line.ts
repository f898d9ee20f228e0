// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, open, readFile } from "node:fs/promises";
import { systemCode } from "./journal-error";
import { syncFolder } from "./journal-file";
import { readRange } from "./line-scan";

/** Enough names: one is used again for the same bytes, and a torn line is rare. */
const NAMES = 1000;

/**
 * Cuts off the unfinished line that a killed writer left from `finished` on, after its bytes were kept beside the journal
 * as `<file>.torn-<seq>`. Only under the lock: without it, the line may be somebody's who is still writing. Can be
 * interrupted anywhere and done again. Returns a report of one line.
 */
export async function cutTornLine(
  handle: FileHandle,
  path: string,
  finished: number,
  size: number,
  seq: number,
): Promise<string> {
  const bytes = await readRange(handle, finished, size);
  const kept = await keep(bytes, `${path}.torn-${seq}`);
  await handle.truncate(finished);
  await handle.sync();
  return `event ${seq} of the journal \`${path}\` was not finished by its writer: its ${bytes.length} bytes were cut off and kept as \`${kept}\``;
}

async function keep(bytes: Buffer, base: string): Promise<string> {
  for (let count = 1; count <= NAMES; count++) {
    const path = count === 1 ? base : `${base}-${count}`;
    if (await keepAs(bytes, path)) return path;
  }
  throw Object.assign(new Error(`all ${NAMES} names like \`${base}\` are taken`), { code: "EEXIST" });
}

/** False if the name is taken by something else; true as well if these very bytes are kept there already. */
async function keepAs(bytes: Buffer, path: string): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await open(path, "wx", 0o600);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    const there = await readFile(path).catch(() => null);
    return there?.equals(bytes) === true;
  }
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(path);
  return true;
}
