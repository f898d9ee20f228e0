// SPDX-License-Identifier: Apache-2.0
import { formatInstant } from "@elevation/domain";
import type { World } from "@elevation/provider/lifecycle";
import { type ReaperEvent, runReaper } from "@elevation/reaper";
import { EXIT, type ExitCode } from "./exit";
import { neutral, safeJsonLine } from "./neutral";
import { grantReport } from "./reap-table";
import type { Terminal } from "./terminal";

/** Grants that are ended at once at each connection: as many sessions there, beside those of people. */
const AT_ONCE = 8;
/** What others made is known a second later: an end that soon is late by as much. */
const LOOK_EVERY = 1_000;
const SWEEP_EVERY = 30_000;
/** From so many failures in a row on somebody should look. */
const ALARMING = 3;

export interface Running {
  readonly environments: ReadonlySet<string> | null;
  /** JSON lines instead of text. */
  readonly json: boolean;
  /** The journal, as it may be shown. */
  readonly address: string;
}

/** `elevate reap`: ends grants at their expiry until SIGINT or SIGTERM; a second one stops at once. */
export async function keepReaping(
  world: World,
  { environments, json, address }: Running,
  terminal: Terminal,
): Promise<ExitCode> {
  const stop = new AbortController();
  const onSignal = () => {
    terminal.say("stopping: what has begun to end is ended first; once more to stop at once");
    stop.abort();
    forget();
  };
  const forget = () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeListener(signal, onSignal);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  let isFirst = true;
  const on = (event: ReaperEvent): void => {
    // A look is every second; that it works is told once.
    if (event.type === "looked" && !isFirst) return;
    if (event.type === "looked") isFirst = false;
    const at = formatInstant(world.clock());
    if (json) terminal.print(safeJsonLine({ at, journal: address, ...reportOf(event) }));
    else terminal.print(lineOf(at, event, terminal));
  };
  const options = {
    environments,
    atOnce: AT_ONCE,
    lookEvery: LOOK_EVERY,
    sweepEvery: SWEEP_EVERY,
    random: Math.random,
  };
  try {
    const { failing } = await runReaper(world, { ...options, on }, stop.signal);
    if (failing === 0) return EXIT.yes;
    terminal.say(
      `error: ${failing === 1 ? "1 grant is" : `${failing} grants are`} not ended or not recorded; the next reaper goes on with it`,
    );
    return EXIT.storeFailed;
  } finally {
    forget();
  }
}

/** What a line of `--json` says of an event (docs/cli.md): fields are added, never changed. */
function reportOf(event: ReaperEvent): object {
  switch (event.type) {
    case "looked":
      return { event: "watching", open: event.open, next: event.next === null ? null : formatInstant(event.next) };
    case "journal":
      return { event: event.reason === null ? "journal-trusted" : "journal-untrusted", reason: event.reason };
    case "ended":
      return { event: "ended", lateMs: event.lateMs, ...grantReport(event.grant) };
    case "failed":
      return {
        ...{ event: "failed", failures: event.failures, alarm: isAlarming(event) },
        ...{ again: formatInstant(event.again), ...grantReport(event.grant) },
      };
  }
}

function lineOf(at: string, event: ReaperEvent, { colours: { bold, green, red, yellow } }: Terminal): string {
  switch (event.type) {
    case "looked": {
      const next = event.next === null ? "" : `, the next ends at ${formatInstant(event.next)}`;
      return `${at} watching ${event.open === 1 ? "1 grant" : `${event.open} grants`}${next}`;
    }
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
  }
}

function isAlarming({ failures }: { readonly failures: number }): boolean {
  return failures >= ALARMING;
}
