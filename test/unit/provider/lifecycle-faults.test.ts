// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import type { EventData } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import { SHELL_TEXT } from "@elevation/provider";
import {
  activate,
  type Deadline,
  diff,
  GrantError,
  type GrantState,
  type OpenState,
  read,
  remove,
  update,
} from "@elevation/provider/lifecycle";
import { aRequest, createWorld, eventsOf, inputsOf, instant, START, type TestWorld } from "../../support/lifecycle";

const MINUTE = 60_000;
const ENDS = START + 30 * MINUTE;

/** A failure that keeps the resource in the state. */
interface Kept extends Error {
  readonly id?: string;
  readonly properties?: GrantState;
}

describe("the life of a grant, when something fails half-way", () => {
  let world: TestWorld;
  const inputs = inputsOf(aRequest());

  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.dispose());

  const types = () => eventsOf(world, inputs);
  const isOpen = () => world.target.things.size > 0;
  const failureOf = (run: Promise<unknown>): Promise<Kept> =>
    run.then(
      () => assert.fail("it should have failed"),
      (error: unknown) => error as Kept,
    );
  const failAt = (...points: string[]) => {
    world.target.before = (operation) => {
      if (points.includes(operation)) throw new Error("connection refused");
    };
  };
  const heal = async () => {
    world.target.before = () => undefined;
    await world.restart();
  };
  /** Runs an operation that is killed at a point, as SIGKILL would: nothing after it happens. */
  const killAt = (point: string, run: () => Promise<unknown>): Promise<void> =>
    new Promise((reached) => {
      world.target.before = (operation) => {
        if (operation !== point) return undefined;
        reached();
        return new Promise<never>(() => undefined);
      };
      void run().catch(() => undefined);
    });
  /** Makes something that isn't ours out of what stands under the grant's name. */
  const takeOver = (identity: string) => {
    const object = world.target.objectName(inputs.digest);
    const digest = inputs.digest;
    world.target.things.set(object, {
      digest,
      identity,
      role: "orders_admin",
      extra: [],
      broken: false,
      foreign: true,
    });
  };
  const loseJournal = async () => {
    await world.restart();
    renameSync(world.journalFile, `${world.journalFile}.away`);
  };

  describe("a scheduled grant that a killed update opened, so that the state knows nothing of it", () => {
    const later = inputsOf(aRequest({ startAt: "2026-11-24T12:00:00Z" }));
    const starts = instant("2026-11-24T12:00:00Z");
    let state: GrantState;

    beforeEach(async () => {
      state = await activate(world, later);
      world.now = starts;
      await killAt("created", () => update(world, state, later));
      await heal();
      assert.ok(isOpen());
      assert.equal(state.place, null);
    });

    it("when it is read, then the state learns where it is, and diff and update finish it", async () => {
      const seen = (await read(world, state)) as OpenState;
      assert.equal(seen.status, "active");
      assert.equal(seen.place.object, world.target.objectName(later.digest));
      assert.equal((await diff(world, asProps(state), asProps(state))).changes, true);
      assert.equal((await update(world, state, later)).status, "active");
      assert.deepEqual(await eventsOf(world, later), ["decided", "decided", "activating", "activated"]);
    });

    it("when it is read after its expiry, then it ends", async () => {
      world.now = starts + 30 * MINUTE;
      assert.equal(await read(world, state), null);
      assert.ok(!isOpen());
    });

    it("when it is removed from code, then it ends, without policy and directory", async () => {
      await remove({ ...world, judge: () => assert.fail("revoking consulted the policy") }, state);
      assert.ok(!isOpen());
    });

    it("when it is removed and the journal is lost, then the removal fails: only the journal knows what to end", async () => {
      await loseJournal();
      const failure = await failureOf(remove(world, state));
      assert.match(
        failure.message,
        /^`alice-orders` is scheduled, and only the journal knows whether a run that was killed activated it: .+; the resource stays until it can be read$/,
      );
      assert.deepEqual(await read(world, state), state);
    });
  });

  it("when a scheduled grant is read and the policy is broken, then it stays: nothing is open", async () => {
    const later = inputsOf(aRequest({ startAt: "2026-11-24T12:00:00Z" }));
    const state = await activate(world, later);
    world.now = instant("2026-11-26T12:00:00Z");
    const judge = () => {
      throw new GrantError("policy-invalid", "elevation.yaml:1:1: it is no policy");
    };
    assert.deepEqual(await read({ ...world, judge }, state), state);
    assert.deepEqual(world.said, ["`alice-orders` stays scheduled: elevation.yaml:1:1: it is no policy"]);
  });

  it("when the state was lost and the target is down, then create fails and keeps the grant in the state", async () => {
    await activate(world, inputs);
    failAt("connect");
    const failure = await failureOf(activate(world, inputs));
    assert.equal(failure.message, "connection refused");
    assert.equal(failure.id, inputs.digest);
    assert.equal(failure.properties?.status, "active");
    assert.equal(failure.properties?.place?.identity, "alice");
  });

  it("when the state was lost, the grant is past its end and the target is down, then it is kept as stuck and read ends it", async () => {
    await activate(world, inputs);
    world.now = ENDS;
    failAt("connect");
    const failure = await failureOf(activate(world, inputs));
    assert.equal(failure.properties?.status, "stuck");
    await heal();
    assert.equal(await read(world, failure.properties as GrantState), null);
    assert.ok(!isOpen());
  });

  it("when the target can't be reached at all, then nothing was made, and that is journaled", async () => {
    failAt("connect");
    await assert.rejects(activate(world, inputs), { message: "connection refused" });
    assert.deepEqual(await types(), ["failed"]);
  });

  describe("time", () => {
    const passedAt = (when: Promise<void>): Deadline & { isOver: boolean } => {
      const error = new GrantError("timed-out", "create took longer than 120 s");
      const deadline = {
        isOver: false,
        check: () => {
          if (deadline.isOver) throw error;
        },
        passed: when.then(() => {
          deadline.isOver = true;
          throw error;
        }),
      };
      deadline.passed.catch(() => undefined);
      return deadline;
    };

    it("when it is over before the intent, then nothing is made or intended", async () => {
      const over = passedAt(Promise.resolve());
      await over.passed.catch(() => undefined);
      await assert.rejects(activate({ ...world, deadline: over }, inputs), {
        message: "create took longer than 120 s",
      });
      assert.ok(!world.target.calls.includes("create"));
      assert.deepEqual(await types(), ["failed"]);
    });

    it("when it is over while the access is made, then the error keeps the grant in the state", async () => {
      let reached: () => void = () => undefined;
      const hanging = new Promise<void>((resolve) => {
        reached = resolve;
      });
      world.target.before = (operation) => {
        if (operation !== "created") return undefined;
        reached();
        return new Promise<never>(() => undefined);
      };
      const failure = await failureOf(activate({ ...world, deadline: passedAt(hanging) }, inputs));
      assert.equal(failure.message, "create took longer than 120 s");
      assert.equal(failure.properties?.place?.object, world.target.objectName(inputs.digest));
      await heal();
      await remove(world, failure.properties as GrantState);
      assert.ok(!isOpen());
    });

    it("when making it took until its end, then it is ended at once", async () => {
      world.target.before = (operation) => {
        if (operation === "created") world.now = ENDS;
      };
      assert.equal((await activate(world, inputs)).status, "expired");
      assert.ok(!isOpen());
      assert.deepEqual(await types(), ["decided", "activating", "revoking", "expired"]);
    });

    it("when its end comes while a refresh looks, then that refresh ends it", async () => {
      const state = await activate(world, inputs);
      world.now = ENDS - 1;
      world.target.before = (operation) => {
        if (operation === "observe") world.now = ENDS;
      };
      assert.equal(await read(world, state), null);
      assert.ok(!isOpen());
    });

    it("when the target answers slowly, then no more than a second is taken off the clocks' gap", async () => {
      world.target.now = () => world.now + 6_001;
      world.target.precision = 20_000;
      await assert.rejects(activate(world, inputs), { code: "clock-apart" });
      world.target.now = () => world.now + 6_000;
      assert.equal((await activate(world, inputs)).status, "active");
    });

    it("when a half-made grant is taken up and the clocks are apart, then it is failed and nothing is made", async () => {
      await killAt("create", () => activate(world, inputs));
      await heal();
      world.target.now = () => world.now - 60_000;
      await assert.rejects(activate(world, inputs), { code: "clock-apart" });
      assert.ok(!isOpen());
      assert.deepEqual(await types(), ["decided", "activating", "failed"]);
    });
  });

  describe("two grants of one role to one person", () => {
    const second = inputsOf(aRequest({}, "alice-orders-again"));
    let states: [GrantState, GrantState];

    beforeEach(async () => {
      states = [await activate(world, inputs), await activate(world, second)];
      world.target.sessions.set("alice", 1);
    });

    it("when one ends, then her session is spared; when the other ends, then it is cut", async () => {
      await remove(world, states[0]);
      assert.equal(world.target.sessions.get("alice"), 1);
      await remove(world, states[1]);
      assert.equal(world.target.sessions.size, 0);
    });

    it("when both end at the same time, then her session is cut", async () => {
      await Promise.all(states.map((state) => remove(world, state)));
      assert.equal(world.target.sessions.size, 0);
    });

    it("when both end, and each is asked only after both were taken away, then her session is cut", async () => {
      let waiting = 0;
      let go: () => void = () => undefined;
      const both = new Promise<void>((resolve) => {
        go = resolve;
      });
      world.target.before = async (operation) => {
        if (operation !== "taken") return;
        waiting += 1;
        if (waiting === 2) go();
        await both;
      };
      await Promise.all(states.map((state) => remove(world, state)));
      assert.equal(world.target.sessions.size, 0);
    });

    it("when an end that was finished is repeated, then a session that was opened since is left alone", async () => {
      await remove(world, states[0]);
      await remove(world, states[1]);
      world.target.sessions.set("alice", 1);
      await remove(world, states[0]);
      assert.equal(world.target.sessions.get("alice"), 1);
    });

    it("when one ends while the journal can't be written, then nothing is spared", async () => {
      const journal = await world.journal();
      const broken = Object.create(journal, {
        append: { value: () => Promise.reject(new Error("no space left on device")) },
        view: { value: () => journal.view() },
        step: { value: () => Promise.reject(new Error("no space left on device")) },
      });
      await assert.rejects(remove({ ...world, journal: async () => broken }, states[0]));
      assert.equal(world.target.sessions.size, 0);
    });
  });

  describe("somebody else's object under our name", () => {
    it("when it stands where a killed run had an intent and gives the person access, then it is an orphan, stuck and kept", async () => {
      await killAt("created", () => activate(world, inputs));
      await heal();
      takeOver("alice");
      const failure = await failureOf(activate(world, inputs));
      assert.match(
        failure.message,
        /^stuck: the activation failed \(`elev_\w+` stands at `orders` and is not as we make it/,
      );
      assert.equal(failure.properties?.status, "stuck");
      assert.deepEqual(await types(), ["decided", "activating", "orphan", "revoking", "stuck"]);
    });

    it("when it gives the person nothing, then the grant is revoked with that as residue, and opens no second time", async () => {
      await killAt("created", () => activate(world, inputs));
      await heal();
      takeOver("mallory");
      await assert.rejects(activate(world, inputs), { code: "name-taken" });
      assert.deepEqual(await types(), ["decided", "activating", "orphan", "revoking", "revoked", "residue"]);
      const { residue } = (await lastOf("residue")).data as EventData["residue"];
      assert.deepEqual(residue, [
        `\`${world.target.objectName(inputs.digest)}\` was made by somebody else; it was left alone`,
      ]);
    });

    it("when it was made between our look and our create, then it is left alone and the activation is failed", async () => {
      world.target.before = (operation) => {
        if (operation === "create") takeOver("alice");
      };
      const failure = await failureOf(activate(world, inputs));
      assert.equal(failure.id, undefined);
      assert.deepEqual(await types(), ["decided", "activating", "orphan", "failed"]);
      assert.ok(!world.target.calls.includes("revoke"));
    });

    it("when an active grant was replaced by it and the state was lost, then create ends it as drift", async () => {
      await activate(world, inputs);
      takeOver("mallory");
      assert.equal((await activate(world, inputs)).status, "revoked");
      assert.deepEqual((await types()).slice(3), ["drift", "revoking", "revoked", "residue"]);
    });
  });

  it("when an activation of another process stands, then a fault of ours doesn't end it", async () => {
    await killAt("created", () => activate(world, inputs));
    await heal();
    let observed = 0;
    world.target.before = async (operation) => {
      if (operation !== "observe") return;
      observed += 1;
      if (observed !== 2) return;
      world.target.before = () => undefined;
      await activate(world, inputs);
      throw new Error("connection refused");
    };
    const failure = await failureOf(activate(world, inputs));
    assert.equal(failure.properties?.status, "active");
    assert.ok(isOpen());
    assert.deepEqual(await types(), ["decided", "activating", "activated"]);
  });

  describe("what must end", () => {
    it("when an older state of an ended grant is compared, then diff calls for its end", async () => {
      const state = await activate(world, inputs);
      await remove(world, state);
      assert.equal((await diff(world, asProps(state), asProps(state))).changes, true);
    });

    it("when its end was begun and killed, then diff calls for it", async () => {
      const state = await activate(world, inputs);
      await killAt("revoke", () => remove(world, state));
      await heal();
      assert.equal((await diff(world, asProps(state), asProps(state))).changes, true);
    });

    it("when it is past its end and the journal is lost, then update ends it all the same, and fails", async () => {
      const state = await activate(world, inputs);
      await loseJournal();
      world.now = ENDS;
      await assert.rejects(update(world, state, inputs), { code: "journal-untrusted" });
      assert.ok(!isOpen());
    });

    it("when the state says stuck, then read and update end it before its expiry", async () => {
      for (const end of [
        (state: GrantState) => read(world, state),
        (state: GrantState) => update(world, state, inputsOf(state.request)),
      ]) {
        const name = `stuck-${world.target.calls.length}`;
        const state = await activate(world, inputsOf(aRequest({}, name)));
        await end({ ...state, status: "stuck" });
        assert.ok(!isOpen());
      }
    });
  });

  it("when the journal is on the target's own server, then nothing is granted there, and what is live can be ended", async () => {
    const state = await activate(world, inputs);
    const real = await world.journal();
    const journal = Object.create(real, {
      server: { value: async () => "server-1" },
      view: { value: () => real.view() },
      append: { value: real.append.bind(real) },
      step: { value: real.step.bind(real) },
    });
    const there = { ...world, journal: async () => journal };
    const second = inputsOf(aRequest({}, "alice-orders-again"));
    await assert.rejects(activate(there, second), {
      message:
        "connection `orders` leads to the server that holds the journal, and whoever is elevated there could rewrite it; move the journal to a server of its own",
    });
    await remove(world, state);
    assert.ok(!isOpen());
  });

  it("when another grant is activated later, then its witness covers what came before", async () => {
    await activate(world, inputs);
    const second = await activate(world, inputsOf(aRequest({ duration: "PT5M" }, "alice-orders-again")));
    const { head } = await (await world.journal()).view();
    assert.deepEqual(second.witness, head);
  });

  async function lastOf(type: string) {
    const events = await openStore(`file:${world.journalFile}`).read();
    return events.findLast((event) => event.type === type) ?? assert.fail(`no ${type}`);
  }
});

function asProps(state: GrantState): Record<string, unknown> {
  return { ...state, __provider: SHELL_TEXT };
}
