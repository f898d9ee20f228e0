// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { PostgresServer } from "@elevation/scripts/support/postgres";
import { randomFrom } from "@elevation/scripts/support/random";
import type { SqlSession } from "@elevation/scripts/support/sql-session";
import { must } from "@elevation/scripts/support/workspace";
import { engineTimeoutMs, theEngine } from "../../support/engine";
import { startTeam } from "../../support/pipeline";
import { type StatementProxy, startStatementProxy } from "../../support/statement-proxy";
import { VICTIMS, type Victim } from "../../support/victims";
import { crash, type World } from "./crash";
import { CRASH_POINTS, type CrashPoint, type Deal, dealer, shuffled } from "./crash-points";
import {
  type Asked,
  ask,
  clearRoles,
  crewDirectory,
  crewPolicy,
  openSessions,
  pulumi,
  REFRESH,
  requireExactly,
  requireNothingUnknown,
  startCrewServer,
  UP,
  untilEnd,
} from "./crew";

/** Other seeds kill at other points: `CRASH_SEED=2 CRASH_RUNS=120` (docs/operations.md). */
const SEED = Number(process.env["CRASH_SEED"] ?? 1);
/** At least so many kill points. */
const RUNS = Number(process.env["CRASH_RUNS"] ?? 60);
/** Grants that are hit in one run, each at a point of its own: activated, then read and withdrawn; and as many that expire. */
const HIT = 5;
const POINTS_IN_A_ROUND = 4 * HIT;

/** One victim's turn, and the points at which each grant is hit. */
interface Plan {
  readonly victim: Victim;
  readonly checkpoints: boolean;
  readonly activate: readonly CrashPoint[];
  readonly read: readonly CrashPoint[];
  readonly expire: readonly CrashPoint[];
  readonly withdraw: readonly CrashPoint[];
}

/** Every victim has its turn, and every second round writes checkpoints. */
function planOf(count: number): readonly Plan[] {
  const random = randomFrom(SEED);
  const [activate, read, end] = [CRASH_POINTS.activate, CRASH_POINTS.read, CRASH_POINTS.end].map((points) =>
    dealer(points, random),
  ) as [Deal, Deal, Deal];
  const victims = Array.from({ length: Math.ceil(count / VICTIMS.length) }, () => shuffled(VICTIMS, random)).flat();
  const first = random() < 0.5;
  return victims.slice(0, count).map((victim, index) => ({
    ...{ victim, checkpoints: (index % 2 === 0) === first },
    ...{ activate: activate(HIT), read: read(HIT), expire: end(HIT), withdraw: end(HIT) },
  }));
}

describe(`SIGKILL at every step (CRASH_SEED=${SEED})`, function () {
  this.timeout(300_000);
  let server: PostgresServer;
  let proxy: StatementProxy;

  before(async function () {
    this.timeout(engineTimeoutMs);
    await theEngine();
    server = await startCrewServer();
    proxy = await startStatementProxy(server.port);
  });
  after(async () => {
    await proxy?.close();
    await server?.stop();
  });

  for (const plan of planOf(Math.ceil(RUNS / POINTS_IN_A_ROUND))) {
    const { victim, checkpoints } = plan;
    const mode = checkpoints ? "with" : "without";
    const who = victim === "both" ? "engine and provider are" : `the ${victim} is`;
    it(`when ${who} killed while grants are made, read, expire and are withdrawn, ${mode} checkpoints, then the next run leaves no leak and no duplicate`, async () => {
      const team = await startTeam(server, crewPolicy());
      try {
        const clone = await team.clone("job");
        clone.write("policypack/directory.yaml", crewDirectory());
        await new Round({ server, proxy, team, clone }, plan).run();
      } finally {
        team.dispose();
        await clearRoles(server);
      }
    });
  }
});

class Round {
  private readonly world: World;
  private readonly plan: Plan;
  private sessions: readonly SqlSession[] = [];

  constructor(world: World, plan: Plan) {
    this.world = world;
    this.plan = plan;
  }

  async run(): Promise<void> {
    try {
      await this.live();
    } finally {
      await this.closeSessions();
    }
  }

  private async live(): Promise<void> {
    const { clone } = this.world;
    const staying = Array.from({ length: HIT }, (_, i) => ask(clone, `staying-${i + 1}`, i + 1, "PT1H"));
    await this.hit("activate", UP, [[staying, this.plan.activate]]);
    await this.recovered(staying);

    const expiring = await this.expired();
    await this.hit("expire", REFRESH, [
      [staying, this.plan.read],
      [expiring, this.plan.expire],
    ]);
    await this.recovered(staying);

    for (const { file } of staying) clone.remove(file);
    await this.hit("withdraw", UP, [[staying, this.plan.withdraw]]);
    await this.recovered([]);
  }

  /** Grants of a clean run that are past their end, and that nobody has ended yet. */
  private async expired(): Promise<readonly Asked[]> {
    const { clone, team } = this.world;
    const expiring = Array.from({ length: HIT }, (_, i) => ask(clone, `expiring-${i + 1}`, HIT + i + 1, "PT6S"));
    await must(pulumi(clone, { ...team.jobEnv, ELEVATION_DEPLOY: "1" }, UP));
    await untilEnd(team, ...expiring);
    return expiring;
  }

  private async hit(
    step: "activate" | "expire" | "withdraw",
    args: readonly string[],
    hits: readonly (readonly [readonly Asked[], readonly CrashPoint[]])[],
  ): Promise<void> {
    const { world } = this;
    const { victim, checkpoints } = this.plan;
    const targets = hits.flatMap(([asked, points]) =>
      asked.map((one, i) => [one, points[i] ?? assert.fail()] as const),
    );
    for (const [{ name }, point] of targets)
      process.stdout.write(`        ${step}: ${victim}, ${name} ${point.name}\n`);
    const ending = step === "activate" ? [] : (hits.at(-1)?.[0] ?? []);
    this.sessions = await openSessions(world.server, ending);
    const orphanDoes = step === "activate" ? (["activated"] as const) : (["revoked", "expired"] as const);
    const orphan = { does: orphanDoes, to: hits.at(-1)?.[0] ?? [] };
    await crash(world, { args, victim, checkpoints, targets, orphan });
    await requireNothingUnknown(world.server, world.team);
  }

  private async recovered(expected: readonly Asked[]): Promise<void> {
    const { server, team, clone } = this.world;
    // An engine that lived gave its lock back: then the next deploy is all that is needed.
    const step = this.plan.victim === "provider" ? "deploy" : "recover";
    await must(clone.step([step], team.jobEnv));
    await requireExactly(server, team, clone, expected);
    await this.closeSessions();
  }

  private async closeSessions(): Promise<void> {
    for (const session of this.sessions) await session.close();
    this.sessions = [];
  }
}
