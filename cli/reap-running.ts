// SPDX-License-Identifier: Apache-2.0
import { formatInstant, quote } from "@elevation/domain";
import type { Reconciliation, World } from "@elevation/provider/lifecycle";
import {
  ALARMING,
  type Drill,
  type DrillEvent,
  type DrillName,
  type Monitored,
  type NoticeOutcome,
  Pulse,
  type ReaperEvent,
  runReaper,
  serveMonitor,
} from "@elevation/reaper";
import type { OpenedProject, StacksEvent } from "@elevation/reaper/stacks";
import { drillLine, drillReport } from "./drill-lines";
import { CommandError, EXIT, type ExitCode } from "./exit";
import { neutral, safeJsonLine } from "./neutral";
import { orderLine, orderReport } from "./order-lines";
import { type Alive, BEAT_EVERY } from "./reap-alive";
import { followDrills } from "./reap-drill";
import { type Destination, Notices } from "./reap-notify";
import type { Orders } from "./reap-orders";
import { grantReport } from "./reap-table";
import { cutBackReport, orphanReport, reconciliationLines, sweptReport } from "./reconcile-report";
import { followStacks } from "./stacks-behind";
import { startEventReport, startLine } from "./start-report";
import type { Terminal } from "./terminal";
import type { WatchedJudge } from "./watched-judge";

/** What others made is known a second later: an end that soon is late by as much. */
const LOOK_EVERY = 1_000;
const SWEEP_EVERY = 30_000;
/** What stands at the targets without a grant, or otherwise than by its grant, is found within this. */
const RECONCILE_EVERY = 120_000;

export interface Running {
  readonly environments: ReadonlySet<string> | null;
  /** How many grants are ended at once at each connection. */
  readonly atOnce: number;
  /** By which live grants are judged again; null: by nothing. */
  readonly judge: WatchedJudge | null;
  /** Scheduled grants are activated by it, too. */
  readonly activates: boolean;
  /** Where orders are taken from; null: nowhere. */
  readonly orders: Orders | null;
  /** JSON lines instead of text. */
  readonly json: boolean;
  /** The journal, as it may be shown. */
  readonly address: string;
  /** Where monitors ask how it is; null: nowhere. */
  readonly listen: { readonly host: string; readonly port: number } | null;
  /** Who is told that it lives. */
  readonly alive: Alive;
  /** Where notices go. */
  readonly destinations: readonly Destination[];
  /** Whose stacks forget what has ended; null: none. */
  readonly project: OpenedProject | null;
  /** Which fire drills are done beside; null: none. */
  readonly drills: (() => readonly Drill[]) | null;
}

/** `elevate reap`: ends grants at their expiry until SIGINT or SIGTERM; a second one stops at once. */
export async function keepReaping(world: World, running: Running, terminal: Terminal): Promise<ExitCode> {
  const monitor = await openMonitor(world, running, terminal);
  const signals = stopOnSignals(terminal);
  const tell = teller(running, terminal);
  const { alive, destinations, address } = running;
  const count = (outcome: NoticeOutcome) => monitor?.notice(outcome);
  const about = { destinations, environments: running.environments, address, clock: world.clock, count };
  const notices = new Notices(about, terminal);
  const others = alive.beside === null ? [] : [notices.listener(alive.beside.beats, alive.beside.own)];
  const pulse = new Pulse(BEAT_EVERY, [...alive.listeners, ...others], (line) => terminal.say(line));
  const show = (event: ReaperEvent | StacksEvent | DrillEvent): void => {
    const now = world.clock();
    monitor?.note(event, now);
    tell(event, formatInstant(now));
  };
  const { activates, atOnce, environments, judge, orders, project } = running;
  const stacks = project === null ? null : followStacks(project, world, environments, show);
  const grantBy = () => judge?.toGrantBy() ?? null;
  const onDrill = (event: DrillEvent): void => {
    show(event);
    notices.note(event);
  };
  const gone = (drill: DrillName) => monitor?.forgetDrill(drill);
  const drills = running.drills === null ? null : followDrills(running.drills, world, grantBy, onDrill, gone);
  const on = (event: ReaperEvent): void => {
    show(event);
    pulse.note(event, world.clock());
    notices.note(event);
    stacks?.note(event);
    drills?.note(event);
  };
  signals.stop.addEventListener("abort", () => void Promise.all([stacks?.stop(), drills?.stop()]));
  const options = {
    environments,
    judge: () => judge?.current() ?? null,
    activate: activates ? grantBy : null,
    atOnce,
    lookEvery: LOOK_EVERY,
    sweepEvery: SWEEP_EVERY,
    reconcileEvery: RECONCILE_EVERY,
    random: Math.random,
    orders: orders?.desk(world, on) ?? null,
  };
  try {
    const { failing } = await runReaper(world, { ...options, on }, signals.stop);
    await Promise.all([stacks?.stop(), drills?.stop()]);
    if (failing === 0) return EXIT.yes;
    const what = failing === 1 ? "1 grant is" : `${failing} grants are`;
    terminal.say(`error: ${what} not ended or not recorded; the next reaper goes on with it`);
    return EXIT.storeFailed;
  } finally {
    signals.forget();
    await Promise.all([pulse.stop(world.clock()), notices.close()]);
    await alive.close();
    await monitor?.close();
    await orders?.close();
  }
}

