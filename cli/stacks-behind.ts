// SPDX-License-Identifier: Apache-2.0
import type { JournalView } from "@elevation/journal";
import { journalNow, type World } from "@elevation/provider/lifecycle";
import type { ReaperEvent } from "@elevation/reaper";
import {
  CatchUp,
  forgetEnded,
  type OpenedProject,
  readStackFiles,
  type StacksEvent,
  summarizeAside,
} from "@elevation/reaper/stacks";

/** An engine and its plugins take about a core and 300 MB. */
const AT_ONCE = 2;
/** What ends within this after another goes with it, in milliseconds. */
const GATHER = 2_000;
/** How often every stack is looked at: what others ended, and what a restored state brought back, in milliseconds. */
const LOOK_EVERY = 300_000;

/** How a reaper that keeps running lets the stacks of one project forget what has ended. */
export interface StacksBehind {
  /** Tells it of an event of the reaper. */
  note(event: ReaperEvent): void;
  /** Begins nothing any more, and waits for what has begun. */
  stop(): Promise<void>;
}

export function followStacks(
  project: OpenedProject,
  world: World,
  environments: ReadonlySet<string> | null,
  on: (event: StacksEvent) => void,
): StacksBehind {
  const forgetting = {
    ...{ pulumi: project.pulumi, environments, read: summarizeAside, random: Math.random },
    view: () => trustedView(world),
  };
  const catchUp = new CatchUp({
    ...{ atOnce: AT_ONCE, gather: GATHER, clock: world.clock, random: Math.random, on },
    forget: (stack) => forgetEnded(forgetting, stack),
    later: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => clearTimeout(timer);
    },
  });
  const lookAtAll = (): void => {
    try {
      for (const { name } of readStackFiles(project.root)) catchUp.want(name);
    } catch (error) {
      world.say(`the stacks of \`${project.name}\` can't be found: ${(error as Error).message}`);
    }
  };
  lookAtAll();
  const timer = setInterval(lookAtAll, LOOK_EVERY);
  return {
    note: (event) => {
      if (event.type !== "ended") return;
      const { stack } = event.grant;
      if (stack.project === project.name) catchUp.want(stack.stack);
    },
    stop: () => {
      clearInterval(timer);
      return catchUp.stop();
    },
  };
}

async function trustedView(world: World): Promise<JournalView> {
  const { trusted } = await journalNow(world);
  if (trusted instanceof Error) throw trusted;
  return trusted.view;
}
