// SPDX-License-Identifier: Apache-2.0
import { up } from "./deploy";
import { EXIT, type ExitCode, worst } from "./exit";
import type { Job } from "./job";
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
    for (const { stack, refusal } of exported.all) {
      if (refusal !== null) {
        codes.push(refusal);
        continue;
      }
      const { code } = await job.pulumi(["cancel", "--yes", "--stack", stack.name]);
      if (code !== 0) job.say(`stack \`${stack.name}\` was not locked, or its lock could not be taken away`);
      codes.push(await up(job, stack, exported.witness));
      codes.push(await refresh(job, stack, exported.witness, ["--clear-pending-creates"]));
    }
  } finally {
    exported.dispose();
  }
  if (published !== null) codes.push(await publish(job, published));
  return worst(codes.length === 0 ? [EXIT.badInput] : codes);
}
