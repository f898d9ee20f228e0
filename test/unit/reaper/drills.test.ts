// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import type { OpenState } from "@elevation/provider/lifecycle";
import { type Drill, type DrillEvent, type DrillOutcome, Drills, Newsroom } from "@elevation/reaper";
import { DRILLS_PROJECT, inputsOfDrill } from "@elevation/reaper/drill";
import { ReaperMetrics } from "@elevation/reaper/metrics";
import { beforeEach, describe, it } from "mocha";

const NOON = Date.parse("2026-11-24T12:00:00Z");
const MINUTE = 60_000;
const DIGEST = `sha256:${"a".repeat(64)}` as const;
const EXPIRES = "2026-11-24T12:01:00.000Z";
const GRANT = { digest: DIGEST, expiresAt: EXPIRES } as OpenState;
const PASSED: DrillOutcome = { outcome: "passed", grant: GRANT, lateMs: 70 };
const FAILED: DrillOutcome = {
  outcome: "failed",
  failure: "login-failed",
  reason: "no login",
  grant: null,
  lateMs: null,
};
const NAME = { name: "orders", requester: "canary@example.com", role: "orders-reader", environment: "production" };

function aDrill(changes: Partial<Drill> = {}): Drill {
  return {
    ...NAME,
    ...{ reason: "Fire drill", every: 60 * MINUTE, duration: "PT1M", endsWithin: MINUTE, longestEndsWithin: MINUTE },
    statement: "SELECT 1",
    enter: () => Promise.reject(new Error("nobody logs in here")),
    ...changes,
  };
}

