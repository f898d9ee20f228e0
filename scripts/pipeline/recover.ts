// SPDX-License-Identifier: Apache-2.0
import { up } from "./deploy";
import { onEachStack } from "./each-stack";
import { type ExitCode, worst } from "./exit";
import type { Job, Stack } from "./job";
import { publish } from "./publish";
import { reapFirst } from "./reap";
import { refresh } from "./schedule";
import { exportStacks } from "./states";

/**
 * After a crashed run: takes the stack's lock away, ends what must end, and runs the same deploy again, which adopts what
 * the crashed one made. Last, a refresh forgets creates that the engine thinks are pending. Never while another run is at
 * work on the stack: that one would lose its lock.
 */
export async function recover(job: Job, published: string | null): Promise<ExitCode> {
  const exported = await exportStacks(job);
  const codes: ExitCode[] = [];
  try {
    codes.push(await reapFirst(job, exported, "stacks/requests"));
    codes.push(
      ...(await onEachStack({ ...job, parallel: 1 }, exported, (one, stack) => unlock(one, stack, exported.witness))),
    );
  } finally {
    exported.dispose();
  }
  if (published !== null) codes.push(await publish(job, published));
  return worst(codes);
}

async function unlock(job: Job, stack: Stack, witness: string): Promise<ExitCode> {
  const { code } = await job.pulumi(["cancel", "--yes", "--stack", stack.name]);
  if (code !== 0) job.say(`stack \`${stack.name}\` was not locked, or its lock could not be taken away`);
  const deployed = await up(job, stack, witness);
  return worst([deployed, await refresh(job, stack, witness, ["--clear-pending-creates"])]);
}
