// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { randomFrom } from "@elevation/scripts/support/random";
import { shuffled } from "../integration/crashes/crash-points";
import { type Hit, KINDS, type Kind, Round, type Ways } from "./round";
import { Shop } from "./shop";
import { Victims } from "./victims";

/** Other seeds kill at other points (docs/faults.md). */
const SEED = Number(process.env["FAULTS_SEED"] ?? 1);
/** At least so many kills; `npm run test:faults` asks for a thousand. */
const POINTS = Number(process.env["FAULTS_POINTS"] ?? 20);

/** How many of a hundred deaths are of each kind; one that adopts costs two lives, of which only the first is sure. */
const OF_A_HUNDRED: Readonly<Record<Kind, number>> = {
  ...{ activate: 32, adopt: 10, read: 7, end: 15, remove: 15, reap: 12, append: 9 },
};
/** Deaths of one round at most: then all recover, and all is looked at. */
const ROUND = 40;

/** A process may be through before its step comes, where its way is shorter than the measured one: so many more are sent. */
const SPARE = 1.15;

const rounds = planOf(Math.ceil((POINTS * SPARE) / ROUND));

describe(`SIGKILL at any step (FAULTS_SEED=${SEED} FAULTS_POINTS=${POINTS})`, function () {
  this.timeout(600_000);
  let shop: Shop;
  let victims: Victims;
  let ways: Ways;
  const died: string[] = [];

  before(async () => {
    shop = await Shop.open();
    victims = new Victims(shop.folder, 3);
    const measured = new Round(shop, victims, "measured", KINDS.map(living), null);
    await measured.run();
    const steps = (kind: Kind) => measured.steps.get(kind === "adopt" ? "activate" : kind) ?? [];
    ways = Object.fromEntries(KINDS.map((kind) => [kind, steps(kind).length])) as Ways;
    if (process.env["FAULTS_SHOW"])
      for (const [kind, all] of measured.steps) process.stdout.write(`${kind}\n  ${all.join("\n  ")}\n`);
    process.stdout.write(`      steps: ${KINDS.map((kind) => `${kind} ${ways[kind]}`).join(", ")}\n`);
  });
  after(async () => {
    await victims?.close();
    await shop?.close();
  });

  for (const [index, hits] of rounds.entries()) {
    it(`when processes of round ${index + 1} die, then others recover: no access without its record, none left, none twice`, async () => {
      const round = new Round(shop, victims, `round-${index + 1}`, hits, ways);
      try {
        await round.run();
      } catch (error) {
        process.stdout.write(round.died.map((step) => `        ${step}\n`).join(""));
        process.stdout.write(`        ${(error as Error).message}\n`);
        throw error;
      }
      died.push(...round.died);
    });
  }

  it("when all is over, then as many died as were to", () => {
    const different = new Set(died).size;
    process.stdout.write(`        ${died.length} killed, at ${different} different steps\n`);
    assert.ok(died.length >= POINTS, `${died.length} of ${POINTS}`);
  });
});

function living(kind: Kind): Hit {
  return { kind, way: null, before: 0, part: 0.5, stays: true };
}

/** Of each kind the deaths lie evenly along its way, in an order of chance: with as many as it has steps each is met. */
function planOf(count: number): readonly (readonly Hit[])[] {
  const random = randomFrom(SEED);
  const dealt = KINDS.map((kind) => {
    const all = Math.ceil((POINTS * SPARE * OF_A_HUNDRED[kind]) / 100);
    const hits = Array.from({ length: all }, (_, i): Hit => {
      return { kind, way: (i + random()) / all, before: random(), part: random(), stays: random() < 0.6 };
    });
    return shuffled(hits, random);
  });
  return Array.from({ length: count }, (_, round) =>
    shuffled(
      dealt.flatMap((hits) => hits.slice((round * hits.length) / count, ((round + 1) * hits.length) / count)),
      random,
    ),
  );
}
