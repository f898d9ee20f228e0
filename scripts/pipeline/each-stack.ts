// SPDX-License-Identifier: Apache-2.0
import { atOnce } from "./at-once";
import { EXIT, type ExitCode } from "./exit";
import type { Job, Stack } from "./job";
import type { Exports } from "./states";

/**
 * Runs something on every stack that isn't refused, as many at the same time as the job allows. What a stack's run prints comes as a
 * whole where there are several, so that lines of two never mix. Whatever goes wrong with one is its own outcome, and stops no other.
 */
export function onEachStack(
  job: Job,
  { all }: Pick<Exports, "all">,
  run: (job: Job, stack: Stack) => Promise<ExitCode>,
): Promise<readonly ExitCode[]> {
  const isMixed = job.parallel > 1 && all.length > 1;
  return atOnce(job.parallel, all, async ({ stack, refusal }) => {
    if (refusal !== null) return refusal;
    const told = isMixed ? toldTogether(job) : { job, tell: () => {} };
    try {
      return await run(told.job, stack);
    } catch (error) {
      told.job.say(`FAILED: stack \`${stack.name}\`: ${(error as Error).message}`);
      return EXIT.storeFailed;
    } finally {
      told.tell();
    }
  });
}

/** The same job, which keeps what it would show until it is told to show it. */
function toldTogether(job: Job): { readonly job: Job; readonly tell: () => void } {
  const kept: (() => void)[] = [];
  const say = (line: string) => void kept.push(() => job.say(line));
  const pulumi: Job["pulumi"] = async (args, options = {}) => {
    const ran = await job.pulumi(args, { ...options, quiet: true });
    if (options.quiet !== true) {
      say(`$ pulumi ${args.join(" ")}`);
      kept.push(() => job.show(ran.output));
    }
    return ran;
  };
  const tell = (): void => {
    for (const show of kept.splice(0)) show();
  };
  return { job: { ...job, say, pulumi }, tell };
}
