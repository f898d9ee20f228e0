// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import type { Schedule } from "@elevation/journal";
import {
  activate,
  diff,
  type GrantInputs,
  type GrantState,
  type Pass,
  reap,
  remove,
  type Started,
  startScheduled,
  update,
  type Waiting,
  waitingIn,
} from "@elevation/provider/lifecycle";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aRequest, createWorld, eventsOf, inputsOf, instant, type TestWorld } from "../../support/lifecycle";

const STARTS = instant("2026-11-24T12:00:00Z");
const MINUTE = 60_000;
const later = inputsOf(aRequest({ startAt: "2026-11-24T12:00:00Z", activateBy: "2026-11-24T13:00:00Z" }));

describe("a scheduled grant without its stack", () => {
  let world: TestWorld;
  let state: GrantState;

  beforeEach(async () => {
    world = await createWorld();
    state = await activate(world, later);
  });
  afterEach(() => world.dispose());

  const viewNow = async () => (await world.journal()).view();
  const waiting = async (): Promise<readonly Waiting[]> => waitingIn(await viewNow(), null);
  const theSchedule = async (): Promise<Schedule> => (await waiting())[0]?.schedule ?? assert.fail("nothing waits");
  const start = async (schedule?: Schedule): Promise<Started | null> =>
    startScheduled(world, world.documents, schedule ?? (await theSchedule()));
  const types = (inputs: GrantInputs = later) => eventsOf(world, inputs);
  const pass = (changes: Partial<Pass>): Pass => ({
    declared: null,
    states: [],
    environments: null,
    atOnce: 8,
    ...changes,
  });
  const declaring = (...inputs: GrantInputs[]) => ({
    project: "elevation",
    digests: new Set(inputs.map(({ digest }) => digest)),
  });
  const changesOf = async (state: GrantState) => {
    const props = { ...state, __provider: "shell" };
    return (await diff(world, props, props)).changes;
  };

  it("when it was scheduled, then the journal has all that activating it needs, whoever reads it", async () => {
    await world.restart();
    const { digest, request, origin } = later;
    const stack = { organization: "organization", project: "elevation", stack: "production" };
    assert.deepEqual(await waiting(), [{ schedule: { digest, request, origin, stack }, at: STARTS }]);
    assert.deepEqual(waitingIn(await viewNow(), new Set(["staging"])), []);
    assert.equal(await changesOf(state), false);
  });

  it("when its start comes, then it is activated then, not a millisecond before, for as long as was asked, and once", async () => {
    const schedule = await theSchedule();
    world.now = STARTS - 1;
    assert.equal(await start(), null);
    assert.deepEqual(world.target.calls, []);
    world.now = STARTS;
    const { digest } = later;
    assert.deepEqual(await start(), {
      ...{
        digest,
        name: "alice-orders",
        requester: "alice@example.com",
        role: "orders-admin",
        environment: "production",
      },
      ...{ startAt: STARTS, outcome: "activated", expiresAt: "2026-11-24T12:30:00.000Z", reason: null },
    });
    assert.deepEqual(await waiting(), []);
    assert.equal(await start(schedule), null);
    assert.equal(world.target.things.size, 1);
    assert.deepEqual(await types(), ["decided", "decided", "activating", "activated"]);
  });

  it("when its stack comes later, then its state learns of the grant, and makes none", async () => {
    world.now = STARTS;
    await start();
    assert.equal(await changesOf(state), true);
    const { status, expiresAt, place } = await update(world, state, later);
    assert.deepEqual([status, expiresAt], ["active", "2026-11-24T12:30:00.000Z"]);
    assert.equal(world.target.things.has(place?.object ?? ""), true);
    assert.deepEqual(await types(), ["decided", "decided", "activating", "activated"]);
  });

  it("when its activateBy comes, then it lapses, not a millisecond before, and is scheduled no more", async () => {
    world.target.before = (operation) => {
      if (operation === "connect") throw new Error("the server is away");
    };
    world.now = instant("2026-11-24T13:00:00Z") - 1;
    const failed = await start();
    assert.deepEqual([failed?.outcome, failed?.reason], ["failed", "the server is away"]);
    assert.equal((await start())?.outcome, "failed");
    world.now += 1;
    const lapsed = await start();
    assert.deepEqual([lapsed?.outcome, lapsed?.expiresAt], ["lapsed", null]);
    assert.deepEqual(await types(), ["decided", "failed", "failed"]);
    assert.deepEqual(await waiting(), []);
  });

  it("when the target was away at its start, then it is activated as soon as it is back", async () => {
    let isAway = true;
    world.target.before = (operation) => {
      if (operation === "connect" && isAway) throw new Error("the server is away");
    };
    world.now = STARTS;
    assert.equal((await start())?.outcome, "failed");
    isAway = false;
    world.now = STARTS + MINUTE;
    assert.equal((await start())?.expiresAt, "2026-11-24T12:31:00.000Z");
  });

  it("when the policy has no rule for it any more, then it is denied, each try says why, and the journal once", async () => {
    const { policy } = world.documents;
    world.documents = { ...world.documents, policy: { ...policy, value: { ...policy.value, rules: [] } } };
    world.now = STARTS;
    for (let time = 0; time < 3; time++) {
      const denied = await start();
      assert.equal(denied?.outcome, "denied");
      assert.match(denied?.reason ?? "", /^request `alice-orders` is denied:\n {2}\[not-eligible\] /);
    }
    assert.deepEqual(await types(), ["decided", "decided"]);
    assert.deepEqual(world.target.calls, []);
    assert.equal((await waiting()).length, 1);
  });

  it("when its resource is removed, then it is scheduled no more, and nobody activates it", async () => {
    const schedule = await theSchedule();
    await remove(world, state);
    await remove(world, state);
    assert.deepEqual(await types(), ["decided", "failed"]);
    world.now = STARTS;
    assert.equal(await start(schedule), null);
    assert.deepEqual(world.target.calls, []);
  });

  it("when its resource is removed while it is being activated, then nothing is left open", async () => {
    world.now = STARTS;
    const schedule = await theSchedule();
    world.target.before = async (operation) => {
      if (operation !== "preflight") return;
      world.target.before = () => undefined;
      await remove(world, state);
    };
    assert.equal(await start(schedule), null);
    assert.equal(world.target.things.size, 0);
    assert.deepEqual(await types(), ["decided", "failed"]);
  });

  it("when its resource is removed by a stack that saw it scheduled and it was activated since, then it is revoked", async () => {
    world.now = STARTS;
    await start();
    await remove(world, state);
    assert.equal(world.target.things.size, 0);
    assert.equal((await types()).at(-1), "revoked");
  });

  it("when it can't be journaled that it is withdrawn, then the removal fails", async () => {
    const { path, away } = { path: world.journalFile, away: `${world.journalFile}.away` };
    renameSync(path, away);
    await assert.rejects(remove(world, state), /only the journal knows whether a run that was killed activated it/);
    renameSync(away, path);
    assert.equal((await waiting()).length, 1);
  });

  it("when its file is gone, then a pass withdraws it, those of others and of programs stay, and an up that declares it again schedules it anew", async () => {
    const others = [
      { ...inputsOf(aRequest({ startAt: "2026-11-24T12:00:00Z" }, "alice-elsewhere")), project: "other" },
      { ...inputsOf(aRequest({ startAt: "2026-11-24T12:00:00Z" }, "alice-program")), origin: "" },
      inputsOf(aRequest({ startAt: "2026-11-24T12:00:00Z" }, "alice-declared")),
    ];
    for (const other of others) await activate(world, other);
    const { started, reaped } = await reap(world, pass({ declared: declaring(others[2] ?? assert.fail()) }));
    assert.deepEqual(reaped, []);
    assert.deepEqual(
      started.map(({ name, outcome }) => [name, outcome]),
      [["alice-orders", "withdrawn"]],
    );
    assert.deepEqual(await types(), ["decided", "failed"]);
    assert.equal(await changesOf(state), true);
    assert.equal((await update(world, state, later)).status, "scheduled");
    assert.equal(await changesOf(state), false);
    assert.deepEqual((await waiting()).map(({ schedule }) => schedule.request.metadata.name).sort(), [
      ...["alice-declared", "alice-elsewhere", "alice-orders", "alice-program"],
    ]);
  });

  it("when a pass may activate, then it does after its ends; when it may not, then nothing is opened", async () => {
    world.now = STARTS;
    assert.deepEqual((await reap(world, pass({}))).started, []);
    assert.equal(world.target.things.size, 0);
    const { started } = await reap(world, pass({ activate: world.documents }));
    assert.deepEqual(
      started.map(({ outcome }) => outcome),
      ["activated"],
    );
    assert.equal(world.target.things.size, 1);
  });

  it("when a run is killed between intent and creation, then the next one leaves it alone for ten seconds, and makes it, with its first times", async () => {
    world.now = STARTS;
    const dead = new Promise<never>(() => undefined);
    const reached = new Promise<void>((resolve) => {
      world.target.before = (operation) => {
        if (operation !== "create") return;
        resolve();
        return dead;
      };
    });
    void start();
    await reached;
    world.fork();
    world.target.before = () => undefined;
    world.now = STARTS + 9_999;
    assert.deepEqual(
      (await waiting()).map(({ at }) => at),
      [STARTS + 10_000],
    );
    assert.equal(await start(), null);
    world.now += 1;
    assert.equal((await start())?.expiresAt, "2026-11-24T12:30:00.000Z");
    assert.equal(world.target.things.size, 1);
    assert.deepEqual(await types(), ["decided", "decided", "activating", "activated"]);
    assert.deepEqual(await waiting(), []);
  });

  it("when two processes activate it at the same moment, then one does, and the other has nothing to tell", async () => {
    world.now = STARTS;
    const schedule = await theSchedule();
    const one = start(schedule);
    world.fork();
    const outcomes = await Promise.all([one, start(schedule)]);
    assert.deepEqual(outcomes.map((outcome) => outcome?.outcome ?? null).sort(), ["activated", null]);
    assert.equal(world.target.things.size, 1);
    assert.deepEqual((await types()).slice(-2), ["activating", "activated"]);
  });

  it("when an up activates it at the same moment, then there is one grant, and both know it", async () => {
    world.now = STARTS;
    const schedule = await theSchedule();
    const started = start(schedule);
    world.fork();
    const [, updated] = await Promise.all([started, update(world, state, later)]);
    assert.deepEqual([updated.status, updated.expiresAt], ["active", "2026-11-24T12:30:00.000Z"]);
    assert.equal(world.target.things.size, 1);
    assert.deepEqual(
      (await types()).filter((type) => type === "activating" || type === "activated"),
      [...["activating", "activated"]],
    );
  });

  it("when another stack schedules the same request, then the first has it, and the other's removal doesn't end that", async () => {
    const elsewhere = inputsOf(later.request, "staging");
    const other = await activate(world, elsewhere);
    assert.equal((await theSchedule()).stack.stack, "production");
    await remove(world, other);
    assert.equal((await waiting()).length, 1);
  });
});
