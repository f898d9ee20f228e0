// SPDX-License-Identifier: Apache-2.0
import { type StateSummary, summarizeState } from "./state-summary";

/** How a command ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  /** Both streams. */
  readonly output: string;
}

/** Runs `pulumi` in a project's root. `quiet`: what it prints is not shown as it comes. */
export type RunPulumi = (
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly quiet?: boolean },
) => Promise<Ran>;

/** Why no engine may be run on a stack. */
export interface Refusal {
  /**
   * `unmade`: the backend doesn't know it. `unexported`: its state could not be read. `unsafe`: its state is not only what we made.
   */
  readonly kind: "unmade" | "unexported" | "unsafe";
  /** Whole sentences, that name the stack. */
  readonly reasons: readonly string[];
}

/** What a look at a stack found. `state` is null where its export can't be read. */
export interface Looked {
  readonly state: StateSummary | null;
  readonly refusal: Refusal | null;
}

/** Without checkpoints, a thousand grants take seconds instead of a minute. What a crash then loses is in the journal, and
 * the next run adopts or ends it (design §6). */
export const WITHOUT_CHECKPOINTS = { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" } as const;

/** What file backends and Pulumi Cloud say of a stack on which another run is at work. */
const LOCKED = /the stack is currently locked|another update is currently in progress/i;

export function isLocked({ output }: Pick<Ran, "output">): boolean {
  return LOCKED.test(output);
}

/**
 * Exports a stack to a file and looks at what it is made of: refresh, up and destroy run the code in a state, with the job's credentials
 * (design §7). Whoever runs one looks first, each time. `read`: how the file is summed up.
 */
export async function lookAtStack(
  pulumi: RunPulumi,
  stack: string,
  file: string,
  read: (file: string) => StateSummary | Promise<StateSummary> = summarizeState,
): Promise<Looked> {
  const { code, output } = await pulumi(["stack", "export", "--stack", stack, "--file", file], { quiet: true });
  if (code !== 0 && /no stack named/i.test(output)) {
    return refused(
      "unmade",
      `stack \`${stack}\` has a file, and the backend doesn't know it; make it with \`pulumi stack init ${stack}\`, or name the others with \`--stack\``,
    );
  }
  if (code !== 0) {
    const why = output.trimEnd();
    return refused(
      "unexported",
      `stack \`${stack}\` could not be exported, so its code could not be looked at:\n${why}`,
    );
  }
  try {
    const state = await read(file);
    const reasons = state.problems.map((problem) => `stack \`${stack}\`: ${problem}`);
    return { state, refusal: reasons.length === 0 ? null : { kind: "unsafe", reasons } };
  } catch (error) {
    return refused("unsafe", `stack \`${stack}\`: ${(error as Error).message}`);
  }
}

function refused(kind: Refusal["kind"], reason: string): Looked {
  return { state: null, refusal: { kind, reasons: [reason] } };
}
