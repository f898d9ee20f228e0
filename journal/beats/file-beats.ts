// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatInstant, type Instant, parseInstant } from "@elevation/domain";
import { JournalError, systemCode } from "../journal-error";
import { type Beat, beatOf, formatBeat, parseBeat, slotOf } from "./beat";
import type { Beats, Heard } from "./beats";

/** The folder beside a journal's file. */
export function beatsFolder(journal: string): string {
  return `${journal}.alive`;
}

/** Beside a copy of a journal, all beats are in one file, which says when they were copied. */
const COPY = "copy.json";
const SLOT = /^(reaper|schedule)(-[0-9a-f]{16})?\.json$/;
/** More is nothing of ours. */
const MOST_FILES = 100;
const MOST_BYTES = 256 * 1024;

/** Beats in files of their own, one for each who says them, replaced by renaming: nobody ever reads a half of one. */
export class FileBeats implements Beats {
  readonly #folder: string;

  /** `journal`: path of the journal's file. */
  constructor(journal: string) {
    this.#folder = beatsFolder(journal);
  }

  async say(beat: Beat): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await replace(join(this.#folder, `${slotOf(beat)}.json`), `${formatBeat(beat)}\n`);
    } catch (error) {
      throw fault("write-failed", `nobody can be told that grants are watched over: \`${this.#shown}\``, error);
    }
  }

  async hear(): Promise<Heard> {
    try {
      const names = await readdir(this.#folder).catch(noneIfAbsent);
      if (names.includes(COPY)) return copyOf(await readBounded(join(this.#folder, COPY)));
      const slots = names.filter((name) => SLOT.test(name)).slice(0, MOST_FILES);
      const texts = await Promise.all(slots.map((name) => readBounded(join(this.#folder, name))));
      const beats = texts.flatMap((text) => (text === null ? [] : (parseBeat(text) ?? [])));
      return { beats, copiedAt: null };
    } catch (error) {
      throw fault("unreadable", `whether grants are watched over can't be read in \`${this.#shown}\``, error);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get #shown(): string {
    return this.#folder.replace(/\p{C}/gu, "\uFFFD");
  }
}

/** Writes what was heard beside a copy of the journal, in place of what was there. */
export async function copyBeats(journal: string, { beats }: Heard, copiedAt: Instant): Promise<void> {
  const folder = beatsFolder(journal);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  const copied = { copiedAt: formatInstant(copiedAt), beats: beats.map((beat) => JSON.parse(formatBeat(beat))) };
  await writeFile(join(folder, COPY), `${JSON.stringify(copied)}\n`);
}

function copyOf(text: string | null): Heard {
  const { copiedAt, beats } = fieldsOf(text);
  const instant = typeof copiedAt === "string" ? parseInstant(copiedAt) : null;
  // Nothing heard, at no known time: a copy that can't be read says of nobody that it lives.
  if (instant === null || !Array.isArray(beats)) return { beats: [], copiedAt: null };
  return { beats: beats.flatMap((beat) => beatOf(beat) ?? []), copiedAt: instant };
}

function fieldsOf(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function replace(path: string, text: string): Promise<void> {
  const part = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    await writeFile(part, text, { mode: 0o600, flag: "wx" });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Null: what stands there is no file of ours, or is gone. */
async function readBounded(path: string): Promise<string | null> {
  const file = await openFile(path);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    return size > MOST_BYTES ? null : await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

async function openFile(path: string) {
  try {
    // NONBLOCK: opening a named pipe that stands there would wait for ever.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return null;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

function noneIfAbsent(error: unknown): readonly string[] {
  if (systemCode(error) === "ENOENT") return [];
  throw error;
}

function fault(code: "unreadable" | "write-failed", what: string, cause: unknown): JournalError {
  return new JournalError(code, `${what} (${systemCode(cause)}); check the folder and the rights on it`, { cause });
}
