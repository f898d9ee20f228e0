// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import readline from "node:readline";
import { setTimeout } from "node:timers/promises";
import { type Judge, parseInstant } from "@elevation/domain";
import { initJournal, Journal, openStore } from "@elevation/journal";
import { activate, createWorld, readInputs, type World } from "@elevation/provider/lifecycle";
import { Client } from "pg";
import { type PostgresServer, startPostgres } from "../support/postgres";
import { repository } from "../support/workspace";
import * as company from "./lateness/company";
import { probe, type Seen } from "./lateness/probe";
import type { BenchOptions } from "./options";

export interface LatenessResults {
  readonly grants: number;
  /** Milliseconds over which their ends are spread. */
  readonly spread: number;
  readonly seen: readonly Seen[];
}

const JOB = { kind: "job", key: "unverified" } as const;
/** One of so many is looked at: those who look take the machine's time, too. */
const ONE_OF = 20;
/** How many are granted at once. */
const AT_ONCE = 16;
/** A second for so many, and this many seconds more, until the first of them ends. */
const GRANTED_A_SECOND = 60;
const SECONDS_BEFORE = 12;

/**
 * Grants to so many people, lets a reaper that keeps running end all of it, and looks from outside when access is gone. Throws where
 * not everything has ended, with its evidence, afterwards.
 */
export async function measureLateness(
  { grants, spread }: BenchOptions,
  say: (line: string) => void,
): Promise<LatenessResults> {
  const folder = mkdtempSync(join(tmpdir(), "elevation-lateness-"));
  const server = await startPostgres({ onProgress: say, settings: { max_connections: "300", scram_iterations: "1" } });
  try {
    say(`making ${grants} logins`);
    await company.makeLogins(server, grants);
    const env = await environment(server, join(folder, "journal.jsonl"));
    const ends = await grantAll(createGrantingWorld(env, company.readCompany(grants)), grants, spread, say);
    const seen = await endAll(server, env, ends, say);
    await requireAllEnded(server, env, grants);
    return { grants, spread, seen };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

async function environment(server: PostgresServer, file: string): Promise<Record<string, string>> {
  const address = `file:${file}`;
  const { hash } = await initJournal(openStore(address), JOB, Date.now());
  const connections = Array.from({ length: company.MANAGERS }, (_, n) => [
    company.connectionVariableOf(n),
    server.url(company.managerOf(n), "orders"),
  ]);
  return { ...Object.fromEntries(connections), ELEVATION_JOURNAL: address, ELEVATION_JOURNAL_ID: hash };
}

function createGrantingWorld(env: Record<string, string>, documents: Judge): World {
  const config = (key: string) => (key === "elevation:environments" ? '["production"]' : undefined);
  const world = createWorld(env, { config, actor: JOB, say: () => undefined });
  return { ...world, judge: () => documents };
}

/** Resolves to the instant at which each person's access ends. */
async function grantAll(
  world: World,
  grants: number,
  spread: number,
  say: (line: string) => void,
): Promise<readonly number[]> {
  const first = Date.now() + (grants / GRANTED_A_SECOND + SECONDS_BEFORE) * 1_000;
  const ends: number[] = [];
  let next = 0;
  const grantNext = async (): Promise<void> => {
    for (let n = next++; n < grants; n = next++) {
      if (n % 1_000 === 0) say(`granting: ${n} of ${grants}`);
      ends[n] = await grant(world, n, first + (n / grants) * spread);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, grantNext));
  await (await world.journal()).close();
  if (Date.now() > Math.min(...ends) - 5_000) throw new Error("granting took longer than the first grant was to last");
  return ends;
}

/** Its expiry is the one wanted but for less than a second: a duration is in seconds. */
async function grant(world: World, n: number, wanted: number): Promise<number> {
  const now = Date.now();
  const request = company.requestOf(n, Math.round((wanted - now) / 1_000), new Date(now));
  const stack = { organization: "organization", project: "elevation", stack: "production" };
  const { expiresAt } = await activate(world, readInputs({ request, origin: "", ...stack }));
  return parseInstant(expiresAt ?? "") ?? Number.NaN;
}

async function endAll(
  server: PostgresServer,
  env: Record<string, string>,
  ends: readonly number[],
  say: (line: string) => void,
): Promise<readonly Seen[]> {
  const reaper = spawn(process.execPath, [join(repository, "cli", "bin", "elevate.js"), "reap", "--json"], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(reaper, "exit");
  try {
    const lines = readline.createInterface({ input: reaper.stdout });
    await once(lines, "line");
    let ended = 0;
    const allEnded = new Promise<void>((resolve) => {
      lines.on("line", (line) => {
        if ((JSON.parse(line) as { event: string }).event === "ended" && ++ended === ends.length) resolve();
      });
    });
    say(`ending: the first in ${Math.round((Math.min(...ends) - Date.now()) / 1_000)} s`);
    const looked = ends.flatMap((end, n) =>
      n % ONE_OF === 0 ? [probe(server.url(company.loginOf(n), "orders"), end)] : [],
    );
    const seen = await Promise.all(looked);
    await Promise.race([allEnded, exited.then(() => Promise.reject(new Error("the reaper stopped"))), tooLong(ends)]);
    return seen;
  } finally {
    reaper.kill("SIGTERM");
    await exited;
  }
}

async function tooLong(ends: readonly number[]): Promise<never> {
  await setTimeout(Math.max(0, Math.max(...ends) - Date.now()) + 60_000, undefined, { ref: false });
  throw new Error("a minute after the last end not everything had ended");
}

async function requireAllEnded(server: PostgresServer, env: Record<string, string>, grants: number): Promise<void> {
  const client = new Client({ connectionString: server.url("postgres", "orders") });
  await client.connect();
  const { rows } = await client.query<{ left: number }>(
    "SELECT count(*)::int AS left FROM pg_roles WHERE rolname ~ '^elev_'",
  );
  await client.end();
  const journal = await Journal.open(openStore(env["ELEVATION_JOURNAL"] ?? ""), env["ELEVATION_JOURNAL_ID"] ?? "");
  const { history, live } = await journal.view();
  await journal.close();
  if (rows[0]?.left !== 0 || live.length > 0 || history.length !== grants) {
    throw new Error(
      `${rows[0]?.left} roles are left, ${live.length} of ${grants} grants are live, ${history.length} have ended`,
    );
  }
}
