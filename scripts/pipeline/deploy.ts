// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { isGrantError } from "@elevation/provider/lifecycle";
import { readRequestFiles } from "@elevation/provider/loader";
import { onEachStack } from "./each-stack";
import { EXIT, type ExitCode, worst } from "./exit";
import type { Job, Stack } from "./job";
import { publish } from "./publish";
import { reapFirst } from "./reap";
import { exportStacks, runOnStack } from "./states";

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
    codes.push(await reapFirst(job, exported, REQUESTS));
    const isReadable = requestsAreReadable(job);
    // NB. one after another: two at the same time would choose between requests by chance where a limit spans stacks.
    const inTurn = { ...job, parallel: 1 };
    const deployed = onEachStack(inTurn, exported, async (one, stack) =>
      isReadable ? up(one, stack, exported.witness) : EXIT.badInput,
    );
    codes.push(...(await deployed));
  } finally {
    exported.dispose();
  }
  if (published !== null) codes.push(await publish(job, published));
  return worst(codes);
}

/** The program would fail on the same files, after half a minute and with an error for each stack. */
function requestsAreReadable(job: Job): boolean {
  try {
    readRequestFiles(join(job.root, REQUESTS));
    return true;
  } catch (error) {
    if (!isGrantError(error)) throw error;
    job.say(`nothing is granted: mend ${REQUESTS}, as said above`);
    return false;
  }
}

/** Without its own preview phase: that would judge all a second time, and the provider is the gate. */
export function up(job: Job, stack: Stack, witness: string): Promise<ExitCode> {
  const args = ["up", "--yes", "--skip-preview", "--policy-pack", PACK];
  return runOnStack(job, stack, args, { ELEVATION_DEPLOY: "1", ELEVATION_WITNESS: witness });
}