describe("the schedule of fire drills", () => {
  let now: number;
  let all: Drill[];
  let unreadable: Error | null;
  let deaf: Error | null;
  let gone: string[];
  let begun: string[];
  let told: DrillEvent[];
  let end: (outcome: DrillOutcome | Error) => Promise<void>;
  let drills: Drills;
  let stopped: AbortSignal;

  beforeEach(() => {
    now = NOON;
    all = [aDrill()];
    unreadable = null;
    deaf = null;
    gone = [];
    begun = [];
    told = [];
    drills = new Drills({
      drills: () => {
        if (unreadable !== null) throw unreadable;
        return all;
      },
      run: ({ name }, stop) => {
        begun.push(name);
        stopped = stop;
        return new Promise((resolve, reject) => {
          end = async (outcome) => {
            if (outcome instanceof Error) reject(outcome);
            else resolve(outcome);
            // What comes of it is told in the turns after.
            await new Promise<void>((next) => setImmediate(next));
          };
        });
      },
      clock: () => now,
      on: (event) => {
        told.push(event);
        if (deaf !== null) throw deaf;
      },
      gone: ({ name, role }) => gone.push(`${name} ${role}`),
    });
  });

  /** What is begun by looks at these instants, counted from noon. */
  const beginsAt = (...instants: readonly number[]) =>
    instants.filter((instant) => {
      now = NOON + instant;
      const before = begun.length;
      drills.look();
      return begun.length > before;
    });

  it("when it begins, then each is done at once, never twice at a time, and then from beginning to beginning", async () => {
    assert.deepEqual(beginsAt(0, 1000, 61 * MINUTE), [0]);
    now = NOON + 2 * MINUTE;
    await end(PASSED);
    assert.deepEqual(beginsAt(60 * MINUTE - 1, 60 * MINUTE), [60 * MINUTE]);
    assert.deepEqual(told, [
      { type: "drill-passed", drill: NAME, request: DIGEST, expiresAt: EXPIRES, lateMs: 70, failures: 0 },
    ]);
  });

  it("when one fails, then it is done again after five minutes, or at its interval if that is sooner, and failures are counted", async () => {
    beginsAt(0);
    now = NOON + MINUTE;
    await end(FAILED);
    assert.deepEqual(beginsAt(6 * MINUTE - 1, 6 * MINUTE), [6 * MINUTE]);
    await end({ ...FAILED, failure: "still-open", grant: GRANT, lateMs: MINUTE });
    // Its next was five minutes away; the file says otherwise now.
    all = [aDrill({ every: 2 * MINUTE })];
    assert.deepEqual(beginsAt(6 * MINUTE, 8 * MINUTE - 1, 8 * MINUTE), [8 * MINUTE]);
    await end(new Error("a fault of ours"));
    assert.deepEqual(beginsAt(10 * MINUTE - 1, 10 * MINUTE), [10 * MINUTE]);
    await end(PASSED);
    const common = { type: "drill-failed", drill: NAME, request: null, expiresAt: null, lateMs: null } as const;
    assert.deepEqual(told, [
      { ...common, failure: "login-failed", reason: "no login", failures: 1, again: NOON + 6 * MINUTE },
      {
        ...{
          ...common,
          request: DIGEST,
          expiresAt: EXPIRES,
          failure: "still-open",
          reason: "no login",
          lateMs: MINUTE,
        },
        ...{ failures: 2, again: NOON + 11 * MINUTE },
      },
      { ...common, failure: "grant-failed", reason: "a fault of ours", failures: 3, again: NOON + 10 * MINUTE },
      { type: "drill-passed", drill: NAME, request: DIGEST, expiresAt: EXPIRES, lateMs: 70, failures: 3 },
    ]);
  });

  it("when one fails after one that passed, then its failures are counted anew", async () => {
    for (const [minutes, outcome] of [
      [0, FAILED],
      [5, PASSED],
      [65, FAILED],
    ] as const) {
      beginsAt(minutes * MINUTE);
      await end(outcome);
    }
    assert.deepEqual(
      told.map(({ type, ...event }) => [type, "failures" in event ? event.failures : null]),
      [
        ["drill-failed", 1],
        ["drill-passed", 1],
        ["drill-failed", 1],
      ],
    );
  });

  it("when it can't be read which there are, or whoever is told fails, then those that were known go on", async () => {
    unreadable = new Error("EIO");
    assert.deepEqual(beginsAt(0), []);
    unreadable = null;
    assert.deepEqual(beginsAt(0), [0]);
    deaf = new Error("nobody listens");
    await end(PASSED);
    unreadable = new Error("EIO");
    assert.deepEqual(beginsAt(60 * MINUTE), [60 * MINUTE]);
    assert.deepEqual(
      told.map(({ type }) => type),
      ["drill-passed"],
    );
  });

  it("when one is listed no more, or for another role, then it is told to be gone once it is over, and one that comes back begins anew", async () => {
    const look = async (listed: Drill[], after?: () => Promise<void>) => {
      all = listed;
      drills.look();
      await after?.();
    };
    await look([aDrill()]);
    await look([]);
    assert.deepEqual(gone, []);
    await end(FAILED);
    await look([]);
    await look([]);
    assert.deepEqual(gone, ["orders orders-reader"]);
    await look([aDrill()], () => end(FAILED));
    await look([aDrill({ role: "orders-admin" })]);
    assert.deepEqual(gone, ["orders orders-reader", "orders orders-reader"]);
    assert.equal(begun.length, 3);
    assert.deepEqual(
      told.map((event) => "failures" in event && event.failures),
      [1, 1],
    );
  });

  it("when it waits for another, then it is looked at again in two seconds, and nothing is told", async () => {
    beginsAt(0);
    await end({ outcome: "waits" });
    assert.deepEqual(beginsAt(1999, 2000), [2000]);
    assert.deepEqual(told, []);
  });

  it("when the clock is set back, then it is not put off by more than an interval", async () => {
    beginsAt(0);
    await end(PASSED);
    const back = -24 * 60 * MINUTE;
    assert.deepEqual(beginsAt(back, back + 60 * MINUTE - 1, back + 60 * MINUTE), [back + 60 * MINUTE]);
  });

  it("when it is stopped, then none begins, those under way are told to and waited for, and what is left is told", async () => {
    beginsAt(0);
    let isOver = false;
    const stop = drills.stop().then(() => {
      isOver = true;
    });
    assert.ok(stopped.aborted);
    await new Promise<void>((next) => setImmediate(next));
    assert.equal(isOver, false);
    await end({ outcome: "stopped", grant: GRANT });
    await stop;
    assert.deepEqual(beginsAt(120 * MINUTE), []);
    assert.deepEqual(told, [{ type: "drill-stopped", drill: NAME, request: DIGEST, expiresAt: EXPIRES }]);
  });

  it("when it is stopped before it granted anything, then nothing is told", async () => {
    beginsAt(0);
    const stop = drills.stop();
    await end({ outcome: "stopped", grant: null });
    await stop;
    assert.deepEqual(told, []);
  });
});

describe("the request of a fire drill", () => {
  it("when it is made, then it is the canary's as written, of no stack, and of a digest of its own", () => {
    const inputs = inputsOfDrill(aDrill(), NOON, "0123456789ab");
    assert.deepEqual(inputs.request, {
      ...{ apiVersion: "elevation/v1", kind: "Request", metadata: { name: "drill-orders-0123456789ab" } },
      spec: {
        ...{ requester: "canary@example.com", role: "orders-reader", environment: "production", duration: "PT1M" },
        ...{ requestedAt: "2026-11-24T12:00:00.000Z", reason: "Fire drill" },
      },
    });
    const { organization, project, stack, origin } = inputs;
    assert.deepEqual([organization, project, stack, origin], ["elevate", DRILLS_PROJECT, "orders", ""]);
    assert.doesNotMatch(project, /^[A-Za-z0-9_.-]+$/, "a project of Pulumi's could be called so");
    assert.notEqual(inputsOfDrill(aDrill(), NOON, "0123456789ac").digest, inputs.digest);
  });

  it("when the drill's name is as long as can be, then so is the request's", () => {
    const { request } = inputsOfDrill(aDrill({ name: "o".repeat(63) }), NOON, "0123456789ab");
    assert.equal(request.metadata.name, `drill-${"o".repeat(44)}-0123456789ab`);
  });
});

