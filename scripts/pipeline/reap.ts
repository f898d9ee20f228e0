// SPDX-License-Identifier: Apache-2.0
import { EXIT, type ExitCode } from "./exit";
import type { Job } from "./job";
import type { Exports } from "./states";

/**
 * The pass of the reaper that every step begins with: what must end ends whatever the engine does later, and whatever is
 * wrong with a state (only its data is read). `every`: the step's interval, so that its silence is noticed.
 */
export async function reapFirst(
  job: Job,
  exported: Exports,
  declared: string | null,
  every: string | null = null,
): Promise<ExitCode> {
  const states = exported.all.flatMap(({ file }) => (file === null ? [] : ["--state", file]));
  // NB. only where stacks were named: a grant of a stack or an environment that is gone is nobody's else.
  const environments = job.isPartial ? [...new Set(job.stacks.flatMap((stack) => stack.environments))].sort() : [];
  const { code } = await job.elevate([
    ...["reap", "--once"],
    ...(every === null ? [] : ["--every", every]),
    ...(declared === null ? [] : ["--declared", declared]),
    ...states,
    ...environments.flatMap((name) => ["--environment", name]),
  ]);
  return code === EXIT.yes || code === EXIT.badInput ? code : EXIT.storeFailed;
}
