// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { quote } from "@elevation/domain";
import {
  createWorld,
  type GrantState,
  isGrantError,
  journalNow,
  openGrants,
  type Pass,
  planPass,
  type Reconciliation,
  readExportedStack,
  reap as reapOnce,
  reconcile,
  type World,
} from "@elevation/provider/lifecycle";
import { readRequestFiles } from "@elevation/provider/loader";
import type { OrderEvent } from "@elevation/reaper";
import type { OpenedProject } from "@elevation/reaper/stacks";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { requireAddress } from "../journal-address";
import { openProjectAt } from "../open-project";
import { orderLine, orderReport } from "../order-lines";
import { planReport, renderPlan } from "../plan-table";
import { projectAt } from "../project";
import { type Alive, readAlive, tellAlive } from "../reap-alive";
import { type DrillOptions, readDrills } from "../reap-drill";
import { Notices, readDestinations } from "../reap-notify";
import { type OrderOptions, type Orders, readOrders } from "../reap-orders";
import { keepReaping } from "../reap-running";
import { reapReport, renderReap } from "../reap-table";
import { isUnsettled } from "../reconcile-report";
import type { Terminal } from "../terminal";
import { WatchedJudge } from "../watched-judge";

export interface ReapOptions extends OrderOptions, DrillOptions {
  readonly once?: boolean;
  readonly declared?: string;
  readonly state: readonly string[];
  readonly environment: readonly string[];
  readonly unwanted: readonly string[];
  readonly json?: boolean;
  readonly listen?: string;
  readonly stacks?: string;
  readonly policy?: string;
  readonly activate?: boolean;
  readonly dryRun?: boolean;
  readonly every?: string;
  readonly heartbeat?: string;
  readonly notify: readonly string[];
}

/** How many grants are ended at once, by a reaper that keeps running at each connection: as many sessions there, beside those of people. */
const AT_ONCE = 8;

/**
 * `elevate reap`: ends grants at their expiry until it is told to stop. `--once`: ends what is past its end, must end, or is no longer
 * declared. `--dry-run`: says what either would do now, and does none of it. What is wrong with the folder, a state or the documents holds up nothing that is past its end: it is said, and the exit
 * code of a pass tells. Throws CommandError.
 */
export async function reap(options: ReapOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.once === true) requireNoRunning(options);
  else requireNoPass(options);
  if (options.dryRun === true && options.unwanted.length > 0)
    throw new CommandError(
      EXIT.badInput,
      "`--unwanted` ends something, and `--dry-run` nothing; leave one of them out",
    );
  const listen = options.listen === undefined ? null : readListen(options.listen);
  const address = requireAddress(terminal);
  const judge = watchedJudge(options, terminal);
  const input = readInput(options, terminal);
  const environments = options.environment.length === 0 ? null : new Set(options.environment);
  const alive = readAlive(options, environments, terminal);
  const destinations = readDestinations(options.notify, terminal);
  const orders = readOrders(options, { environments, atOnce: AT_ONCE }, terminal);
  const drills = readDrills(options, environments, terminal);
  const world = createWorld(terminal.env, {
    config: () => undefined,
    actor: { kind: "reaper", key: "unverified" },
    say: (line) => terminal.say(line),
  });
  const [activates, json] = [options.activate === true, options.json === true];
  if (options.once !== true && options.dryRun !== true)
    return keepReaping(
      world,
      {
        ...{ environments, atOnce: AT_ONCE, judge, activates, orders, json, address, listen, alive, destinations },
        project: projectOf(options, terminal),
        drills,
      },
      terminal,
    );
  const activate = activates ? (judge?.toGrantBy() ?? null) : null;
  const pass = { ...input.pass, judge: judge?.current() ?? null, activate, environments, atOnce: AT_ONCE };
  const isBad = input.isBad || judge?.isBad === true || orders?.isBad === true;
  const about = { destinations, environments, address, clock: world.clock, count: () => undefined };
  const shown = { address, json, alive, notices: new Notices(about, terminal) };
  if (options.dryRun === true) return dryRun(world, pass, isBad, shown, terminal);
  const taken = orders === null ? null : await takeOrders(world, orders, pass);
  return onePass(world, pass, { unwanted: new Set(options.unwanted), taken, isBad }, shown, terminal);
}

