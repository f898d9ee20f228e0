// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { activate, waitingIn } from "@elevation/provider/lifecycle";
import { type StartEvent, Starts } from "@elevation/reaper/starts";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aRequest, createWorld, inputsOf, instant, type TestWorld } from "../../support/lifecycle";

const NOON = instant("2026-11-24T12:00:00Z");

describe("the reaper's starts", () => {
  let world: TestWorld;
  let starts: Starts;
  let told: StartEvent[];

  beforeEach(async () => {
    world = await createWorld();
    for (const [name, minutes] of [
      ["alice-late", "01"],
      ["alice-first", "00"],
    ] as const) {
      const times = { startAt: `2026-11-24T12:${minutes}:00Z`, activateBy: `2026-11-24T12:${minutes}:30Z` };
      await activate(world, inputsOf(aRequest(times, name)));
    }
    told = [];
    starts = new Starts(
      world,
      { atOnce: 4, random: () => 0 },
      (event) => told.push(event),
      () => undefined,
    );
    await plan();
  });
  afterEach(() => world.dispose());

  const plan = async () => starts.plan(waitingIn(await (await world.journal()).view(), null));
  const begin = async (now: number) => {
    world.now = now;
    starts.begin(now, () => world.documents);
    await starts.settled();
  };
  const outcomes = () =>
    told
      .splice(0)
      .map((event) => [
        event.start.name,
        event.start.outcome,
        event.type === "unactivated" ? event.isNews : event.lateMs,
      ]);

  it("when starts come, then each is begun at its own, not a millisecond before, and once", async () => {
    assert.equal(starts.nextAfter(NOON - 1), NOON);
    await begin(NOON - 1);
    assert.deepEqual(outcomes(), []);
    await begin(NOON);
    assert.deepEqual(outcomes(), [["alice-first", "activated", 0]]);
    assert.equal(starts.nextAfter(NOON), NOON + 60_000);
    await begin(NOON + 59_999);
    assert.deepEqual(outcomes(), []);
    await begin(NOON + 60_007);
    assert.deepEqual(outcomes(), [["alice-late", "activated", 7]]);
    assert.equal(starts.nextAfter(NOON + 60_007), null);
  });

  it("when it can't be done, then it is tried again after pauses that grow, and the same reason is news once, until it lapses", async () => {
    world.target.before = () => {
      throw new Error("the server is away");
    };
    await begin(NOON);
    assert.deepEqual(outcomes(), [["alice-first", "failed", true]]);
    assert.equal(starts.nextAfter(NOON), NOON + 500);
    await begin(NOON + 499);
    assert.deepEqual(outcomes(), []);
    await begin(NOON + 500);
    assert.deepEqual(outcomes(), [["alice-first", "failed", false]]);
    assert.equal(starts.nextAfter(NOON + 500), NOON + 1500);
    await plan();
    assert.equal(starts.nextAfter(NOON + 500), NOON + 1500);
    await begin(NOON + 30_000);
    assert.deepEqual(outcomes(), [["alice-first", "lapsed", true]]);
    await plan();
    assert.equal(starts.nextAfter(NOON + 30_000), NOON + 60_000);
  });

  it("when there is nothing to decide by, then nothing is begun until there is, and it is asked for only where something is due", async () => {
    const never = () => assert.fail("nothing is due");
    starts.begin(NOON - 1, never);
    starts.begin(NOON, () => null);
    assert.equal(starts.nextAfter(NOON), NOON + 60_000);
    await begin(NOON);
    assert.deepEqual(outcomes(), [["alice-first", "activated", 0]]);
  });
});
