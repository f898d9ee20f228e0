// SPDX-License-Identifier: Apache-2.0
/** Bytes read at once: large enough that a journal of a hundred thousand events takes some hundred calls. */
const CHUNK = 1 << 20;
const NEWLINE = 0x0a;

/** A file to read lines from: a `FileHandle` is one. */
export interface LineSource {
  /** Reads up to `length` bytes at `position` of the file into `buffer` at `offset`. */
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** The bytes of a file from `from` (inclusive) to `to`; fewer if it ends before. */
export async function readRange(handle: LineSource, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(to - from);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/**
 * Calls `onLine` with each finished line between two offsets (without its newline) and with the offset at which it ends
 * (newline included). Returns where the last one ends: from there to `to` stands a line that its writer did not finish.
 */
export async function scanLines(
  handle: LineSource,
  from: number,
  to: number,
  onLine: (line: string, end: number) => unknown,
): Promise<number> {
  let finished = from;
  let open: Buffer[] = [];
  for (let offset = from; offset < to; ) {
    const chunk = await readRange(handle, offset, Math.min(to, offset + CHUNK));
    if (chunk.length === 0) break;
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, start)) {
      const tail = chunk.subarray(start, at);
      const line = open.length === 0 ? tail : Buffer.concat([...open, tail]);
      open = [];
      start = at + 1;
      finished = offset + start;
      onLine(line.toString("utf8"), finished);
    }
    if (start < chunk.length) open.push(chunk.subarray(start));
    offset += chunk.length;
  }
  return finished;
}

/** Where the first line starts that does so at `from` or later; `to` if none does before. */
export async function nextLineStart(handle: LineSource, from: number, to: number): Promise<number> {
  // NB. From the byte before, which may be a newline.
  for (let offset = Math.max(0, from - 1); offset < to; ) {
    const chunk = await readRange(handle, offset, Math.min(to, offset + CHUNK));
    const at = chunk.indexOf(NEWLINE);
    if (at !== -1) return offset + at + 1;
    if (chunk.length === 0) break;
    offset += chunk.length;
  }
  return to;
}