type Shown = { readonly address: string; readonly json: boolean; readonly alive: Alive; readonly notices: Notices };
/** What became of orders; null where none are taken. */
type Taken = { readonly events: readonly OrderEvent[]; readonly isDone: boolean } | null;

/** What a pass does besides, and whether something that it was given is bad. */
interface Besides {
  /** Orphans that the operator wants to end. */
  readonly unwanted: ReadonlySet<string>;
  readonly taken: Taken;
  readonly isBad: boolean;
}

async function onePass(
  world: World,
  pass: Pass,
  { unwanted, taken, isBad }: Besides,
  shown: Shown,
  terminal: Terminal,
): Promise<ExitCode> {
  const { reaped, started, untrusted } = await reapOnce(world, pass);
  // Who is blind must not be taken for one who watches.
  if (untrusted === null) await tellAlive(shown.alive, world.clock(), (line) => terminal.say(line));
  else terminal.say(`error: ${untrusted}`);
  const { environments, atOnce } = pass;
  const reconciliation = await reconcile(world, { environments, atOnce, unwanted });
  for (const { reason } of reconciliation.unreached) terminal.say(`error: ${reason}`);
  const isUnwantedDone = sayUnwanted(unwanted, reconciliation, terminal);
  await shown.notices.tellOfPass({ reaped, untrusted, orphans: reconciliation.orphans }, world, shown.alive.beside);
  await shown.alive.close();
  const passed = { reaped, started, reconciliation };
  const told = taken?.events ?? [];
  if (shown.json) {
    terminal.printJson({ ...reapReport(shown.address, passed), ...(taken && { orders: told.map(orderReport) }) });
  } else {
    terminal.print([...told.map((event) => orderLine(event, terminal)), renderReap(terminal, passed)].join("\n"));
  }
  const isDone =
    !isUnsettled(reconciliation) &&
    untrusted === null &&
    reaped.every(({ outcome }) => outcome !== "stuck" && outcome !== "unrecorded") &&
    started.every(({ outcome }) => outcome !== "failed");
  if (!isDone || taken?.isDone === false) return EXIT.storeFailed;
  return isBad || !isUnwantedDone ? EXIT.badInput : EXIT.yes;
}

/** What a pass, or the first look of a reaper that keeps running, would do. */
async function dryRun(world: World, pass: Pass, isBad: boolean, shown: Shown, terminal: Terminal): Promise<ExitCode> {
  const planned = await planPass(world, pass);
  if (planned.untrusted !== null) terminal.say(`error: ${planned.untrusted}`);
  if (shown.json) terminal.printJson(planReport(shown.address, world.clock(), planned));
  else terminal.print(renderPlan(terminal, planned));
  if (planned.untrusted !== null) return EXIT.storeFailed;
  if (isBad) return EXIT.badInput;
  const isDue = planned.ends.length > 0 || planned.starts.some(({ outcome }) => outcome !== "denied");
  return isDue ? EXIT.failed : EXIT.yes;
}

/** Takes what is in the inbox, once: before the pass, which ends what a lock names. */
async function takeOrders(world: World, orders: Orders, pass: Pass): Promise<Taken> {
  const events: OrderEvent[] = [];
  const desk = orders.desk(world, (event) => void events.push(event));
  const { trusted, view } = await journalNow(world);
  const isAll = await desk.drain(openGrants(pass, trusted, view));
  await orders.close();
  return { events, isDone: isAll && desk.waiting === 0 && !desk.isUnreadable };
}

/** Says which of what the operator wants to end is no orphan of ours; whether all of it is. */
function sayUnwanted(unwanted: ReadonlySet<string>, { swept }: Reconciliation, terminal: Terminal): boolean {
  const others = [...unwanted].filter((name) => !swept.some(({ place }) => place.object === name));
  for (const name of others) {
    terminal.say(
      `error: \`--unwanted\` ${quote(name)} is no orphan of ours at any connection, or the journal can't be trusted; \`elevate status\` lists orphans, and what others made only they can remove`,
    );
  }
  return others.length === 0;
}

