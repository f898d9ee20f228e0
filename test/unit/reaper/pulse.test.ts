// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type Listener, Pulse, type ReaperEvent } from "@elevation/reaper";
import { beforeEach, describe, it } from "mocha";

const NOON = Date.parse("2026-11-24T12:00:00Z");
const LOOKED: ReaperEvent = { type: "looked", open: 0, next: null, scheduled: 0 };

describe("the reaper's pulse", () => {
  let told: (readonly [number, boolean])[];
  let said: string[];
  /** What telling does. */
  let telling: () => Promise<void>;
  const listener: Listener = {
    name: "the monitor",
    tell: (at, stopped) => {
      told.push([at - NOON, stopped]);
      return telling();
    },
    hearsOfTheEnd: true,
  };
  const start = (...listeners: readonly Listener[]) => new Pulse(30_000, listeners, (line) => said.push(line));
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

  beforeEach(() => {
    told = [];
    said = [];
    telling = () => Promise.resolve();
  });

  async function looked(pulse: Pulse, ...after: readonly number[]): Promise<void> {
    for (const at of after) {
      pulse.note(LOOKED, NOON + at);
      await settled();
    }
  }

  it("when it looks, then it tells at once and then at each interval, to the millisecond", async () => {
    const pulse = start(listener);
    await looked(pulse, 0, 1_000, 29_999, 30_000, 59_999, 60_001, 90_000, 90_001);
    assert.deepEqual(told, [
      [0, false],
      [30_000, false],
      [60_001, false],
      [90_001, false],
    ]);
  });

  it("when it looks no more, or can't trust the journal, then it is silent, until it can", async () => {
    const pulse = start(listener);
    pulse.note({ type: "begun", digest: "d" as never }, NOON);
    pulse.note({ type: "journal", reason: "it is gone" }, NOON);
    await looked(pulse, 0, 30_000);
    assert.deepEqual(told, []);
    pulse.note({ type: "journal", reason: null }, NOON);
    await looked(pulse, 31_000);
    assert.deepEqual(told, [[31_000, false]]);
  });

  it("when the clock is set back, then it goes on", async () => {
    const pulse = start(listener);
    await looked(pulse, 0, -3_600_000, -3_599_000, -3_570_000);
    assert.deepEqual(
      told.map(([at]) => at),
      [0, -3_600_000, -3_570_000],
    );
  });

  it("when a listener is away, then that is said once, and once that it is back; another hears all the same", async () => {
    const others: number[] = [];
    const other = { ...listener, tell: async (at: number) => void others.push(at - NOON), hearsOfTheEnd: false };
    const pulse = start(listener, other);
    telling = () => Promise.reject(new Error("it answered 500"));
    await looked(pulse, 0, 30_000);
    telling = () => Promise.resolve();
    await looked(pulse, 60_000, 90_000);
    assert.deepEqual(said, [
      "the monitor does not hear that this reaper lives, and is told again: it answered 500",
      "the monitor hears again that this reaper lives",
    ]);
    assert.deepEqual(others, [0, 30_000, 60_000, 90_000]);
    await pulse.stop(NOON + 91_000);
    assert.deepEqual(told.at(-1), [91_000, true]);
    assert.equal(others.length, 4);
  });

  it("when a listener hangs, then it is not told more and more, and the end waits for it no longer than it may", async () => {
    const pulse = start(listener);
    let goOn: () => void = () => undefined;
    telling = () =>
      new Promise((resolve) => {
        goOn = resolve;
      });
    await looked(pulse, 0, 30_000, 60_000);
    assert.deepEqual(told, [[0, false]]);
    const stopped = pulse.stop(NOON + 61_000);
    telling = () => Promise.resolve();
    goOn();
    await stopped;
    assert.deepEqual(told, [
      [0, false],
      [61_000, true],
    ]);
  });

  it("when it never was well, then it has no last word either", async () => {
    await start(listener).stop(NOON);
    assert.deepEqual(told, []);
  });
});
