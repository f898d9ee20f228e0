// SPDX-License-Identifier: Apache-2.0
import { createWriteStream, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { copyBeats, formatLine, type JournalStore, openStore, readJournalAnchors } from "@elevation/journal";
import { EXIT, type ExitCode } from "./exit";
import type { Job } from "./job";
import { exportStacks } from "./states";
import { withoutSecrets } from "./without-secrets";

/** The journal's copy in the published folder. */
export const PUBLISHED_JOURNAL = "journal.jsonl";

/**
 * Writes what previews of pull requests work on: an export of each stack and a copy of the journal. States are exported
 * before the journal is read, so that none of them has seen an event that the copy lacks.
 */
export async function publish(job: Job, folder: string): Promise<ExitCode> {
  mkdirSync(folder, { recursive: true });
  const exported = await exportStacks(job);
  try {
    await copyJournal(job, join(folder, PUBLISHED_JOURNAL));
    const sound = exported.all.flatMap(({ stack, file, refusal }) =>
      file === null || refusal !== null ? [] : [{ stack, file }],
    );
    for (const { stack, file } of sound)
      writeFileSync(join(folder, `${stack.name}.json`), withoutSecrets(readFileSync(file, "utf8")));
    job.say(`published ${sound.length} ${sound.length === 1 ? "stack" : "stacks"} and the journal in ${folder}`);
    return EXIT.yes;
  } catch (error) {
    job.say(`the copies for previews could not be published: ${(error as Error).message}`);
    return EXIT.storeFailed;
  } finally {
    exported.dispose();
  }
}

/** Who ends grants and was heard when: a preview that lacks it only warns too early. */
async function copyHeard({ say }: Job, store: JournalStore, file: string): Promise<void> {
  const beats = store.beats?.();
  try {
    if (beats !== undefined) await copyBeats(file, await beats.hear(), Date.now());
  } catch (error) {
    say(`what was heard of those who end grants could not be published: ${(error as Error).message}`);
  } finally {
    await beats?.close();
  }
}

async function copyJournal(job: Job, file: string): Promise<void> {
  const { address } = readJournalAnchors(job.env);
  if (address === null) throw new Error("`ELEVATION_JOURNAL` is not set; set it to the journal's address");
  const store = openStore(address);
  try {
    const events = await store.read();
    const lines = function* () {
      for (const event of events) yield formatLine(event);
    };
    await pipeline(lines, createWriteStream(`${file}.part`));
    renameSync(`${file}.part`, file);
    await copyHeard(job, store, file);
  } finally {
    await store.close();
  }
}