async function openMonitor(world: World, { listen }: Running, terminal: Terminal): Promise<Monitored | null> {
  if (listen === null) return null;
  try {
    const monitor = await serveMonitor(listen.host, listen.port, world.clock);
    terminal.say(`metrics are at ${monitor.url}/metrics, health at ${monitor.url}/healthz`);
    return monitor;
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new CommandError(
      EXIT.badInput,
      `\`--listen\` ${listen.host}:${listen.port} can't be listened at (${why}); name a free port of an address of this machine`,
    );
  }
}

/** The first SIGINT or SIGTERM asks to stop, the second does what it does to any process. */
function stopOnSignals(terminal: Terminal): { readonly stop: AbortSignal; readonly forget: () => void } {
  const stop = new AbortController();
  const onSignal = () => {
    terminal.say("stopping: what has begun to end is ended first; once more to stop at once");
    forget();
    stop.abort();
  };
  const forget = () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeListener(signal, onSignal);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  return { stop: stop.signal, forget };
}

function teller(
  { json, address }: Running,
  terminal: Terminal,
): (event: ReaperEvent | StacksEvent | DrillEvent, at: string) => void {
  let isWatching = false;
  const tellReconciled = reconciliationTeller({ json, address }, terminal);
  return (event, at) => {
    if (event.type === "reconciled") return tellReconciled(event.reconciliation, at);
    // A look is every second; that it works is told once.
    if (event.type === "begun" || event.type === "read" || event.type === "stack-wanted") return;
    if (event.type === "looked" && isWatching) return;
    // Nor that there was nothing to forget.
    if (event.type === "stack-caught-up" && event.forgotten === 0 && event.failures === 0) return;
    if (event.type === "stack-unmade" && !event.isNews) return;
    // A denied one is tried again until it lapses; why is told once.
    if (event.type === "unactivated" && !event.isNews) return;
    if (event.type === "looked") isWatching = true;
    if (json) terminal.print(safeJsonLine({ at, journal: address, ...reportOf(event) }));
    else terminal.print(lineOf(at, event, terminal));
  };
}

/** A line for each thing found; a connection that can't be reached is told when that begins, or is for another reason. */
function reconciliationTeller(
  { json, address }: Pick<Running, "json" | "address">,
  terminal: Terminal,
): (reconciliation: Reconciliation, at: string) => void {
  let unreached = new Map<string, string>();
  return (reconciliation, at) => {
    const news = reconciliation.unreached.filter(({ connection, reason }) => unreached.get(connection) !== reason);
    unreached = new Map(reconciliation.unreached.map(({ connection, reason }) => [connection, reason]));
    if (!json) {
      for (const { reason } of news) terminal.print(`${at} ${terminal.colours.red("UNREACHED")}: ${neutral(reason)}`);
      for (const line of reconciliationLines(terminal, reconciliation)) terminal.print(`${at} ${line}`);
      return;
    }
    const { orphans, swept, cutBack } = reconciliation;
    const print = (event: string, report: object) =>
      terminal.print(safeJsonLine({ at, journal: address, event, ...report }));
    for (const one of news) print("unreached", one);
    for (const orphan of orphans) if (orphan.isNews) print("orphan", orphanReport(orphan));
    for (const one of swept) print("swept", sweptReport(one));
    for (const one of cutBack) print("cut-back", cutBackReport(one));
  };
}

