// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { CatchUp, type StacksEvent } from "@elevation/reaper/stacks";
import { beforeEach, describe, it } from "mocha";

const NOON = Date.parse("2026-11-24T12:00:00Z");
const GATHER = 2_000;

/** One try to let a stack forget, which the test ends. */
interface Try {
  readonly stack: string;
  done(forgotten: number): Promise<void>;
  unmade(): Promise<void>;
  failed(reason: string): Promise<void>;
}

describe("stacks that catch up", () => {
  let events: StacksEvent[];
  let tries: Try[];
  /** What waits, in the order in which it was told to. */
  let waiting: { readonly milliseconds: number; readonly run: () => void }[];
  let catchUp: CatchUp;

  beforeEach(() => {
    events = [];
    tries = [];
    waiting = [];
    catchUp = new CatchUp({
      ...{ atOnce: 2, gather: GATHER, clock: () => NOON, random: () => 0 },
      on: (event) => void events.push(event),
      later: (milliseconds, run) => {
        const timer = { milliseconds, run };
        waiting.push(timer);
        return () => void waiting.splice(waiting.indexOf(timer), 1);
      },
      forget: (stack) =>
        new Promise((resolve, reject) => {
          tries.push({
            stack,
            done: (forgotten) => settled(() => resolve(forgotten)),
            unmade: () => settled(() => resolve(null)),
            failed: (reason) => settled(() => reject(new Error(reason))),
          });
        }),
    });
  });

  async function settled(end: () => void): Promise<void> {
    end();
    await new Promise(setImmediate);
  }
  /** Lets pass what the first to wait waits for; how long that is. */
  async function pass(): Promise<number> {
    const [next] = waiting.splice(0, 1);
    await settled(() => next?.run());
    return next?.milliseconds ?? Number.NaN;
  }
  const stacksOf = () => tries.map(({ stack }) => stack);

  it("when many grants of a stack end, then one run serves those that ended before it, and one more those during it", async () => {
    for (let ends = 0; ends < 3; ends++) catchUp.want("production");
    assert.equal(await pass(), GATHER);
    assert.deepEqual([stacksOf(), waiting.length], [["production"], 0]);
    catchUp.want("production");
    catchUp.want("production");
    assert.deepEqual([stacksOf(), waiting.length], [["production"], 0], "never two at a time on one stack");
    await tries[0]?.done(3);
    assert.equal(await pass(), GATHER);
    await tries[1]?.done(2);
    assert.deepEqual([stacksOf(), waiting.length], [["production", "production"], 0]);
    const wanted = { type: "stack-wanted", stack: "production" };
    const caughtUp = { type: "stack-caught-up", stack: "production", failures: 0 };
    assert.deepEqual(events, [wanted, { ...caughtUp, forgotten: 3 }, wanted, { ...caughtUp, forgotten: 2 }]);
  });

  it("when three stacks are behind and two may run at once, then the third begins when one is done", async () => {
    for (const stack of ["a", "b", "c"]) catchUp.want(stack);
    for (let timers = 0; timers < 3; timers++) await pass();
    assert.deepEqual(stacksOf(), ["a", "b"]);
    await tries[1]?.done(1);
    assert.deepEqual(stacksOf(), ["a", "b", "c"]);
  });

  it("when a stack fails, then it is tried again after pauses that double, however much ends, and others go on", async () => {
    catchUp.want("locked");
    await pass();
    await tries[0]?.failed("it is locked");
    catchUp.want("locked");
    catchUp.want("fine");
    assert.deepEqual(
      waiting.map(({ milliseconds }) => milliseconds),
      [500, GATHER],
      "what ends meanwhile goes with the next try",
    );
    await pass();
    await tries[1]?.failed("it is locked");
    await pass();
    await tries[2]?.done(1);
    assert.equal(await pass(), 1_000);
    await tries[3]?.done(4);
    assert.deepEqual(stacksOf(), ["locked", "locked", "fine", "locked"]);
    const behind = { type: "stack-behind", stack: "locked", reason: "it is locked" };
    assert.deepEqual(events, [
      { type: "stack-wanted", stack: "locked" },
      { ...behind, failures: 1, again: NOON + 500 },
      { type: "stack-wanted", stack: "fine" },
      { ...behind, failures: 2, again: NOON + 1_000 },
      { type: "stack-caught-up", stack: "fine", forgotten: 1, failures: 0 },
      { type: "stack-caught-up", stack: "locked", forgotten: 4, failures: 2 },
    ]);
  });

  it("when a stack isn't made, then that is news once, and it is left until it is wanted again", async () => {
    catchUp.want("gone");
    await pass();
    catchUp.want("gone");
    await tries[0]?.unmade();
    assert.deepEqual(waiting, [], "nor for what ended meanwhile");
    catchUp.want("gone");
    await pass();
    await tries[1]?.unmade();
    catchUp.want("gone");
    await pass();
    await tries[2]?.done(1);
    catchUp.want("gone");
    await pass();
    await tries[3]?.unmade();
    const unmade = { type: "stack-unmade", stack: "gone" };
    assert.deepEqual(
      events.filter(({ type }) => type !== "stack-wanted"),
      [
        { ...unmade, isNews: true },
        { ...unmade, isNews: false },
        { type: "stack-caught-up", stack: "gone", forgotten: 1, failures: 0 },
        { ...unmade, isNews: true },
      ],
    );
    assert.deepEqual(waiting, []);
  });

  it("when it is stopped, then it waits for the runs that have begun, and begins none that waits or fails", async () => {
    for (const stack of ["a", "b", "c", "d"]) catchUp.want(stack);
    for (let timers = 0; timers < 3; timers++) await pass();
    let isStopped = false;
    const stopping = catchUp.stop().then(() => {
      isStopped = true;
    });
    catchUp.want("e");
    assert.deepEqual([stacksOf(), waiting], [["a", "b"], []]);
    await tries[0]?.done(1);
    assert.equal(isStopped, false);
    await tries[1]?.failed("it is locked");
    await stopping;
    assert.deepEqual([stacksOf(), waiting], [["a", "b"], []]);
  });
});
