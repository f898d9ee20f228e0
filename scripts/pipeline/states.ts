// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { type ExportedStack, readExportedStack } from "@elevation/provider/lifecycle";
import { EXIT, type ExitCode } from "./exit";
import { type Job, type Stack, WITHOUT_CHECKPOINTS } from "./job";

/** What was found out about a stack before anything was run in it. */
export interface Exported {
  readonly stack: Stack;
  /** Path of the export; null where the stack can't be exported. */
  readonly file: string | null;
  /** Null: the engine may be run on it. */
  readonly refusal: ExitCode | null;
  readonly grants: ExportedStack["grants"];
}

/** The exports of a job's stacks, in a folder of their own. */
export interface Exports {
  readonly all: readonly Exported[];
  /** The last journal event that any of the states has seen, as `ELEVATION_WITNESS` takes it; `null` if none has. */
  readonly witness: string;
  dispose(): void;
}

/**
 * Exports every stack and looks at its code first: refresh, up and destroy run what stands in a state, with the job's
 * credentials (design §7). A stack that is refused is said and left alone, and holds up no other.
 */
export async function exportStacks(job: Job): Promise<Exports> {
  const folder = mkdtempSync(join(tmpdir(), "elevation-states-"));
  const all: Exported[] = [];
  for (const stack of job.stacks) all.push(await exportStack(job, stack, join(folder, `${stack.name}.json`)));
  return {
    all,
    witness: witnessOf(all),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What file backends and Pulumi Cloud say of a stack on which another run is at work. */
const LOCKED = /the stack is currently locked|another update is currently in progress/i;
const ASK_AGAIN = 5_000;

/**
 * Runs the engine on a stack, right after another look at its code: between the first look and this one another stack ran,
 * or a lock was waited for. Again while another run has it locked, as long as the job waits for that.
 */
export async function runOnStack(
  job: Job,
  stack: Stack,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ExitCode> {
  const until = performance.now() + job.lockWait;
  const folder = mkdtempSync(join(tmpdir(), "elevation-state-"));
  try {
    for (;;) {
      const { refusal } = await exportStack(job, stack, join(folder, "state.json"));
      if (refusal !== null) return refusal;
      const { code, output } = await job.pulumi([...args, "--suppress-progress", "--stack", stack.name], {
        env: { ...WITHOUT_CHECKPOINTS, ...env },
      });
      if (code === 0) return EXIT.yes;
      if (!LOCKED.test(output) || performance.now() + ASK_AGAIN > until) return EXIT.storeFailed;
      job.say("the stack is locked by another run; waiting for it");
      await delay(ASK_AGAIN);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function exportStack(job: Job, stack: Stack, file: string): Promise<Exported> {
  const { code, output } = await job.pulumi(["stack", "export", "--stack", stack.name, "--file", file], {
    quiet: true,
  });
  if (code !== 0 && /no stack named/i.test(output)) {
    job.say(
      `REFUSED: stack \`${stack.name}\` has a file, and the backend doesn't know it; make it with \`pulumi stack init ${stack.name}\`, or name the others with \`--stack\``,
    );
    return { stack, file: null, refusal: EXIT.badInput, grants: [] };
  }
  if (code !== 0) {
    job.say(
      `REFUSED: stack \`${stack.name}\` could not be exported, so its code could not be looked at:\n${output.trimEnd()}`,
    );
    return { stack, file: null, refusal: EXIT.storeFailed, grants: [] };
  }
  try {
    const { grants, problems } = readExportedStack(file, readFileSync(file, "utf8"));
    for (const problem of problems) job.say(`REFUSED: stack \`${stack.name}\`: ${problem}`);
    return { stack, file, refusal: problems.length > 0 ? EXIT.failed : null, grants };
  } catch (error) {
    job.say(`REFUSED: stack \`${stack.name}\`: ${(error as Error).message}`);
    return { stack, file: null, refusal: EXIT.failed, grants: [] };
  }
}

function witnessOf(all: readonly Exported[]): string {
  const witnesses = all.flatMap(({ grants }) => grants.flatMap(({ witness }) => (witness === null ? [] : [witness])));
  const last = witnesses.reduce<(typeof witnesses)[number] | null>(
    (highest, next) => (highest === null || next.seq > highest.seq ? next : highest),
    null,
  );
  return JSON.stringify(last);
}
