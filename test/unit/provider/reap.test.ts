// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import {
  activate,
  type GrantInputs,
  type GrantState,
  type Pass,
  type Reaped,
  read,
  reap,
} from "@elevation/provider/lifecycle";
import { aRequest, createWorld, eventsOf, inputsOf, START, type TestWorld } from "../../support/lifecycle";

const MINUTE = 60_000;
const NOTHING_DECLARED = { project: "elevation", digests: new Set<never>() };

describe("one pass of the reaper", () => {
  let world: TestWorld;
  const one = inputsOf(aRequest({ duration: "PT10M" }, "one"));
  const other = inputsOf(aRequest({ duration: "PT20M" }, "other"));
  let states: [GrantState, GrantState];

  beforeEach(async () => {
    world = await createWorld();
    states = [await activate(world, one), await activate(world, other)];
  });
  afterEach(() => world.dispose());

  const pass = (changes: Partial<Pass> = {}) =>
    reap(
      { ...world, judge: () => assert.fail("the reaper consulted the policy") },
      {
        ...{ declared: null, states: [], environments: null, atOnce: 8 },
        ...changes,
      },
    );
  const summary = (reaped: readonly Reaped[]) => reaped.map(({ name, cause, outcome }) => [name, cause, outcome]);
  const declaring = (...inputs: GrantInputs[]) => ({
    project: "elevation",
    digests: new Set(inputs.map(({ digest }) => digest)),
  });

  it("when nothing is due, then nothing is done", async () => {
    world.target.calls.length = 0;
    assert.deepEqual(await pass({ declared: declaring(one, other) }), { reaped: [], started: [], untrusted: null });
    assert.deepEqual(world.target.calls, ["connect"], "the target's clock is asked, once for both");
  });

  it("when one is past its end, then it alone ends, and the next pass and refresh have nothing to do", async () => {
    world.now = START + 10 * MINUTE;
    const { reaped } = await pass();
    assert.deepEqual(summary(reaped), [["one", "expiry", "expired"]]);
    assert.equal(world.target.things.size, 1);
    assert.deepEqual((await eventsOf(world, one)).slice(3), ["revoking", "expired"]);
    assert.deepEqual((await pass()).reaped, []);
    assert.equal(await read(world, states[0]), null);
    assert.deepEqual((await eventsOf(world, one)).slice(3), ["revoking", "expired"]);
  });

  it("when a request is no longer declared, then its grant is revoked and the other stays", async () => {
    const { reaped } = await pass({ declared: declaring(other) });
    assert.deepEqual(summary(reaped), [["one", "withdrawn", "revoked"]]);
    assert.equal(world.target.things.size, 1);
  });

  it("when a grant is of another project, or was written in a program, then no folder withdraws it", async () => {
    const written = inputsOf(aRequest({}, "written"));
    await activate(world, { ...written, origin: "" });
    assert.deepEqual((await pass({ declared: { ...NOTHING_DECLARED, project: "elsewhere" } })).reaped, []);
    assert.deepEqual(summary((await pass({ declared: NOTHING_DECLARED })).reaped), [
      ["one", "withdrawn", "revoked"],
      ["other", "withdrawn", "revoked"],
    ]);
    assert.equal(world.target.things.size, 1);
  });

  it("when an end was begun or is stuck, then the pass finishes it before its expiry", async () => {
    world.target.before = (operation) => {
      if (operation === "revoke") throw new Error("connection refused");
    };
    const first = await pass({ declared: declaring(other) });
    assert.deepEqual(summary(first.reaped), [["one", "withdrawn", "stuck"]]);
    assert.match(
      first.reaped[0]?.reason ?? "",
      /could not be ended: connection refused; the next refresh tries again$/,
    );
    world.target.before = () => undefined;
    assert.deepEqual(summary((await pass()).reaped), [["one", "withdrawn", "revoked"]]);
  });

  it("when one can't be ended, then the others end all the same", async () => {
    world.now = START + 20 * MINUTE;
    let first = true;
    world.target.before = (operation) => {
      if (operation !== "revoke" || !first) return;
      first = false;
      throw new Error("connection refused");
    };
    const { reaped } = await pass();
    assert.deepEqual(reaped.map(({ outcome }) => outcome).sort(), ["expired", "stuck"]);
    assert.equal(world.target.things.size, 1);
  });

  it("when a killed run left an intent that is no longer declared, then what it made is ended", async () => {
    const killed = inputsOf(aRequest({}, "killed"));
    await new Promise<void>((reached) => {
      world.target.before = (operation) => {
        if (operation !== "created") return undefined;
        reached();
        return new Promise<never>(() => undefined);
      };
      void activate(world, killed);
    });
    world.target.before = () => undefined;
    await world.restart();
    assert.equal(world.target.things.size, 3);
    assert.deepEqual(summary((await pass({ declared: declaring(one, other) })).reaped), [
      ["killed", "withdrawn", "revoked"],
    ]);
    assert.equal(world.target.things.size, 2);
  });

  it("when only some environments are this job's, then the others' grants are not touched", async () => {
    world.now = START + 20 * MINUTE;
    assert.deepEqual((await pass({ environments: new Set(["staging"]) })).reaped, []);
    assert.equal((await pass({ environments: new Set(["production"]) })).reaped.length, 2);
  });

  it("when the journal is lost, then the states say what is past its end, and it ends unrecorded", async () => {
    await world.restart();
    renameSync(world.journalFile, `${world.journalFile}.away`);
    world.now = START + 10 * MINUTE;
    const { reaped, untrusted } = await pass({ states, declared: NOTHING_DECLARED });
    assert.match(untrusted ?? "", /^there is no journal at/);
    assert.deepEqual(summary(reaped), [["one", "expiry", "unrecorded"]]);
    assert.equal(world.target.things.size, 1, "the other is not past its end, and nothing says that it was withdrawn");
    renameSync(`${world.journalFile}.away`, world.journalFile);
    await world.restart();
    assert.deepEqual(summary((await pass()).reaped), [["one", "expiry", "expired"]]);
  });

  it("when a state has seen an event that the journal lacks, then the journal is not believed", async () => {
    const state = { ...states[1], witness: { seq: 1000, hash: "f".repeat(64) } };
    const { reaped, untrusted } = await pass({ states: [state], declared: NOTHING_DECLARED });
    assert.match(untrusted ?? "", /the journal lacks event 1000/);
    assert.deepEqual(reaped, []);
  });

  it("when two passes run at once, then both succeed and each end is journaled once", async () => {
    world.now = START + 20 * MINUTE;
    const both = await Promise.all([pass(), pass()]);
    for (const { reaped } of both)
      assert.deepEqual(new Set(reaped.map(({ outcome }) => outcome)), new Set(["expired"]));
    assert.equal((await eventsOf(world, one)).filter((type) => type === "expired").length, 1);
    assert.equal(world.target.things.size, 0);
  });

  it("when many are due, then no more than the bound are ended at once", async () => {
    for (let number = 0; number < 20; number++) await activate(world, inputsOf(aRequest({}, `many-${number}`)));
    world.now = START + 60 * MINUTE;
    let running = 0;
    let most = 0;
    let go: () => void = () => undefined;
    const four = new Promise<void>((resolve) => {
      go = resolve;
    });
    world.target.before = async (operation) => {
      if (operation === "revoked") running -= 1;
      if (operation !== "connect") return;
      most = Math.max(most, ++running);
      if (running === 4) go();
      await four;
    };
    assert.equal((await pass({ atOnce: 4 })).reaped.length, 22);
    assert.equal(most, 4);
  });
});
