// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { formatInstant, type Instant } from "@elevation/domain";
import { activate, type GrantInputs } from "@elevation/provider/lifecycle";
import { type ReaperEvent, type ReaperOptions, runReaper, type Stopped } from "@elevation/reaper";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aRequest, createWorld, eventsOf, inputsOf, type TestWorld } from "../../support/lifecycle";

/** A reaper that runs until the test is over, and what it tells. */
class Run {
  readonly events: ReaperEvent[] = [];
  readonly #stop = new AbortController();
  readonly #waiting: { readonly is: (event: ReaperEvent) => boolean; readonly done: (event: ReaperEvent) => void }[] =
    [];
  readonly #run: Promise<Stopped>;

  constructor(world: TestWorld, options: Partial<ReaperOptions> = {}) {
    const on = (event: ReaperEvent) => {
      this.events.push(event);
      for (const { is, done } of [...this.#waiting]) if (is(event)) done(event);
    };
    const usual = {
      environments: null,
      judge: () => null,
      atOnce: 4,
      lookEvery: 20,
      sweepEvery: 60_000,
      reconcileEvery: 60_000,
      random: () => 0,
    };
    this.#run = runReaper(world, { ...usual, ...options, on }, this.#stop.signal);
  }

  /** The first event of a type that is told from now on, and fits. */
  next<T extends ReaperEvent["type"]>(
    type: T,
    fits: (event: Extract<ReaperEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ReaperEvent, { type: T }>> {
    return new Promise((resolve) => {
      const is = (event: ReaperEvent) => event.type === type && fits(event as Extract<ReaperEvent, { type: T }>);
      const waiting = {
        is,
        done: (event: ReaperEvent) => {
          this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
          resolve(event as Extract<ReaperEvent, { type: T }>);
        },
      };
      this.#waiting.push(waiting);
    });
  }

  stop(): Promise<Stopped> {
    this.#stop.abort();
    return this.#run;
  }
}

describe("the reaper", () => {
  let world: TestWorld;
  let run: Run | null = null;

  beforeEach(async () => {
    const real = await createWorld(Date.now());
    world = { ...real, clock: () => Date.now() };
    world.target.now = () => Date.now();
    world.documents = {
      ...world.documents,
      policy: { ...world.documents.policy, value: withShortGrants(world.documents.policy.value) },
    };
    const { documents } = world;
    world = { ...world, judge: () => documents };
  });
  afterEach(async () => {
    await run?.stop();
    run = null;
    await world.dispose();
  });

  async function grant(name: string, duration: string): Promise<GrantInputs & { readonly end: Instant }> {
    const requestedAt = formatInstant(Date.now() - 1000);
    const inputs = inputsOf(aRequest({ requestedAt, duration }, name));
    const { expiresAt } = await activate(world, inputs);
    return { ...inputs, end: Date.parse(expiresAt ?? "") };
  }

  it("when a grant's time is over, then it is taken away then, and no moment before, and the journal has it", async () => {
    const inputs = await grant("alice-orders", "PT0.3S");
    run = new Run(world);
    const taken = new Promise<Instant>((resolve) => {
      world.target.before = (operation) => void (operation === "revoke" && resolve(Date.now()));
    });
    const { grant: ended, lateMs } = await run.next("ended");
    assert.ok((await taken) >= inputs.end);
    assert.deepEqual([ended.name, ended.cause, ended.outcome], ["alice-orders", "expiry", "expired"]);
    assert.ok(lateMs !== null && lateMs >= 0);
    assert.equal(world.target.things.size, 0);
    assert.deepEqual(await eventsOf(world, inputs), ["decided", "activating", "activated", "revoking", "expired"]);
  });

  it("when a grant is made while it runs, by another process, then it knows of it, and ends it", async () => {
    run = new Run(world);
    await run.next("looked", ({ open }) => open === 0);
    const ended = run.next("ended");
    const inputs = await grant("alice-orders", "PT0.2S");
    assert.equal((await ended).grant.digest, inputs.digest);
  });

  it("when the target is down, then it tries again and again, and ends it as soon as the target is back", async () => {
    const inputs = await grant("alice-orders", "PT0.05S");
    world.target.before = (operation) => {
      if (operation === "connect") throw new Error("the server is away");
    };
    run = new Run(world);
    const second = await run.next("failed", ({ failures }) => failures === 2);
    assert.match(second.grant.reason ?? "", /must end and could not be ended: the server is away; /);
    assert.equal(second.grant.outcome, "stuck");
    assert.ok(second.again > Date.now());
    const ended = run.next("ended");
    world.target.before = () => undefined;
    assert.equal((await ended).grant.outcome, "expired");
    assert.deepEqual(await eventsOf(world, inputs), [
      ...["decided", "activating", "activated", "revoking", "stuck", "stuck", "expired"],
    ]);
  });

  it("when the journal goes away, then what it knew ends on time all the same, and is recorded once it is back", async () => {
    const inputs = await grant("alice-orders", "PT0.4S");
    run = new Run(world);
    await run.next("looked", ({ open }) => open === 1);
    const lost = run.next("journal", ({ reason }) => reason !== null);
    const unrecorded = run.next("failed");
    renameSync(world.journalFile, `${world.journalFile}.away`);
    assert.match((await lost).reason ?? "", /journal/);
    assert.equal((await unrecorded).grant.outcome, "unrecorded");
    assert.equal(world.target.things.size, 0);
    const ended = run.next("ended");
    renameSync(`${world.journalFile}.away`, world.journalFile);
    assert.equal((await ended).grant.outcome, "expired");
    assert.deepEqual((await eventsOf(world, inputs)).at(-1), "expired");
  }).timeout(20_000);

  it("when it is told to stop, then it finishes the ends that have begun, and begins no more", async () => {
    const first = await grant("alice-first", "PT0.05S");
    const second = await grant("alice-second", "PT1H");
    run = new Run(world);
    let goOn: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      world.target.before = (operation) => {
        if (operation !== "revoke") return;
        resolve();
        return new Promise((done) => {
          goOn = done;
        });
      };
    });
    await begun;
    const stopped = run.stop();
    goOn();
    assert.deepEqual(await stopped, { failing: 0 });
    assert.equal((await eventsOf(world, first)).at(-1), "expired");
    assert.equal((await eventsOf(world, second)).at(-1), "activated");
  });

  it("when its person leaves the directory, then the grant ends at the next look, and the other stays", async () => {
    const leaving = await grant("alice-orders", "PT1H");
    const { documents } = world;
    let judge = documents;
    run = new Run(world, { judge: () => judge });
    await run.next("looked", ({ open }) => open === 1);
    const ended = run.next("ended");
    const { "alice@example.com": _, ...people } = documents.directory.value.people;
    judge = { ...documents, directory: { ...documents.directory, value: { ...documents.directory.value, people } } };
    const { grant: reaped, lateMs } = await ended;
    assert.deepEqual([reaped.digest, reaped.cause, reaped.outcome, lateMs], [leaving.digest, "left", "revoked", null]);
    assert.equal(world.target.things.size, 0);
  });

  async function schedule(name: string, milliseconds: number): Promise<GrantInputs & { readonly start: Instant }> {
    const start = Date.now() + milliseconds;
    const times = { requestedAt: formatInstant(start - milliseconds - 1000), startAt: formatInstant(start) };
    const inputs = inputsOf(aRequest({ ...times, duration: "PT0.4S" }, name));
    assert.equal((await activate(world, inputs)).status, "scheduled");
    return { ...inputs, start };
  }

  it("when a scheduled grant's start comes, then it is opened then, and no moment before, and ends at its end", async () => {
    run = new Run(world, { activate: () => world.documents });
    await run.next("looked");
    const inputs = await schedule("alice-orders", 300);
    const created = new Promise<Instant>((resolve) => {
      world.target.before = (operation) => void (operation === "create" && resolve(Date.now()));
    });
    const [{ scheduled }, activated, ended] = await Promise.all([
      run.next("looked", ({ scheduled }) => scheduled === 1),
      run.next("activated"),
      run.next("ended"),
    ]);
    assert.ok((await created) >= inputs.start);
    assert.deepEqual([scheduled, activated.start.outcome, ended.grant.outcome], [1, "activated", "expired"]);
    assert.ok(activated.lateMs >= 0);
    assert.deepEqual(await eventsOf(world, inputs), [
      ...["decided", "decided", "activating", "activated", "revoking", "expired"],
    ]);
  });

  it("when it is not told to activate, or has nothing to decide by, then it opens nothing", async () => {
    const inputs = await schedule("alice-orders", 300);
    for (const activate of [null, () => null]) {
      run = new Run(world, { activate });
      await run.next("looked", ({ scheduled }) => scheduled === 1 && Date.now() > inputs.start);
      await run.next("looked");
      await run.stop();
    }
    // What stands there is compared with the journal; nothing is made.
    assert.deepEqual(new Set(world.target.calls), new Set(["connect"]));
    assert.deepEqual(await eventsOf(world, inputs), ["decided"]);
  });

  it("when the journal goes away, then it opens nothing until it is back, and ends what it knows", async () => {
    const live = await grant("alice-live", "PT0.6S");
    run = new Run(world, { activate: () => world.documents });
    const inputs = await schedule("alice-orders", 500);
    await run.next("looked", ({ open, scheduled }) => open === 1 && scheduled === 1);
    const [lost, unrecorded] = [run.next("journal", ({ reason }) => reason !== null), run.next("failed")];
    renameSync(world.journalFile, `${world.journalFile}.away`);
    await lost;
    assert.equal((await unrecorded).grant.digest, live.digest);
    assert.ok(Date.now() > inputs.start);
    assert.equal(world.target.things.size, 0);
    const activated = run.next("activated");
    renameSync(`${world.journalFile}.away`, world.journalFile);
    assert.equal((await activated).start.digest, inputs.digest);
    assert.ok(!run.events.some(({ type }) => type === "unactivated"));
  }).timeout(20_000);

  it("when two reapers run, then a scheduled grant is opened once", async () => {
    const inputs = await schedule("alice-orders", 300);
    run = new Run(world, { activate: () => world.documents });
    world.fork();
    const other = new Run(world, { activate: () => world.documents });
    const ended = [run, other].map((each) => each.next("looked", ({ open, scheduled }) => open + scheduled === 0));
    await Promise.all(ended);
    await other.stop();
    assert.deepEqual(
      (await eventsOf(world, inputs)).filter((type) => type === "activating" || type === "activated"),
      ["activating", "activated"],
    );
    assert.deepEqual([run, other].flatMap(({ events }) => events.filter(({ type }) => type === "activated")).length, 1);
  });

  it("when grants are of other environments, then it leaves them alone", async () => {
    const inputs = await grant("alice-orders", "PT0.05S");
    run = new Run(world, { environments: new Set(["staging"]) });
    assert.deepEqual(await run.next("looked"), { type: "looked", open: 0, next: null, scheduled: 0 });
    await run.stop();
    assert.equal((await eventsOf(world, inputs)).at(-1), "activated");
  });
});

function withShortGrants<P extends { readonly rules: readonly object[] }>(policy: P): P {
  const rules = policy.rules.map((rule) => ({ ...rule, duration: { min: "PT0.01S", max: "PT1H" } }));
  return { ...policy, rules } as P;
}
