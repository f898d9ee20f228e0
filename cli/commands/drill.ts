// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import { type Judge, quote, refuseUnenforcedAnchors } from "@elevation/domain";
import { createWorld, endDue, instantOf, type World } from "@elevation/provider/lifecycle";
import { type Drill, runDrill } from "@elevation/reaper";
import { readDocuments } from "../documents";
import { readDrillFile } from "../drill-file";
import { type Drilled, drilledReport, renderDrilled } from "../drill-table";
import { CommandError, EXIT, type ExitCode } from "../exit";
import { requireAddress } from "../journal-address";
import type { Terminal } from "../terminal";

export interface DrillCommandOptions {
  readonly policy?: string;
  readonly directory?: string;
  readonly environment?: readonly string[];
  readonly json?: boolean;
}

/** One that waits for another to end looks again after this, in milliseconds. */
const A_MOMENT = 2_000;

/**
 * `elevate drill`: does each fire drill of a file once, all at the same time, beside whoever ends grants; it ends itself what a drill
 * that failed leaves open. Throws CommandError or BadDocuments.
 */
export async function drill(file: string, options: DrillCommandOptions, terminal: Terminal): Promise<ExitCode> {
  const address = requireAddress(terminal);
  const refused = refuseUnenforcedAnchors(terminal.env);
  if (refused.length > 0) throw new CommandError(EXIT.badInput, refused.join("; "));
  const environments = options.environment === undefined ? null : new Set(options.environment);
  const { judge } = readDocuments(terminal.cwd, { ...options, requests: [] });
  const drills = readDrillFile(file, environments, terminal);
  if (drills.length === 0)
    throw new CommandError(EXIT.badInput, `${quote(file)} has no drill for the environments that are named; add one`);
  const world = createWorld(terminal.env, {
    config: () => undefined,
    actor: { kind: "job", key: "unverified" },
    say: (line) => terminal.say(line),
  });
  const done = await Promise.all(drills.map(async (one) => endedBy(world, one, await once(one, world, judge))));
  await world.journal().then(
    (journal) => journal.close(),
    () => undefined,
  );
  if (options.json === true) terminal.printJson(drilledReport(address, done));
  else terminal.print(renderDrilled(terminal, done));
  if (done.some(({ unended }) => unended !== null)) return EXIT.storeFailed;
  return done.every(({ outcome }) => outcome.outcome === "passed") ? EXIT.yes : EXIT.failed;
}

async function once(drill: Drill, world: World, judge: Judge): Promise<Drilled["outcome"]> {
  const { signal } = new AbortController();
  for (;;) {
    const outcome = await runDrill(drill, { world, judge: () => judge }, signal);
    if (outcome.outcome !== "waits") return outcome;
    await delay(A_MOMENT);
  }
}

/** What a failed drill may leave open is ended here, its time over or not: nobody may be there who does, and it is of no use any more. */
async function endedBy(world: World, drill: Drill, outcome: Drilled["outcome"]): Promise<Drilled> {
  if (outcome.outcome !== "failed" || outcome.grant === null) return { drill, outcome, unended: null };
  const isOver = world.clock() >= instantOf(outcome.grant.expiresAt);
  const { reason } = await endDue(world, outcome.grant, isOver ? "expiry" : "withdrawn");
  return { drill, outcome, unended: reason };
}
