// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { openStore } from "@elevation/journal";
import type { GrantInputs } from "@elevation/provider/lifecycle";
import { requireEvidence } from "./evidence";
import { type Shop, sharedShop } from "./shop";
import type { Work } from "./victim";
import { type Over, Victims } from "./victims";

const theShop = sharedShop();
const LATER = 2 * 3_600_000;

describe("reapers, and others at work beside them", function () {
  this.timeout(120_000);
  let shop: Shop;
  let victims: Victims;

  before(async () => {
    shop = await theShop();
    victims = new Victims(shop.folder, 2);
  });
  after(() => victims?.close());

  const up = (inputs: GrantInputs): Work => ({ does: "up", inputs, state: null });
  const errorsOf = (runs: readonly Over[]) => runs.flatMap(({ errors }) => errors);

  async function requireAllOver(address: string, asked: readonly GrantInputs[], first: number): Promise<void> {
    const events = await openStore(address).read();
    requireEvidence(events);
    for (const [index, inputs] of asked.entries()) {
      const types = events.filter(({ request }) => request === inputs.digest).map(({ type }) => type);
      assert.ok(types.includes("expired"), `${inputs.request.metadata.name}: ${types}`);
      assert.equal(await shop.stands(inputs), false);
      assert.deepEqual(await shop.workOf(first + index), []);
    }
  }

  it("when two reapers end the same grants at once, then each grant ends once, and neither meets an error", async () => {
    const env = await shop.newJournal("two-reapers");
    const asked = Array.from({ length: 12 }, (_, i) => shop.ask(`both-${i}`, 20 + i));
    assert.deepEqual((await victims.run({ env, ahead: 0, work: [asked.map(up)], kill: null })).errors, []);
    const reaper = { env, ahead: LATER, work: [[{ does: "keepReaping", until: asked.length } as const]], kill: null };
    assert.deepEqual(errorsOf(await Promise.all([victims.run(reaper), victims.run(reaper)])), []);
    await requireAllOver(env["ELEVATION_JOURNAL"] ?? "", asked, 20);
  });

  it("when a reaper runs beside an `up` whose grants end while it is still at work, then each ends once, and neither meets an error", async () => {
    const env = await shop.newJournal("beside-up");
    const asked = Array.from({ length: 12 }, (_, i) => shop.ask(`short-${i}`, 32 + i, { duration: "PT1S" }));
    const reaper = { env, ahead: 0, work: [[{ does: "keepReaping", until: asked.length } as const]], kill: null };
    const ups = { env, ahead: 0, work: asked.map((inputs) => [up(inputs)]), kill: null };
    assert.deepEqual(errorsOf(await Promise.all([victims.run(reaper), victims.run(ups)])), []);
    await requireAllOver(env["ELEVATION_JOURNAL"] ?? "", asked, 32);
  });
});
