// SPDX-License-Identifier: Apache-2.0
import { onEachStack } from "./each-stack";
import { type ExitCode, worst } from "./exit";
import type { Job, Stack } from "./job";
import { publish } from "./publish";
import { reapFirst } from "./reap";
import { exportStacks, runOnStack } from "./states";

/** What a schedule runs every few minutes: ends what is past its end, then lets each stack forget it. `every`: how often that is, ISO 8601. */
export async function schedule(job: Job, published: string | null, every: string): Promise<ExitCode> {
  const exported = await exportStacks(job);
  const codes: ExitCode[] = [];
  try {
    codes.push(await reapFirst(job, exported, null, every));
    codes.push(...(await onEachStack(job, exported, (one, stack) => refresh(one, stack, exported.witness))));
  } finally {
    exported.dispose();
  }
  if (published !== null) codes.push(await publish(job, published));
  return worst(codes);
}

/** NB. with its preview phase every grant would be read twice, and one that fails would keep all of the others. */
export function refresh(job: Job, stack: Stack, witness: string, more: readonly string[] = []): Promise<ExitCode> {
  return runOnStack(job, stack, ["refresh", "--yes", "--skip-preview", ...more], { ELEVATION_WITNESS: witness });
}