type Told = Exclude<
  ReaperEvent | StacksEvent | DrillEvent,
  { readonly type: "begun" | "read" | "reconciled" | "stack-wanted" }
>;

/** What a line of `--json` says of an event (docs/cli.md): fields are added, never changed. */
function reportOf(event: Told): object {
  switch (event.type) {
    case "inbox":
    case "order":
      return orderReport(event);
    case "looked":
      return {
        ...{ event: "watching", open: event.open, scheduled: event.scheduled },
        next: event.next === null ? null : formatInstant(event.next),
      };
    case "activated":
    case "unactivated":
      return startEventReport(event);
    case "journal":
      return { event: event.reason === null ? "journal-trusted" : "journal-untrusted", reason: event.reason };
    case "ended":
      return { event: "ended", lateMs: event.lateMs, ...grantReport(event.grant) };
    case "failed":
      return {
        ...{ event: "failed", failures: event.failures, alarm: isAlarming(event) },
        ...{ again: formatInstant(event.again), ...grantReport(event.grant) },
      };
    case "drill-passed":
    case "drill-failed":
    case "drill-stopped":
      return drillReport(event);
    case "stack-caught-up":
      return { event: event.type, stack: event.stack, forgotten: event.forgotten };
    case "stack-unmade":
      return { event: event.type, stack: event.stack };
    case "stack-behind": {
      const { type, stack, failures, again, reason } = event;
      return { event: type, stack, failures, again: formatInstant(again), reason };
    }
  }
}

function lineOf(at: string, event: Told, terminal: Terminal): string {
  const { bold, green, red, yellow } = terminal.colours;
  switch (event.type) {
    case "inbox":
    case "order":
      return `${at} ${orderLine(event, terminal)}`;
    case "looked": {
      const next = event.next === null ? "" : `, the next ends at ${formatInstant(event.next)}`;
      const scheduled = event.scheduled === 0 ? "" : `, ${event.scheduled} scheduled`;
      return `${at} watching ${event.open === 1 ? "1 grant" : `${event.open} grants`}${scheduled}${next}`;
    }
    case "activated":
    case "unactivated":
      return startLine(at, event, terminal);
    case "journal":
      if (event.reason === null) return `${at} ${green("the journal can be trusted again")}`;
      return `${at} ${bold(red("JOURNAL"))}: ${neutral(event.reason)}; what is known goes on to be ended`;
    case "ended": {
      const { name, requester, outcome, cause, residue } = event.grant;
      const late = event.lateMs === null ? `(${cause})` : `${event.lateMs} ms after its end`;
      const left = residue.length === 0 ? "" : `; ${yellow("residue")}: ${neutral(residue.join("; "))}`;
      return `${at} ${green(outcome)}: ${neutral(`${name} (${requester})`)} ${late}${left}`;
    }
    case "failed": {
      const { name, requester, outcome, reason } = event.grant;
      const what = isAlarming(event) ? bold(red(`ALARM: ${outcome.toUpperCase()}`)) : red(outcome.toUpperCase());
      const times = event.failures === 1 ? "" : `, ${event.failures} times in a row`;
      return `${at} ${what}: ${neutral(`${name} (${requester})`)}${times}, again at ${formatInstant(event.again)}: ${neutral(reason ?? "")}`;
    }
    case "drill-passed":
    case "drill-failed":
    case "drill-stopped":
      return drillLine(at, event, terminal);
    case "stack-caught-up": {
      const what = event.forgotten === 1 ? "1 ended grant" : `${event.forgotten} ended grants`;
      return `${at} ${green("caught up")}: stack ${neutral(quote(event.stack))} has forgotten ${what}`;
    }
    case "stack-unmade": {
      const name = neutral(quote(event.stack));
      return `${at} ${yellow("UNMADE")}: the backend doesn't know stack ${name}, so it holds nothing that has ended; it is looked at again when something of it ends`;
    }
    case "stack-behind": {
      const times = event.failures === 1 ? "" : `, ${event.failures} times in a row`;
      return `${at} ${yellow("BEHIND")}: stack ${neutral(quote(event.stack))}${times}, again at ${formatInstant(event.again)}: ${neutral(event.reason)}`;
    }
  }
}

function isAlarming({ failures }: { readonly failures: number }): boolean {
  return failures >= ALARMING;
}
