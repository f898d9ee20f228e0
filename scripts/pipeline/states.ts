// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Head } from "@elevation/journal";
import { isLocked, laterOf, lookAtStack, type Refusal, WITHOUT_CHECKPOINTS } from "@elevation/reaper/stacks";
import { atOnce } from "./at-once";
import { EXIT, type ExitCode } from "./exit";
import type { Job, Stack } from "./job";

/** What was found out about a stack before anything was run in it. */
export interface Exported {
  readonly stack: Stack;
  /** Path of the export; null where the stack can't be exported. */
  readonly file: string | null;
  /** Null: the engine may be run on it. */
  readonly refusal: ExitCode | null;
  /** The last journal event that the state has seen. */
  readonly witness: Head | null;
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
  const all = await atOnce(job.parallel, job.stacks, (stack) =>
    exportStack(job, stack, join(folder, `${stack.name}.json`)),
  );
  return {
    all,
    witness: JSON.stringify(laterOf(all.map(({ witness }) => witness))),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

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
      const ran = await job.pulumi([...args, "--suppress-progress", "--stack", stack.name], {
        env: { ...WITHOUT_CHECKPOINTS, ...env },
      });
      if (ran.code === 0) return EXIT.yes;
      if (!isLocked(ran) || performance.now() + ASK_AGAIN > until) return EXIT.storeFailed;
      job.say("the stack is locked by another run; waiting for it");
      await delay(ASK_AGAIN);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const EXIT_OF = { unmade: EXIT.badInput, unexported: EXIT.storeFailed, unsafe: EXIT.failed } as const satisfies Record<
  Refusal["kind"],
  ExitCode
>;

async function exportStack(job: Job, stack: Stack, file: string): Promise<Exported> {
  const { state, refusal } = await lookAtStack(job.pulumi, stack.name, file);
  const reasons = [...(refusal?.reasons ?? []), ...(stack.problem === null ? [] : [stack.problem])];
  for (const reason of reasons) job.say(`REFUSED: ${reason}`);
  const code = refusal === null ? null : EXIT_OF[refusal.kind];
  return {
    stack,
    // What a job may not run is still data, that says what must end.
    file: state === null ? null : file,
    refusal: code ?? (stack.problem === null ? null : EXIT.badInput),
    witness: state?.witness ?? null,
  };
}
