// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { renameSync } from "node:fs";
import type { EventData } from "@elevation/domain";
import { type Journal, openStore } from "@elevation/journal";
import {
  activate,
  type GrantInputs,
  type GrantState,
  read,
  reap,
  remove,
  update,
  withinTime,
} from "@elevation/provider/lifecycle";
import { aRequest, createWorld, eventsOf, inputsOf, START, type TestWorld } from "../../support/lifecycle";

const MINUTE = 60_000;
const ENDS = START + 30 * MINUTE;
const EVERYTHING = { declared: null, states: [], environments: null, atOnce: 8 };

/** A door that a process waits before, and that the test opens. */
function aDoor() {
  let open: () => void = () => undefined;
  let reached: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const arrived = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const wait = (): Promise<void> => {
    reached();
    return opened;
  };
  return { open: () => open(), arrived, wait };
}

describe("the life of a grant, between processes and with a journal that is slow", () => {
  let world: TestWorld;
  const inputs = inputsOf(aRequest());

  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.dispose());

  const types = (of: GrantInputs = inputs) => eventsOf(world, of);
  const isOpen = () => world.target.things.size > 0;
  const pass = (changes: Partial<Parameters<typeof reap>[1]> = {}) => reap(world, { ...EVERYTHING, ...changes });
  const lastEvent = async () => (await openStore(`file:${world.journalFile}`).read()).at(-1) ?? assert.fail();
  const nothingDeclared = { project: "elevation", digests: new Set<never>() };
  /** Starts an activation that waits before `create`, as a process does that lost its engine. */
  const startSlow = async () => {
    const door = aDoor();
    world.target.before = (operation) => (operation === "create" ? door.wait() : undefined);
    const running = activate(world, inputs).catch((error: unknown) => error as Error);
    await door.arrived;
    world.target.before = () => undefined;
    const finish = async () => {
      door.open();
      return running;
    };
    return { finish };
  };
  /** The same, and killed as soon as the access stands. */
  const startSlowAndDie = async () => {
    const door = aDoor();
    const dead = aDoor();
    world.target.before = (operation) => {
      if (operation === "create") return door.wait();
      if (operation === "created") return dead.wait();
      return undefined;
    };
    void activate(world, inputs).catch(() => undefined);
    await door.arrived;
    const kept = world.target.before;
    world.target.before = () => undefined;
    return async () => {
      world.target.before = kept;
      door.open();
      await dead.arrived;
      world.target.before = () => undefined;
    };
  };
  const withJournal = (change: (real: Journal) => Partial<Record<"append" | "step" | "view", unknown>>) => {
    return async (): Promise<TestWorld> => {
      const real = await world.journal();
      const whole = {
        append: real.append.bind(real),
        step: real.step.bind(real),
        view: real.view.bind(real),
        server: async () => null,
        ...change(real),
      };
      return { ...world, journal: async () => whole as unknown as Journal } as TestWorld;
    };
  };

  describe("an activation that comes late", () => {
    it("when another process ended the grant meanwhile, then what is made late is ended by the same process, and journaled", async () => {
      const slow = await startSlow();
      assert.equal((await pass({ declared: nothingDeclared })).reaped.length, 1);
      const state = (await slow.finish()) as GrantState;
      assert.equal(state.status, "revoked");
      assert.ok(!isOpen());
      assert.deepEqual(await types(), ["decided", "activating", "revoking", "revoked", "revoked"]);
    });

    it("when that process is killed as well, then the next pass ends what it made", async () => {
      const finish = await startSlowAndDie();
      await pass({ declared: nothingDeclared });
      await finish();
      assert.ok(isOpen());
      world.now += MINUTE;
      assert.deepEqual((await pass()).reaped, []);
      assert.ok(!isOpen());
      assert.equal(((await lastEvent()).data as EventData["revoked"]).cause, "returned");
    });

    it("when another process failed the same intent meanwhile, then the next create ends what was made late", async () => {
      const finish = await startSlowAndDie();
      world.target.now = () => world.now + MINUTE;
      await assert.rejects(activate(world, inputs), { code: "clock-apart" });
      world.target.now = () => world.now;
      await finish();
      assert.ok(isOpen());
      await assert.rejects(activate(world, inputs), {
        message: `\`${world.target.objectName(inputs.digest)}\` stood at \`orders\`, made late by an earlier run that had failed; it was ended, run again`,
      });
      assert.ok(!isOpen());
      assert.equal((await activate(world, inputs)).status, "active");
    });

    it("when an end began while it was made, then it is ended and not called active", async () => {
      const slow = await startSlow();
      const journal = await world.journal();
      const event = { at: "2026-11-24T10:00:01.000Z", request: inputs.digest, actor: world.actor } as const;
      await journal.append([{ ...event, type: "revoking", data: { cause: "withdrawn" } }]);
      assert.equal(((await slow.finish()) as GrantState).status, "revoked");
      assert.ok(!isOpen());
      assert.deepEqual(await types(), ["decided", "activating", "revoking", "revoked"]);
    });
  });

  describe("a journal that is slow or fails", () => {
    it("when it never answers, then an end acts within seconds all the same", async () => {
      const state = await activate(world, inputs);
      world.now = ENDS;
      const silent = await withJournal(() => ({ view: () => new Promise(() => undefined) }))();
      void read(silent, state).catch(() => undefined);
      const revoked = aDoor();
      world.target.before = (operation) => {
        if (operation === "revoked") void revoked.wait();
      };
      await revoked.arrived;
      assert.ok(!isOpen());
    }).timeout(10_000);

    it("when it is lost between the effect and its record, then the access is taken back, and the grant kept until that is recorded", async () => {
      world.target.before = (operation) => {
        if (operation !== "created") return;
        renameSync(world.journalFile, `${world.journalFile}.away`);
        throw new Error("the connection broke");
      };
      const failure = await activate(world, inputs).then(
        () => assert.fail(),
        (error: unknown) => error as { properties?: GrantState },
      );
      assert.ok(!isOpen());
      assert.equal(failure.properties?.status, "stuck");
      renameSync(`${world.journalFile}.away`, world.journalFile);
      await world.restart();
      world.target.before = () => undefined;
      assert.equal(await read(world, failure.properties as GrantState), null);
    });

    it("when drift is found at create and can't be journaled, then the rest ends all the same", async () => {
      await activate(world, inputs);
      const thing = [...world.target.things.values()][0];
      if (thing !== undefined) thing.broken = true;
      const full = () => Promise.reject(new Error("ENOSPC: no space left on device"));
      const broken = await withJournal(() => ({ append: full, step: full }))();
      await assert.rejects(activate(broken, inputs));
      assert.ok(!isOpen());
    });
  });

  describe("what the reaper ends", () => {
    it("when a state's witness is missing, then what only the journal knows to be past its end ends, too", async () => {
      await activate(world, inputs);
      const other = await activate(world, inputsOf(aRequest({ duration: "PT20M" }, "other")));
      world.now = ENDS;
      const doctored = { ...other, witness: { seq: 1000, hash: "f".repeat(64) } };
      const { reaped, untrusted } = await pass({ states: [doctored] });
      assert.match(untrusted ?? "", /the journal lacks event 1000/);
      assert.equal(reaped.length, 2);
      assert.ok(!isOpen());
    });

    it("when the target's clock has reached the end and ours has not, then it ends", async () => {
      await activate(world, inputs);
      world.now = START + MINUTE;
      world.target.now = () => ENDS;
      assert.deepEqual(
        (await pass()).reaped.map(({ outcome }) => outcome),
        ["expired"],
      );
      assert.ok(!isOpen());
    });

    it("when residue was left, then each pass looks again, and tells when it is gone", async () => {
      world.target.residue = ["role `elev_x` is left, without members and without any role"];
      await remove(world, await activate(world, inputs));
      const residues = async () =>
        (await openStore(`file:${world.journalFile}`).read())
          .filter(({ type }) => type === "residue")
          .map(({ data }) => (data as EventData["residue"]).residue);
      assert.deepEqual(await residues(), [world.target.residue]);
      await pass();
      assert.equal((await residues()).length, 1, "nothing new");
      const trace = `since ${inputs.digest}`;
      assert.deepEqual(world.target.traces, [undefined, trace], "the first look's trace, for the object is gone");
      world.target.residue = [];
      world.now += 24 * 60 * MINUTE;
      await pass();
      assert.deepEqual((await residues()).at(-1), []);
    });

    it("when much residue is left for long, then each pass looks at a part of it, and all in turn", async () => {
      world.target.residue = ["`alice` is a superuser"];
      const digests: string[] = [];
      for (let n = 0; n < 120; n++) {
        const one = inputsOf(aRequest({ reason: `Look at order ${n} of the day` }, `grant-${n}`));
        digests.push(one.digest);
        await remove(world, await activate(world, one));
      }
      world.now += 2 * 60 * MINUTE;
      const looked = new Map<string | undefined, number>();
      for (const count of [40, 40, 40]) {
        const before = world.target.traces.length;
        await pass();
        const traces = world.target.traces.slice(before);
        assert.equal(traces.length, count);
        for (const trace of traces) looked.set(trace, (looked.get(trace) ?? 0) + 1);
        world.now += MINUTE / 2;
      }
      assert.deepEqual(looked, new Map(digests.map((digest) => [`since ${digest}`, 1])));
    });
  });

  describe("a connection that leads to a wrong server", () => {
    it("when that server's clock is ahead, then update and create don't believe it, and nothing is marked", async () => {
      const state = await activate(world, inputs);
      world.target.server = "server-2";
      world.target.now = () => ENDS;
      await assert.rejects(update(world, { ...state, drift: ["wider"] }, inputs), { code: "server-changed" });
      await assert.rejects(activate(world, inputs), /leads to server server-2/);
      assert.deepEqual(await types(), ["decided", "activating", "activated"]);
      world.target.server = "server-1";
      world.target.now = () => world.now;
      assert.equal((await read(world, state))?.status, "active");
    });
  });

  describe("a state that is older than the journal", () => {
    it("when an attempt failed and a later one is live, then the state of the first doesn't end it early", async () => {
      world.target.before = (operation) => {
        if (operation === "create") throw new Error("the connection broke");
      };
      await assert.rejects(activate(world, inputs));
      world.target.before = () => undefined;
      const first = { ...(await activate(world, inputsOf(aRequest({}, "unrelated")))), ...inputs };
      world.now = START + 20 * MINUTE;
      const live = await activate(world, inputs);
      const restored = { ...first, place: live.place, expiresAt: "2026-11-24T10:30:00.000Z" };
      world.now = ENDS + MINUTE;
      const seen = await read(world, restored);
      assert.equal(seen?.status, "active");
      assert.equal(seen?.expiresAt, live.expiresAt);
    });

    it("when the journal says that the attempt failed, then update tries again instead of calling it revoked", async () => {
      const state = await activate(world, inputsOf(aRequest({}, "unrelated")));
      world.target.before = (operation) => {
        if (operation === "create") throw new Error("the connection broke");
      };
      await assert.rejects(activate(world, inputs));
      world.target.before = () => undefined;
      const object = world.target.objectName(inputs.digest);
      const kept = { ...state, ...inputs, place: { ...(state.place as NonNullable<GrantState["place"]>), object } };
      assert.equal((await update(world, kept, inputs)).status, "active");
    });

    it("when a grant was revoked, then an update of its old state after its expiry says revoked, as the journal does", async () => {
      const state = await activate(world, inputs);
      await remove(world, state);
      world.now = ENDS;
      assert.equal((await update(world, state, inputs)).status, "revoked");
    });
  });

  describe("evidence", () => {
    it("when a preview looks while an end is at work, then that is not called drift", async () => {
      const state = await activate(world, inputs);
      const door = aDoor();
      world.target.before = (operation) => (operation === "taken" ? door.wait() : undefined);
      const removing = remove(world, state);
      await door.arrived;
      world.target.before = () => undefined;
      const reading = read(world, state);
      door.open();
      await Promise.all([removing, reading]);
      assert.deepEqual((await types()).slice(3), ["revoking", "revoked"]);
      assert.ok(!world.said.some((line) => line.includes("was changed at the target")));
    });

    it("when a lapsed scheduled grant is read again and again, then its failure is journaled once", async () => {
      const later = inputsOf(aRequest({ startAt: "2026-11-24T12:00:00Z" }));
      const state = await activate(world, later);
      world.now = START + 48 * 60 * MINUTE;
      for (let time = 0; time < 3; time++) assert.equal(await read(world, state), null);
      assert.deepEqual(await types(later), ["decided", "failed"]);
    });

    it("when what had ended stands again, then ending it is journaled", async () => {
      const state = await activate(world, inputs);
      const [object, thing] = [...world.target.things][0] ?? assert.fail();
      await remove(world, state);
      world.target.things.set(object, thing);
      world.target.sessions.set("alice", 2);
      await remove(world, state);
      const last = await lastEvent();
      assert.equal(last.type, "revoked");
      assert.deepEqual(last.data, { cause: "returned", endedAt: "2026-11-24T10:00:00.000Z", sessionsEnded: 2 });
    });
  });

  describe("withinTime", () => {
    it("when an operation says in time what became of it, then that is what is thrown", async () => {
      const kept = Object.assign(new Error("create took longer"), { id: "sha256:…" });
      const run = async (deadline: { passed: Promise<never> }): Promise<never> => {
        await deadline.passed.catch(() => undefined);
        throw kept;
      };
      await assert.rejects(withinTime("create", 10, run), kept);
    });

    it("when it hangs, then it is over after its time and the grace", async () => {
      await assert.rejects(
        withinTime("read", 10, () => new Promise(() => undefined), 10),
        { code: "timed-out", message: "read took longer than 0.01 s; it may still finish, run refresh to see" },
      );
    });

    it("when its time is over, then nothing begins that can't be taken back", async () => {
      await withinTime("create", 10, async (deadline) => {
        assert.doesNotThrow(deadline.check);
        await deadline.passed.catch(() => undefined);
        assert.throws(deadline.check, { code: "timed-out" });
      });
    });
  });

  it("when the provider's engine is dead and nobody reads what it says, then that keeps it from nothing", async () => {
    // What the dynamic provider plugin of @pulumi/pulumi does with errors that nobody catches.
    const program = `
      let errors = 0;
      process.on("uncaughtException", (error) => { errors++; console.error(error.stack); });
      require(${JSON.stringify(require.resolve("@elevation/provider/shell"))}).handler();
      process.stdin.once("data", () => {
        process.stderr.write("residue\\n");
        setTimeout(() => { console.log(errors); process.exit(0); }, 100);
      });
      console.log("ready");`;
    const child = spawn(process.execPath, ["-e", program], { stdio: ["pipe", "pipe", "pipe"] });
    const said = child.stdout.setEncoding("utf8");
    assert.deepEqual(await once(said, "data"), ["ready\n"]);
    child.stderr.destroy();
    child.stdin.write("go on\n");
    assert.deepEqual(await once(said, "data"), ["0\n"]);
  });
});