/** Both or none: with half of them nobody could be judged. A directory also says who may sign orders. */
function watchedJudge({ activate, directory, policy, orders }: ReapOptions, terminal: Terminal): WatchedJudge | null {
  if (policy === undefined && (directory === undefined || orders !== undefined)) {
    if (activate !== true) return null;
    throw new CommandError(
      EXIT.badInput,
      "`--activate` decides again before it opens access; give `--policy` and `--directory` too, of the protected branch",
    );
  }
  if (policy !== undefined && directory !== undefined) {
    return new WatchedJudge(terminal.cwd, policy, directory, (line) => terminal.say(line));
  }
  const [given, lacking] = policy === undefined ? ["--directory", "--policy"] : ["--policy", "--directory"];
  throw new CommandError(
    EXIT.badInput,
    `live grants are judged again by policy and directory, and \`${given}\` is given alone; give \`${lacking}\` too, or neither`,
  );
}

/** What is declared and what states say is read once, so it is for one pass: a reaper that runs for days would go by what was true then. */
function requireNoPass({ declared, state, unwanted }: ReapOptions): void {
  if (declared === undefined && state.length === 0 && unwanted.length === 0) return;
  const option = declared !== undefined ? "--declared" : state.length > 0 ? "--state" : "--unwanted";
  throw new CommandError(EXIT.badInput, `\`${option}\` is for one pass; give \`--once\` too, or leave it out`);
}

function requireNoRunning({ listen, stacks }: ReapOptions): void {
  if (listen === undefined && stacks === undefined) return;
  const option = listen === undefined ? "--stacks" : "--listen";
  throw new CommandError(
    EXIT.badInput,
    `\`${option}\` is for a reaper that keeps running; leave out \`--once\` or \`${option}\``,
  );
}

function projectOf({ stacks }: ReapOptions, terminal: Terminal): OpenedProject | null {
  if (stacks === undefined) return null;
  return openProjectAt(resolve(terminal.cwd, stacks), terminal);
}

/** A port alone is one of the loopback address: who else may ask is a decision. */
function readListen(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:(?:\[([^\]]+)\]|([^:]+)):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw new CommandError(
      EXIT.badInput,
      `\`--listen\` is ${quote(text)}, which is no address; write a port or HOST:PORT, as in 9464 or 127.0.0.1:9464`,
    );
  }
  return { host: bracketed ?? plain ?? "127.0.0.1", port: Number(port) };
}

type Input = { readonly pass: Pick<Pass, "declared" | "states">; readonly isBad: boolean };

function readInput(options: ReapOptions, terminal: Terminal): Input {
  const faults: string[] = [];
  const attempt = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch (error) {
      if (!isGrantError(error) && !(error instanceof CommandError)) throw error;
      faults.push(...error.message.split("\n"));
      return null;
    }
  };
  const folder = options.declared;
  const declared = folder === undefined ? null : attempt(() => readDeclared(terminal.cwd, folder));
  const states = options.state.flatMap((file) => attempt(() => readStates(terminal, file, faults)) ?? []);
  for (const fault of faults) terminal.say(`error: ${fault}`);
  if (folder !== undefined && declared === null)
    terminal.say("nothing is withdrawn: only what is past its end, or must end, is ended");
  return { pass: { declared, states }, isBad: faults.length > 0 };
}

/**
 * All of the folder or nothing: what can't be read must never look like a withdrawn request, and neither must what stands
 * in another folder than the one that the stacks load.
 */
function readDeclared(cwd: string, folder: string): Pass["declared"] {
  const path = resolve(cwd, folder);
  const { name, requests } = projectAt(path);
  if (!requests.includes(path)) {
    throw new CommandError(
      EXIT.badInput,
      `\`${folder}\` is not the folder that the stacks of project \`${name}\` load; give ${requests.map((one) => `\`${relative(cwd, one) || "."}\``).join(" or ")}`,
    );
  }
  const digests = new Set(readRequestFiles(path).map(({ document }) => document.digest));
  return { project: name, digests };
}

function readStates(terminal: Terminal, file: string, faults: string[]): readonly GrantState[] {
  let text: string;
  try {
    text = readFileSync(resolve(terminal.cwd, file), "utf8");
  } catch (error) {
    throw new CommandError(
      EXIT.badInput,
      `\`${file}\` can't be read: ${(error as NodeJS.ErrnoException).code}; write it with \`pulumi stack export\``,
    );
  }
  // What a job may not run is no reason to leave access open: this runs none of it.
  const { grants, unreadable } = readExportedStack(file, text);
  faults.push(...unreadable);
  return grants;
}
