// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, watch } from "node:fs";
import { join } from "node:path";
import type { EventType } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { isAlive } from "../../support/alive";
import { killTree } from "../../support/kill-tree";
import type { Clone, Team } from "../../support/pipeline";
import type { StatementProxy } from "../../support/statement-proxy";
import { buryAll, linkOrphaningProvider, strike, type Victim } from "../../support/victims";
import type { CrashPoint } from "./crash-points";
import { type Asked, pulumi } from "./crew";

/** Longest time until a point is reached or an orphan has finished, in milliseconds: the engine starts, and may share the machine. */
const REACHED_WITHIN = 60_000;

/** One grant, and the point in its life at which it is hit. */
export type Target = readonly [asked: Asked, point: CrashPoint];

/** How a run of the engine is made to die. */
export interface Crash {
  readonly args: readonly string[];
  readonly victim: Victim;
  readonly checkpoints: boolean;
  readonly targets: readonly Target[];
  /** What an orphaned provider does in the end, and to which of them; `late`: not before it is told to go on. */
  readonly orphan: { readonly does: readonly EventType[]; readonly to: readonly Asked[]; readonly late?: true };
}

export interface World {
  readonly server: PostgresServer;
  readonly proxy: StatementProxy;
  readonly team: Team;
  readonly clone: Clone;
}

/**
 * Runs the engine until each grant's connection is held at its point, and kills. An orphaned provider goes on to its end,
 * and is then ended, before this resolves; a late one when what is returned is called. Throws if a point is not reached.
 */
export async function crash(
  world: World,
  { args, victim, checkpoints, targets, orphan }: Crash,
): Promise<() => Promise<void>> {
  const { proxy, team } = world;
  const holds = targets.map(([asked, point]) => ({ asked, point, hold: proxy.hold(asked.object, point) }));
  const started = start(world, args, victim, checkpoints);
  const early = started.finished.then(({ output }) => {
    throw new Error(`the run ended before every point was reached:\n${output}`);
  });
  const within = <T>(what: () => string, run: Promise<T>) => Promise.race([run, early, late(what)]);
  early.catch(() => undefined);
  const missing = () =>
    holds
      .filter(({ hold }) => !hold.isReached())
      .map(({ asked, point }) => `${asked.name} ${point.name}`)
      .join(", ");
  try {
    await within(missing, Promise.all(holds.map(({ hold }) => hold.reached)));
    for (const { asked, point, hold } of holds.filter(({ point }) => point.until !== undefined)) {
      const journaled = journaledOf(team, asked, point.until ?? []);
      // The end's beginning is journaled beside the work: all of that is still held.
      if (point.until?.includes("revoking") !== true) hold.resume();
      await within(() => point.name, journaled);
    }
  } catch (error) {
    if (isAlive(started.pid())) killTree(started.pid());
    proxy.cut();
    throw error;
  }
  const pids = strike(started.pid(), victim);
  const bury = () => buryAll(pids);
  const goOn = async () => {
    proxy.resume();
    await Promise.race([finished(world, orphan), late(() => "the orphaned provider's end")]).finally(bury);
    process.off("exit", bury);
  };
  if (victim !== "engine") proxy.cut();
  else {
    // One whose test fails or is ended is never told to go on.
    process.once("exit", bury);
    if (orphan.late !== true) await goOn();
  }
  const { code } = await started.finished;
  assert.notEqual(code, 0, "a killed run fails");
  return goOn;
}

function start({ clone, team, proxy, server }: World, args: readonly string[], victim: Victim, checkpoints: boolean) {
  let pid = 0;
  const path = team.jobEnv["PATH"] ?? "";
  const env = {
    ...team.jobEnv,
    ELEVATION_DEPLOY: "1",
    ELEVATION_CONNECTION_ORDERS: server
      .url("elevation_manager", "orders")
      .replace(`:${server.port}/`, `:${proxy.port}/`),
    ...(victim === "engine" ? { PATH: `${linkOrphaningProvider(mkdtempSync(join(team.root, "bin-")))}:${path}` } : {}),
    ...(checkpoints ? {} : { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" }),
  };
  const finished = pulumi(clone, env, args, (started) => {
    pid = started;
  });
  return { finished, pid: () => pid };
}

async function finished({ proxy, team }: World, { does, to }: Crash["orphan"]): Promise<void> {
  await Promise.all(to.map((asked) => journaledOf(team, asked, does)));
  await proxy.idle();
}

/** Resolves as soon as the journal's file has an event of one of these types for a request. */
function journaledOf(team: Team, { digest }: Asked, types: readonly EventType[]): Promise<void> {
  const address = team.jobEnv["ELEVATION_JOURNAL"] ?? "";
  return new Promise((resolve, reject) => {
    const look = () => {
      openStore(address)
        .read()
        .then((events) => {
          if (!events.some(({ request, type }) => request === digest && types.includes(type))) return;
          watcher.close();
          resolve();
        }, reject);
    };
    const watcher = watch(address.slice("file:".length), { persistent: false }, look);
    look();
  });
}

async function late(what: () => string): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`not within ${REACHED_WITHIN / 1000} s: ${what()}`)), REACHED_WITHIN).unref();
  });
}