describe("what is news of fire drills", () => {
  const passed: DrillEvent = {
    ...{ type: "drill-passed", drill: NAME, request: DIGEST, expiresAt: EXPIRES, lateMs: 70, failures: 0 },
  };
  const failed = (failure: "login-failed" | "still-open", failures: number): DrillEvent => ({
    ...{ type: "drill-failed", drill: NAME, request: null, expiresAt: null, failure, reason: "why", failures },
    ...{ lateMs: failure === "still-open" ? 2 * MINUTE : null, again: NOON },
  });

  it("when one passes, then that is news at first and after a failure; when it fails, then at first, when it is another, and each twelfth time", () => {
    const newsroom = new Newsroom(null);
    const events = [
      ...[passed, passed, failed("login-failed", 1), failed("login-failed", 2), failed("still-open", 3)],
      ...[failed("still-open", 11), failed("still-open", 12), failed("still-open", 13), passed, passed],
    ];
    const news = events.map((event) => newsroom.of(event).map(({ event: what, about }) => [what, about["failures"]]));
    assert.deepEqual(news, [
      [["drill-passed", undefined]],
      [],
      [["drill-failed", 1]],
      [],
      [["drill-failed", 3]],
      [],
      [["drill-failed", 12]],
      [],
      [["drill-passed", undefined]],
      [],
    ]);
  });

  it("when it is told, then it says what status says, and has one key", () => {
    const drill = { drill: "orders", requester: NAME.requester, role: NAME.role, environment: NAME.environment };
    assert.deepEqual(new Newsroom(null).of(failed("still-open", 1)), [
      {
        ...{ event: "drill-failed", key: "drill:orders" },
        about: {
          ...{ ...drill, request: null, expiresAt: null, failure: "still-open", reason: "why", failures: 1 },
          again: "2026-11-24T12:00:00.000Z",
        },
      },
    ]);
    assert.deepEqual(new Newsroom(null).of(passed), [
      {
        ...{ event: "drill-passed", key: "drill:orders" },
        about: { ...drill, request: DIGEST, expiresAt: EXPIRES, lateMs: 70 },
      },
    ]);
  });

  it("when it is measured, then lateness, the last success and failures are, by drill, and no label names the canary", async () => {
    const metrics = new ReaperMetrics();
    metrics.note(failed("still-open", 1), NOON);
    metrics.note(failed("still-open", 2), NOON);
    metrics.note(failed("login-failed", 3), NOON);
    const labels = 'drill="orders",role="orders-reader",environment="production"';
    const values = async () =>
      Object.fromEntries(
        (await metrics.text())
          .split("\n")
          .filter((line) => line.startsWith("elevation_drill"))
          .map((line) => line.split(" ")),
      ) as Record<string, string>;
    const before = await values();
    assert.equal(before[`elevation_drill_failing{${labels}}`], "1");
    assert.equal(before[`elevation_drill_failures_total{${labels},failure="still-open"}`], "2");
    assert.equal(before[`elevation_drill_failures_total{${labels},failure="login-failed"}`], "1");
    assert.equal(before[`elevation_drill_last_success_timestamp_seconds{${labels}}`], undefined);
    // What is still open is as late as it can be told to be.
    assert.equal(before[`elevation_drill_lateness_seconds_sum{${labels}}`], "240");
    assert.equal(before[`elevation_drill_lateness_seconds_count{${labels}}`], "2");
    metrics.note(passed, NOON);
    metrics.note({ ...passed, lateMs: -20 }, NOON + 1000);
    const after = await values();
    assert.equal(after[`elevation_drill_failing{${labels}}`], "0");
    assert.equal(after[`elevation_drill_last_success_timestamp_seconds{${labels}}`], `${NOON / 1000 + 1}`);
    assert.equal(after[`elevation_drill_lateness_seconds_sum{${labels}}`], "240.07");
    assert.equal(after[`elevation_drill_lateness_seconds_count{${labels}}`], "4");
    assert.doesNotMatch(await metrics.text(), /canary/);
    metrics.forgetDrill(NAME);
    const left = Object.keys(await values());
    assert.deepEqual(
      left.filter((name) => /failing|last_success/.test(name)),
      [],
    );
    assert.ok(left.includes(`elevation_drill_lateness_seconds_count{${labels}}`));
  });
});
