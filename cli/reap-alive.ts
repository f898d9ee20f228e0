// SPDX-License-Identifier: Apache-2.0
import { type Instant, parseDuration, quote } from "@elevation/domain";
import { type Beat, type Beats, INTERVALS, openStore, readJournalAnchors } from "@elevation/journal";
import { besideTheJournal, heartbeat, type Listener, readOutboundUrl } from "@elevation/reaper";
import { CommandError, EXIT } from "./exit";
import type { Terminal } from "./terminal";

/** A reaper says so often that it lives, in milliseconds: silence is noticed after twice this. */
export const BEAT_EVERY = 30_000;

export interface AliveOptions {
  readonly once?: boolean;
  readonly every?: string;
  readonly heartbeat?: string;
}

/** Who is told that grants are being ended. */
export interface Alive {
  readonly listeners: readonly Listener[];
  /** What is said beside the journal, and where; null: nothing. */
  readonly beside: { readonly beats: Beats; readonly own: Pick<Beat, "by" | "environments" | "every"> } | null;
  close(): Promise<void>;
}

/** What is wrong with the options stops the command before anything is done. Throws CommandError (bad input). */
export function readAlive(options: AliveOptions, environments: ReadonlySet<string> | null, terminal: Terminal): Alive {
  const every = readEvery(options);
  const monitor = readHeartbeat(options, terminal);
  const beats = every === null ? null : openBeats(terminal);
  const of = { by: options.once === true ? "schedule" : "reaper", environments: namesOf(environments) } as const;
  return {
    listeners: [
      ...(beats === null || every === null ? [] : [besideTheJournal(beats, { ...of, every })]),
      ...(monitor === null ? [] : [heartbeat(monitor)]),
    ],
    beside: beats === null || every === null ? null : { beats, own: { ...of, every } },
    close: async () => beats?.close(),
  };
}

/** For one pass: all are told once, and what goes wrong is only said, for nothing depends on it. */
export async function tellAlive({ listeners }: Alive, at: Instant, say: (line: string) => void): Promise<void> {
  await Promise.all(
    listeners.map(({ name, tell }) =>
      tell(at, false).catch((error: unknown) => {
        say(
          `${name} does not hear that grants are being ended: ${error instanceof Error ? error.message : String(error)}`,
        );
      }),
    ),
  );
}

/** Null: a single pass that promises no other. */
function readEvery({ once, every }: AliveOptions): number | null {
  if (once !== true) {
    if (every === undefined) return BEAT_EVERY;
    throw new CommandError(
      EXIT.badInput,
      "`--every` says how often a scheduler runs `--once`; leave it out, a reaper that keeps running says by itself that it lives",
    );
  }
  if (every === undefined) return null;
  const interval = parseDuration(every);
  if (interval !== null && interval >= INTERVALS.shortest && interval <= INTERVALS.longest) return interval;
  throw new CommandError(
    EXIT.badInput,
    `\`--every\` is ${quote(every)}; write a duration from PT1S to P7D, as in PT5M`,
  );
}

function readHeartbeat(options: AliveOptions, { env }: Terminal): URL | null {
  const [name, text] =
    options.heartbeat === undefined
      ? ["`ELEVATION_HEARTBEAT`", env["ELEVATION_HEARTBEAT"]?.trim() || undefined]
      : ["`--heartbeat`", options.heartbeat];
  if (text === undefined) return null;
  const url = readOutboundUrl(text);
  if (typeof url !== "string") return url;
  throw new CommandError(EXIT.badInput, `${name} ${url}`);
}

function openBeats({ env }: Terminal): Beats | null {
  const { address } = readJournalAnchors(env);
  return address === null ? null : (openStore(address, { env }).beats?.() ?? null);
}

function namesOf(environments: ReadonlySet<string> | null): readonly string[] | null {
  return environments === null ? null : [...environments].sort();
}
