// SPDX-License-Identifier: Apache-2.0
import { type Judge, quote } from "@elevation/domain";
import type { World } from "@elevation/provider/lifecycle";
import { type Drill, type DrillEvent, type DrillName, Drills, type ReaperEvent, runDrill } from "@elevation/reaper";
import { readDrillFile } from "./drill-file";
import { CommandError, EXIT } from "./exit";
import type { Terminal } from "./terminal";
import { Watched } from "./watched";

export interface DrillOptions {
  readonly drill?: string;
  readonly once?: boolean;
  readonly dryRun?: boolean;
  readonly policy?: string;
}

/**
 * The drills of the file that `--drill` names, as they are now; null where it is not given. Throws CommandError, or BadDocuments with all
 * that is wrong with the file.
 */
export function readDrills(
  options: DrillOptions,
  environments: ReadonlySet<string> | null,
  terminal: Terminal,
): (() => readonly Drill[]) | null {
  const { drill: file } = options;
  if (file === undefined) return null;
  requireRunning(options);
  const read = () => readDrillFile(file, environments, terminal);
  const drills = read();
  if (drills.length === 0) {
    throw new CommandError(
      EXIT.badInput,
      `${quote(file)} has no drill for the environments that \`--environment\` names; add one, or leave out \`--drill\``,
    );
  }
  const watched = new Watched(terminal.cwd, [file], read, (line) => terminal.say(line));
  return () => watched.current() ?? drills;
}

function requireRunning({ once, dryRun, policy }: DrillOptions): void {
  if (once === true) {
    throw new CommandError(
      EXIT.badInput,
      "`--drill` is for a reaper that keeps running; leave out `--once` or `--drill`",
    );
  }
  if (dryRun === true) {
    throw new CommandError(
      EXIT.badInput,
      "`--dry-run` changes nothing, and a drill grants something; leave out `--drill` or `--dry-run`",
    );
  }
  if (policy !== undefined) return;
  throw new CommandError(
    EXIT.badInput,
    "`--drill` grants what policy and directory allow; give `--policy` and `--directory` too, of the protected branch",
  );
}

/** Fire drills beside a reaper. */
export interface RunningDrills {
  /** Tells them of an event of the reaper: at each look they begin what is due. */
  note(event: ReaperEvent): void;
  /** Begins none any more, and waits for those under way to let go. */
  stop(): Promise<void>;
}

export function followDrills(
  drills: () => readonly Drill[],
  world: World,
  judge: () => Judge | null,
  on: (event: DrillEvent) => void,
  gone: (drill: DrillName) => void,
): RunningDrills {
  const run = (drill: Drill, stop: AbortSignal) => runDrill(drill, { world, judge }, stop);
  const all = new Drills({ drills, run, clock: world.clock, on, gone });
  return {
    note: (event) => {
      if (event.type === "looked") all.look();
    },
    stop: () => all.stop(),
  };
}
