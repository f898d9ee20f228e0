// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewEvent } from "@elevation/domain";
import { initJournal, type JournalStore, openStore } from "@elevation/journal";
import { JOB, NOON } from "./journal-events";

/** A folder with a journal in it, for one test. */
export class JournalFolder {
  readonly folder: string;
  readonly path: string;
  readonly address: string;
  /** What its stores reported to have repaired. */
  readonly repairs: string[] = [];

  private constructor(folder: string) {
    this.folder = folder;
    this.path = join(folder, "journal.jsonl");
    this.address = `file:${this.path}`;
  }

  /** An empty folder. */
  static async empty(): Promise<JournalFolder> {
    return new JournalFolder(await mkdtemp(join(tmpdir(), "elevation-journal-")));
  }

  /** With a journal that holds `opened` and the events given. */
  static async with(events: readonly NewEvent[] = []): Promise<JournalFolder> {
    const folder = await JournalFolder.empty();
    const store = folder.store();
    await initJournal(store, JOB, NOON);
    await store.append(events);
    return folder;
  }

  /** Another store object on the same file. */
  store(): JournalStore {
    return openStore(this.address, { onRepair: (report) => void this.repairs.push(report) });
  }

  async id(): Promise<string> {
    const [opened] = await this.store().read();
    return opened?.hash ?? "";
  }

  text(): Promise<string> {
    return readFile(this.path, "utf8");
  }

  /** The lines of the file, parsed, without what their type promises. */
  async lines(): Promise<Record<string, unknown>[]> {
    const text = await this.text();
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async write(lines: readonly unknown[]): Promise<void> {
    await writeFile(this.path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
