// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { Beat, Beats } from "@elevation/journal";
import { describe, it } from "mocha";

const NOON = Date.parse("2026-11-24T12:00:00Z");
export const BEAT: Beat = { by: "reaper", environments: null, at: NOON, every: 30_000, stopped: false };

/** What every place for beats must do; `open` opens the same one again and again, empty at the beginning of a test. */
export function beatsConform(name: string, open: () => Beats): void {
  describe(name, () => {
    const hear = async () => {
      const beats = open();
      const { beats: heard, copiedAt } = await beats.hear();
      await beats.close();
      assert.equal(copiedAt, null);
      return [...heard].sort((one, other) => one.at - other.at);
    };
    const say = async (beat: Beat) => {
      const beats = open();
      await beats.say(beat);
      await beats.close();
    };

    it("when nobody ever said anything, then nothing is heard", async () => {
      assert.deepEqual(await hear(), []);
    });

    it("when one says that it lives, then others hear that, and its next word takes the place of it", async () => {
      await say(BEAT);
      assert.deepEqual(await hear(), [BEAT]);
      const last = { ...BEAT, at: NOON + 30_000, stopped: true };
      await say(last);
      assert.deepEqual(await hear(), [last]);
    });

    it("when several say it, of other environments or on a schedule, then each is heard", async () => {
      const production = { ...BEAT, environments: ["production", "a-b"], at: NOON + 1 };
      const schedule: Beat = { ...BEAT, by: "schedule", every: 300_000, at: NOON + 2 };
      for (const beat of [BEAT, production, schedule]) await say(beat);
      assert.deepEqual(await hear(), [BEAT, production, schedule]);
      // The order of the names says nothing.
      await say({ ...production, environments: ["a-b", "production"] });
      assert.equal((await hear()).length, 3);
    });

    it("when many say it at once, then each is whole", async () => {
      const all = Array.from(
        { length: 20 },
        (_, i): Beat => ({ ...BEAT, environments: [`e-${i % 4}`], at: NOON + (i % 4) }),
      );
      await Promise.all(all.map(say));
      assert.deepEqual(await hear(), all.slice(0, 4));
    });
  });
}
