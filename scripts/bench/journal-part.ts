// SPDX-License-Identifier: Apache-2.0

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { NewEvent } from "@elevation/domain";
import { cacheFolder } from "@elevation/engine";
import { initJournal, Journal, openStore } from "@elevation/journal";
import { lifeOf } from "../support/measure-journal";
import { execute, must, repository } from "../support/workspace";
import { watchMemory } from "./memory";
import type { BenchOptions } from "./options";

/** How appends are made. */
export const WAYS = ["one after the other", "100 events each", "64 at once"] as const;
export type Way = (typeof WAYS)[number];

export interface JournalResults {
  /** Milliseconds that writing a kilobyte and making it durable takes, without a journal. */
  readonly fsync: readonly number[];
  /** Events a second of each run. */
  readonly appends: Readonly<Record<Way, readonly number[]>>;
  /** Milliseconds of `elevate audit verify` as a whole process, and its largest peak in bytes. */
  readonly verify: {
    readonly events: number;
    readonly bytes: number;
    readonly times: readonly number[];
    readonly peak: number;
  };
}

const JOB = { kind: "job", key: "unverified" } as const;
const MINUTE = 60_000;
const BATCH = 100;
const APPENDERS = 64;
/** Bytes of a usual event. */
const USUAL = 1_000;
/** Of the form of the events in the generated file: another one is another file. */
const FORM = 1;

/** Measures the file store: appends that are durable, and the verification of a long journal. */
export async function measureJournal(options: BenchOptions, say: (line: string) => void): Promise<JournalResults> {
  const file = await longJournal(options.events, say);
  const fsync: number[] = [];
  const appends: Record<Way, number[]> = { "one after the other": [], "100 events each": [], "64 at once": [] };
  const times: number[] = [];
  let peak = 0;
  for (let run = 1; run <= options.runs; run++) {
    say(`run ${run} of ${options.runs}: the journal`);
    fsync.push(rawFsync());
    for (const way of WAYS) appends[way].push(await appendsPerSecond(way, options.appends));
    const verified = await verify(file);
    times.push(verified.ms);
    peak = Math.max(peak, verified.peak);
  }
  return { fsync, appends, verify: { events: options.events, bytes: statSync(file).size, times, peak } };
}

function rawFsync(): number {
  const folder = mkdtempSync(join(tmpdir(), "elevation-bench-"));
  const file = openSync(join(folder, "file"), "w");
  try {
    const [count, text] = [100, "x".repeat(USUAL)];
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      writeSync(file, text);
      fsyncSync(file);
    }
    return (performance.now() - start) / count;
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

async function appendsPerSecond(way: Way, count: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "elevation-bench-"));
  try {
    const address = `file:${join(folder, "journal.jsonl")}`;
    const now = Date.now();
    const { hash } = await initJournal(openStore(address), JOB, now);
    const journal = await Journal.open(openStore(address), hash);
    const events = eventsFrom(0, count, now);
    const start = performance.now();
    await appendAll(journal, way, events);
    const seconds = (performance.now() - start) / 1000;
    await journal.close();
    return count / seconds;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function appendAll(journal: Journal, way: Way, events: readonly NewEvent[]): Promise<void> {
  if (way === "100 events each") {
    for (let i = 0; i < events.length; i += BATCH) await journal.append(events.slice(i, i + BATCH));
    return;
  }
  // Each appender waits for its own append before the next. They share what is to do, so the order stays nearly that of
  // the events, and no grant is called active before its intent.
  const left = events.values();
  const appender = async (): Promise<void> => {
    for (const event of left) await journal.append([event]);
  };
  await Promise.all(Array.from({ length: way === "64 at once" ? APPENDERS : 1 }, appender));
}

function eventsFrom(grant: number, count: number, start: number): readonly NewEvent[] {
  const lives = Array.from({ length: Math.ceil(count / 4) }, (_, i) =>
    lifeOf(grant + i, start + (grant + i) * 20 * MINUTE),
  );
  return lives.flat().slice(0, count);
}

/** A journal of so many events with a real chain: made once, and kept in the cache, because that takes a minute a million. */
async function longJournal(events: number, say: (line: string) => void): Promise<string> {
  const folder = cacheFolder(process.env, "bench");
  const path = join(folder, `journal-${events}-${FORM}.jsonl`);
  if (existsSync(path)) return path;
  say(`making a journal of ${events} events, once: ${path}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${process.pid}`;
  const store = openStore(`file:${unfinished}`);
  const start = Date.parse("2026-01-01T00:00:00Z");
  try {
    await initJournal(store, JOB, start);
    const CHUNK = 4_000;
    for (let made = 1; made < events; made += CHUNK) {
      await store.append(eventsFrom(Math.floor(made / 4), Math.min(CHUNK, events - made), start));
    }
    renameSync(unfinished, path);
    return path;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

async function verify(path: string): Promise<{ ms: number; peak: number }> {
  const elevate = join(repository, "cli", "bin", "elevate.js");
  const { ELEVATION_JOURNAL: _journal, ELEVATION_JOURNAL_ID: _id, ...env } = process.env;
  let watch: ReturnType<typeof watchMemory> | undefined;
  const start = performance.now();
  try {
    const args = [elevate, "audit", "verify", "--journal", `file:${path}`];
    await must(
      execute(process.execPath, args, env as Record<string, string>, repository, {
        onStart: (pid) => {
          watch = watchMemory(pid);
        },
      }),
    );
    return { ms: performance.now() - start, peak: watch?.stop().all ?? 0 };
  } finally {
    watch?.stop();
  }
}
