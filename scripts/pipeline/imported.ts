// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  Journal,
  type JournalStore,
  type JournalView,
  openStore,
  readJournalAnchors,
  silenceSentence,
  silences,
} from "@elevation/journal";
import { readExportedStack } from "@elevation/provider/lifecycle";
import { EXIT, StepError } from "./exit";
import type { Job } from "./job";
import { PUBLISHED_JOURNAL } from "./publish";
import { exportStacks } from "./states";

/** The journal's copy, null where there is none to go by; and what is to be said of it. */
export async function readPublished(
  published: string | null,
  env: NodeJS.ProcessEnv,
): Promise<{ view: JournalView | null; notes: readonly string[] }> {
  if (published === null)
    return { view: null, notes: ["No copy of the journal was published: each request is judged as new."] };
  const id = readJournalAnchors(env).id;
  try {
    const store = openStore(`file:${join(published, PUBLISHED_JOURNAL)}`);
    const journal = await Journal.open(store, id ?? undefined);
    const view = await journal.view();
    await journal.close();
    return { view, notes: await silenceIn(store, view, Date.now()) };
  } catch (error) {
    return {
      view: null,
      notes: [`The published journal can't be used, so each request is judged as new: ${(error as Error).message}`],
    };
  }
}

/** That nobody is heard of who ends grants is news for everybody who is about to make one. */
export async function silenceIn(store: JournalStore, { live }: JournalView, now: number): Promise<readonly string[]> {
  const beats = store.beats?.();
  if (beats === undefined) return [];
  try {
    return silences(await beats.hear(), live, now).map((silence) => `SILENT: ${silenceSentence(silence)}`);
  } catch (error) {
    return live.length === 0
      ? []
      : [`SILENT: it is not known whether anybody ends grants: ${(error as Error).message}`];
  } finally {
    await beats.close();
  }
}

/** Published states, looked at before they are imported: they are code that a preview runs. */
export async function importStates(
  job: Job,
  published: string | null,
): Promise<{ witness: string; notes: readonly string[] }> {
  const notes: string[] = [];
  for (const { name } of job.stacks) {
    await mustRun(job, ["stack", "init", name]);
    const file = published === null ? null : join(published, `${name}.json`);
    if (file === null || !existsSync(file)) {
      notes.push(`No state of stack \`${name}\` was published: the engine compares with an empty one.`);
      continue;
    }
    const { problems } = readExportedStack(file, readFileSync(file, "utf8"));
    if (problems.length > 0)
      throw new StepError(EXIT.failed, `the published state of \`${name}\` is refused:\n${problems.join("\n")}`);
    await mustRun(job, ["stack", "import", "--stack", name, "--file", file]);
  }
  const exported = await exportStacks(job);
  exported.dispose();
  return { witness: exported.witness, notes };
}

async function mustRun(job: Job, args: readonly string[]): Promise<void> {
  const { code, output } = await job.pulumi(args, { quiet: true });
  if (code !== 0) throw new StepError(EXIT.storeFailed, `\`pulumi ${args.join(" ")}\` failed:\n${output.trimEnd()}`);
}
