// SPDX-License-Identifier: Apache-2.0
import { EXIT, type ExitCode, worst } from "./exit";
import { type Job, onStack, WITHOUT_CHECKPOINTS } from "./job";
import { publish } from "./publish";
import { reapFirst } from "./reap";
import { exportStacks } from "./states";

const REQUESTS = "stacks/requests";
const PACK = "policypack";

/**
 * What a merge runs, with the protected branch's code and the merged requests: ends what is expired or withdrawn, then
 * grants what is allowed. Denied requests are reported and journaled, and stop nobody.
 */
export async function deploy(job: Job, published: string | null): Promise<ExitCode> {
  const exported = await exportStacks(job);
  const codes: ExitCode[] = [];
  try {
    const reaped = await reapFirst(job, exported, REQUESTS);
    codes.push(reaped);
    // The program would fail on the same files, after half a minute and with an error for each stack.
    if (reaped === EXIT.badInput) job.say(`nothing is granted: mend ${REQUESTS}, as said above`);
    for (const { stack, refusal } of exported.all) {
      if (refusal !== null) codes.push(refusal);
      else if (reaped !== EXIT.badInput) codes.push(await up(job, stack.name, exported.witness));
    }
  } finally {
    exported.dispose();
  }
  if (published !== null) codes.push(await publish(job, published));
  return worst(codes);
}

/** Without its own preview phase: that would judge all a second time, and the provider is the gate. */
export async function up(job: Job, stack: string, witness: string): Promise<ExitCode> {
  const args = ["up", "--yes", "--skip-preview", "--suppress-progress", "--policy-pack", PACK, "--stack", stack];
  const env = { ...WITHOUT_CHECKPOINTS, ELEVATION_DEPLOY: "1", ELEVATION_WITNESS: witness };
  const { code } = await onStack(job, args, { env });
  return code === 0 ? EXIT.yes : EXIT.storeFailed;
}
