// SPDX-License-Identifier: Apache-2.0
import {
  type Document,
  type FireDrills,
  type Judge,
  type ProbeKind,
  type Problem,
  parseDuration,
  quote,
  readFireDrills,
  renderPath,
} from "@elevation/domain";
import type { Visitor, World } from "@elevation/provider/lifecycle";
import { createVisitors } from "@elevation/provider/targets";
import { type Drill, type DrillEvent, Drills, type ReaperEvent, runDrill } from "@elevation/reaper";
import { BadDocuments, collect, readSource } from "./documents";
import { CommandError, EXIT } from "./exit";
import type { Terminal } from "./terminal";
import { Watched } from "./watched";

/** How long after its expiry access may still be seen where a drill doesn't say, in milliseconds. */
const ENDS_WITHIN = 60_000;
const REASON = "Fire drill: granted to see that it works, and that it ends";

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
  const visitors = createVisitors();
  const read = () => {
    const problems: Problem[] = [];
    const document = collect(problems, () => readFireDrills(readSource(terminal.cwd, file)));
    if (document === null) throw new BadDocuments(problems);
    return drillsOf(document, environments, visitors, terminal.env);
  };
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

function drillsOf(
  { file, value, locate }: Document<FireDrills>,
  environments: ReadonlySet<string> | null,
  visitors: Readonly<Record<ProbeKind, Visitor>>,
  env: Terminal["env"],
): readonly Drill[] {
  const problems: Problem[] = [];
  const drills = value.drills.flatMap((drill, index): Drill[] => {
    // Of others this job may well lack the logins.
    if (environments !== null && !environments.has(drill.environment)) return [];
    const { kind, login: variable, statement } = drill.probe;
    const visitor = visitors[kind];
    const login = env[variable] ?? "";
    const fault = login === "" ? "is not set; set it to her own login" : visitor.fault(login);
    if (fault !== null) {
      const path = ["drills", index, "probe", "login"];
      const message = `${quote(variable)}, in the environment of the job the canary's login, ${fault}`;
      problems.push({ file, ...locate(path), path: renderPath(path), message });
      return [];
    }
    const { name, requester, role, environment, reason = REASON, duration, every, endsWithin } = drill;
    return [
      {
        ...{ name, requester, role, environment, reason, duration, statement },
        every: milliseconds(every),
        endsWithin: endsWithin === undefined ? ENDS_WITHIN : milliseconds(endsWithin),
        enter: () => visitor.enter(login),
      },
    ];
  });
  if (problems.length > 0) throw new BadDocuments(problems);
  return drills;
}

function milliseconds(duration: string): number {
  // INVARIANT (form): the reader of documents takes durations only.
  return parseDuration(duration) ?? 0;
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
): RunningDrills {
  const run = (drill: Drill, stop: AbortSignal) => runDrill(drill, { world, judge }, stop);
  const all = new Drills({ drills, run, clock: world.clock, on });
  return {
    note: (event) => {
      if (event.type === "looked") all.look();
    },
    stop: () => all.stop(),
  };
}
