// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { formatInstant, type OrderPayload } from "@elevation/domain";
import {
  activate,
  activateScheduled,
  type GrantState,
  type Pass,
  read,
  reap,
  startScheduled,
  update,
} from "@elevation/provider/lifecycle";
import { aRequest, createWorld, eventsOf, inputsOf, START, type TestWorld } from "../../support/lifecycle";
import { aKey, orderEvent, signedOrder } from "../../support/signing";

const MINUTE = 60_000;
const PASS: Pass = { declared: null, states: [], environments: null, atOnce: 8 };
const UNTIL = formatInstant(START + 10 * MINUTE);

describe("orders that the journal holds", () => {
  let world: TestWorld;
  let state: GrantState;
  const inputs = inputsOf(aRequest({ duration: "PT30M" }));

  beforeEach(async () => {
    world = await createWorld();
    state = await activate(world, inputs);
  });
  afterEach(() => world.dispose());

  async function record(payload: Partial<OrderPayload> & Pick<OrderPayload, "order">): Promise<void> {
    const common = { by: "ann@example.com", at: formatInstant(world.now), id: payload.order, reason: "Stolen laptop" };
    await (await world.journal()).append([orderEvent(signedOrder(aKey(), { ...common, ...payload }))]);
  }

  const lock = (scope: object) => record({ order: "lock", lock: { ...scope, until: UNTIL } });

  for (const scope of [
    { person: "alice@example.com" },
    { role: "orders-admin" },
    { target: "orders" },
    { "*": true },
  ]) {
    it(`when ${Object.keys(scope)} is locked, then the next pass ends the grant, and says why`, async () => {
      await lock(scope);
      const { reaped } = await reap(world, PASS);
      assert.deepEqual(
        reaped.map(({ cause, outcome }) => [cause, outcome]),
        [["locked", "revoked"]],
      );
      assert.equal(world.target.things.size, 0);
    });
  }

  it("when something else is locked, then the grant stays", async () => {
    await lock({ person: "bob@example.com" });
    assert.deepEqual((await reap(world, PASS)).reaped, []);
  });

  it("when it is locked, then a refresh ends it, too", async () => {
    await lock({ "*": true });
    assert.equal(await read(world, state), null);
    assert.equal(world.target.things.size, 0);
  });

  it("when the lock has ended, then the grant of a new request is made, and a moment before it isn't", async () => {
    await lock({ role: "orders-admin" });
    await reap(world, PASS);
    const other = inputsOf(aRequest({ duration: "PT5M" }, "alice-again"));
    world.now = START + 10 * MINUTE - 1;
    await assert.rejects(activate(world, other), {
      code: "denied",
      message: `request \`alice-again\` is denied:\n  [locked] \`alice-again\` is locked: ann@example.com locked role \`orders-admin\` until 2026-11-24T10:10:00.000Z (\`Stolen laptop\`); ask for it after that`,
    });
    assert.deepEqual(await eventsOf(world, other), ["decided"]);
    world.now += 1;
    assert.equal((await activate(world, other)).status, "active");
  });

  it("when a grant that was scheduled before is to start, then it is denied while the lock stands, and opened after", async () => {
    const later = inputsOf(aRequest({ startAt: formatInstant(START + 5 * MINUTE) }, "later"));
    await activate(world, later);
    await lock({ role: "orders-admin" });
    const schedule = (await (await world.journal()).view()).scheduled.get(later.digest);
    assert.ok(schedule);
    const start = async () => (await startScheduled(world, world.documents, schedule))?.outcome;
    const outcomes = [];
    for (const minutes of [5, 10 - 1 / MINUTE, 10]) {
      world.now = START + minutes * MINUTE;
      outcomes.push(await start());
    }
    assert.deepEqual(outcomes, ["denied", "denied", "activated"]);
    assert.deepEqual(
      (await reap(world, PASS)).reaped.map(({ name }) => name),
      ["alice-orders"],
    );
  });

  describe("once the lock is over before anybody looked", () => {
    const reapedNow = async () =>
      (await reap(world, PASS)).reaped.map(({ name, cause, outcome }) => [name, cause, outcome]);

    it("when it stood while the grant was open, then the next pass ends it all the same, and nothing made since", async () => {
      await lock({ role: "orders-admin" });
      world.now = START + 10 * MINUTE;
      await activate(world, inputsOf(aRequest({}, "after")));
      assert.deepEqual(await reapedNow(), [["alice-orders", "locked", "revoked"]]);
      assert.equal(world.target.things.size, 1);
    });

    it("when a refresh is the first to look, then that ends it, too", async () => {
      await lock({ "*": true });
      world.now = START + 20 * MINUTE;
      assert.equal(await read(world, state), null);
      assert.equal(world.target.things.size, 0);
    });

    it("when it could only be recorded after that, then it ends what was made a moment before it was over, and nothing later", async () => {
      world.now = START + 10 * MINUTE - 1;
      await activate(world, inputsOf(aRequest({}, "before")));
      world.now = START + 10 * MINUTE;
      await activate(world, inputsOf(aRequest({}, "after")));
      await lock({ "*": true });
      assert.deepEqual(await reapedNow(), [
        ["alice-orders", "locked", "revoked"],
        ["before", "locked", "revoked"],
      ]);
    });

    it("when its activation took until then, then it is ended at once", async () => {
      const other = inputsOf(aRequest({ duration: "PT30M" }, "alice-again"));
      world.target.before = async (operation) => {
        if (operation !== "created") return;
        await lock({ "*": true });
        world.now = START + 11 * MINUTE;
        world.target.before = () => undefined;
      };
      assert.equal((await activate(world, other)).status, "revoked");
      assert.deepEqual(await eventsOf(world, other), ["decided", "activating", "revoking", "revoked"]);
    });
  });

  it("when it is locked while it is made, then it is ended at once, and never called active", async () => {
    const other = inputsOf(aRequest({ duration: "PT5M" }, "alice-again"));
    let isFirst = true;
    world.target.before = async (operation) => {
      if (operation !== "create" || !isFirst) return;
      isFirst = false;
      await lock({ "*": true });
    };
    const { status } = await activate(world, other);
    assert.equal(status, "revoked");
    assert.deepEqual(await eventsOf(world, other), ["decided", "activating", "revoking", "revoked"]);
    const { endCause } = (await (await world.journal()).view()).grant(other.digest) ?? {};
    assert.equal(endCause, "locked");
    assert.equal(world.target.things.size, 1, "the other one is for the next pass");
  });

  describe("of a grant whose target is gone for good", () => {
    beforeEach(async () => {
      world.target.before = (operation) => {
        if (operation === "connect") throw new Error("the server is away");
      };
      world.now = START + 30 * MINUTE;
      assert.deepEqual(
        (await reap(world, PASS)).reaped.map(({ outcome }) => outcome),
        ["stuck"],
      );
      await record({ order: "abandon", request: inputs.digest });
    });

    it("when it was abandoned, then no pass tells of it, a refresh drops it, and it is in the way of nobody", async () => {
      assert.deepEqual((await reap(world, PASS)).reaped, []);
      assert.equal(await read(world, state), null);
      const view = await (await world.journal()).view();
      assert.deepEqual([view.live.length, view.grant(inputs.digest)?.residue.length], [0, 1]);
    });

    it("when an up meets it, then its state says that it is stuck, for nobody has seen it end", async () => {
      assert.equal((await update(world, state, inputs)).status, "stuck");
      world.target.before = () => undefined;
      assert.equal((await update(world, state, inputs)).status, "expired");
    });

    it("when the target comes back after it was abandoned, then what stands there is ended, and no residue is left", async () => {
      world.target.before = () => undefined;
      await reap(world, PASS);
      assert.equal(world.target.things.size, 0);
      assert.deepEqual((await (await world.journal()).view()).grant(inputs.digest)?.residue, []);
      assert.deepEqual((await eventsOf(world, inputs)).slice(-3), ["order", "revoked", "residue"]);
    });

    it("when its request is applied again, then nothing is made", async () => {
      world.target.before = () => undefined;
      world.target.things.clear();
      const { status } = await activate(world, inputs);
      assert.equal(status, "stuck");
      assert.equal(world.target.things.size, 0);
    });
  });

  describe("to revoke what is not open", () => {
    const NOON = formatInstant(START + 60 * MINUTE);
    const later = inputsOf(aRequest({ startAt: NOON, duration: "PT30M" }, "later"));
    const revoke = () => record({ order: "revoke", request: later.digest });
    const refusal = `\`later\` creates nothing: \`later\` was revoked at ${formatInstant(START)} by order \`revoke\` of \`ann@example.com\`, before it opened anything; write a new request`;

    it("when it waits for its start, then an up opens nothing at it, and says why", async () => {
      const scheduled = await activate(world, later);
      await revoke();
      world.now = START + 60 * MINUTE;
      const { status } = await activate(world, later, scheduled);
      assert.equal(status, "failed");
      assert.equal(world.said.at(-1), refusal);
      assert.equal([...world.target.things.keys()].filter((name) => name.includes("later")).length, 0);
      assert.deepEqual((await (await world.journal()).view()).scheduled.size, 0);
    });

    it("when the reaper was about to open it, then it opens nothing", async () => {
      await activate(world, later);
      await revoke();
      world.now = START + 60 * MINUTE;
      const before = world.target.things.size;
      const schedule = (await (await world.journal()).view()).scheduled.get(later.digest);
      assert.ok(schedule);
      assert.equal((await activateScheduled(world, schedule))?.status, "failed");
      assert.equal(world.target.things.size, before);
    });

    it("when the order comes while it is made, then it is ended at once, and never called active", async () => {
      const other = inputsOf(aRequest({}, "other"));
      world.target.before = async (operation) => {
        if (operation !== "created") return;
        world.target.before = () => undefined;
        await record({ order: "revoke", request: other.digest });
      };
      assert.equal((await activate(world, other)).status, "revoked");
      assert.deepEqual(await eventsOf(world, other), ["decided", "activating", "order", "revoking", "revoked"]);
      const { endCause } = (await (await world.journal()).view()).grant(other.digest) ?? {};
      assert.equal(endCause, "ordered");
      assert.equal(world.target.things.size, 1);
    });

    it("when it was opened before the order could be recorded, then the next pass ends it", async () => {
      await activate(world, later);
      world.now = START + 60 * MINUTE;
      await activate(world, later);
      await record({ order: "revoke", request: later.digest });
      const { reaped } = await reap(world, PASS);
      assert.deepEqual(
        reaped.filter(({ name }) => name === "later").map(({ cause, outcome }) => [cause, outcome]),
        [["ordered", "revoked"]],
      );
    });
  });
});
