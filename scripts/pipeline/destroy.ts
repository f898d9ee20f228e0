// SPDX-License-Identifier: Apache-2.0
import { onEachStack } from "./each-stack";
import { EXIT, type ExitCode, worst } from "./exit";
import type { Job, Stack } from "./job";
import { exportStacks, runOnStack } from "./states";

/** Ends every grant of the stacks and empties them. Needs neither policy, directory nor requests. */
export async function destroy(job: Job): Promise<ExitCode> {
  const exported = await exportStacks(job);
  const codes: ExitCode[] = [];
  try {
    codes.push(...(await onEachStack(job, exported, destroyStack)));
  } finally {
    exported.dispose();
  }
  return worst(codes);
}

async function destroyStack(job: Job, stack: Stack): Promise<ExitCode> {
  const destroyed = await runOnStack(job, stack, ["destroy", "--yes", "--skip-preview"], {});
  return worst([destroyed, await requireNoneLive(job, stack)]);
}

/** What a crashed run made may be in no state: the journal knows of it. */
async function requireNoneLive(job: Job, stack: Stack): Promise<ExitCode> {
  const { code, stdout } = await job.elevate(["status", "--json"], { quiet: true });
  if (code !== 0) {
    job.say(`whether a grant of \`${stack.name}\` is still live can't be known: the journal can't be read`);
    return EXIT.storeFailed;
  }
  const { live } = JSON.parse(stdout) as { live: { stack: string; name: string | null; request: string }[] };
  const left = live.filter((grant) => grant.stack.endsWith(`/${job.project}/${stack.name}`));
  for (const { name, request } of left)
    job.say(
      `LIVE: ${name ?? request} is in no state of \`${stack.name}\`, from a run that was killed; \`elevate reap --once\` ends it at its expiry, and with \`--declared stacks/requests\` at once if its file is gone`,
    );
  return left.length === 0 ? EXIT.yes : EXIT.storeFailed;
}
