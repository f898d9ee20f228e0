// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { openStore, verifyChain } from "@elevation/journal";
import { SHELL_TEXT } from "@elevation/provider";
import { activate, diff, type GrantState, read, readState, remove, update } from "@elevation/provider/lifecycle";
import { aRequest, createWorld, eventsOf, inputsOf, instant, START, type TestWorld } from "../../support/lifecycle";

const MINUTE = 60_000;
const ENDS = START + 30 * MINUTE;

describe("the life of a grant", () => {
  let world: TestWorld;
  const inputs = inputsOf(aRequest());

  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.dispose());

  const types = () => eventsOf(world, inputs);
  const isOpen = () => world.target.things.size > 0;
  const lastOf = async (type: string) => {
    const events = await openStore(`file:${world.journalFile}`).read();
    return events.findLast((event) => event.type === type) ?? assert.fail(`no ${type}`);
  };

  it("when an allowed request is created, then the access is made, observed and journaled in that order", async () => {
    const state = await activate(world, inputs);
    assert.equal(state.status, "active");
    assert.equal(state.activatedAt, "2026-11-24T10:00:00.000Z");
    assert.equal(state.expiresAt, "2026-11-24T10:30:00.000Z");
    assert.equal(state.rule, "dba");
    assert.deepEqual(state.place, {
      kind: "postgres",
      connection: "orders",
      role: "orders_admin",
      server: "server-1",
      identity: "alice",
      object: world.target.objectName(inputs.digest),
    });
    assert.deepEqual(world.target.calls, ["connect", "preflight", "observe", "create", "created", "observe"]);
    assert.deepEqual(await types(), ["decided", "activating", "activated"]);
  });

  it("when the policy denies the request, then nothing is made, every violation is said, and the denial is journaled once", async () => {
    const denied = inputsOf(aRequest({ requester: "mallory@example.com" }, "mallory-orders"));
    for (let time = 0; time < 2; time++) {
      await assert.rejects(activate(world, denied), (error: Error) => {
        assert.match(error.message, /^request `mallory-orders` is denied:\n {2}\[not-eligible\] .+$/);
        return true;
      });
    }
    assert.deepEqual(world.target.calls, []);
    assert.deepEqual(await eventsOf(world, denied), ["decided"]);
  });

  it("when a grant is live, then it is not judged again: outside its rule, after its activateBy, near its end", async () => {
    const state = await activate(world, inputs);
    world.now = ENDS - 1;
    world.documents = structuredCloneWithout(world.documents);
    const news = asProps(state);
    assert.deepEqual(await diff(world, asProps(state), news), { changes: false, replaces: [] });
    assert.deepEqual((await read(world, state))?.status, "active");
    const again = await activate(world, inputs);
    assert.equal(again.expiresAt, state.expiresAt);
    assert.ok(isOpen());
  });

  for (const [name, offset, gone] of [
    ["1 ms before its expiry", -1, false],
    ["exactly at its expiry", 0, true],
    ["1 ms after its expiry", 1, true],
  ] as const) {
    it(`when it is read ${name}, then it ${gone ? "ends as expired and leaves the state" : "stays"}`, async () => {
      const state = await activate(world, inputs);
      world.now = ENDS + offset;
      assert.equal((await read(world, state)) === null, gone);
      assert.equal(isOpen(), !gone);
      assert.deepEqual((await types()).slice(3), gone ? ["revoking", "expired"] : []);
    });
  }

  it("when the target's clock has reached the expiry and ours has not, then it ends", async () => {
    const state = await activate(world, inputs);
    world.now = ENDS - 4_000;
    world.target.now = () => ENDS;
    assert.equal(await read(world, state), null);
    assert.deepEqual((await types()).slice(3), ["revoking", "expired"]);
  });

  it("when the target's clock is 5.1 s apart, then nothing is made and the digest may be tried again", async () => {
    world.target.now = () => world.now + 6_100;
    await assert.rejects(activate(world, inputs), {
      message: "the clock of `orders` is 6 s apart from ours, at most 5 s are allowed; set both by NTP",
    });
    assert.deepEqual(await types(), ["failed"]);
    world.target.now = () => world.now + 5_000;
    assert.equal((await activate(world, inputs)).status, "active");
  });

  it("when it is removed from code, then it is revoked, and a second removal is no error and no second event", async () => {
    const state = await activate(world, inputs);
    await remove(world, state);
    assert.ok(!isOpen());
    await remove(world, state);
    assert.deepEqual((await types()).slice(3), ["revoking", "revoked"]);
  });

  it("when the same request is applied again after its end, then it creates nothing, says so, and is no failure", async () => {
    await remove(world, await activate(world, inputs));
    const inert = await activate(world, inputs);
    assert.equal(inert.status, "revoked");
    assert.equal(inert.place, null);
    assert.ok(!isOpen());
    assert.match(world.said.join("\n"), /`alice-orders` creates nothing: its grant ended \(revoked\)/);
    assert.deepEqual(await read(world, inert), inert);
    await remove(world, inert);
    assert.deepEqual((await types()).slice(3), ["revoking", "revoked"]);
  });

  it("when a state is restored from before the end, then neither read, diff, update nor create brings access back", async () => {
    const old = await activate(world, inputs);
    await remove(world, old);
    assert.equal((await update(world, old, inputs)).status, "revoked");
    assert.equal(await read(world, old), null);
    assert.equal((await activate(world, inputs)).place, null);
    assert.ok(!isOpen());
  });

  it("when the role was dropped by hand, then read ends it as drift and it is not put back", async () => {
    const state = await activate(world, inputs);
    world.target.things.clear();
    assert.equal(await read(world, state), null);
    assert.deepEqual((await types()).slice(3), ["drift", "revoking", "revoked"]);
    assert.equal((await activate(world, inputs)).place, null);
    assert.ok(!isOpen());
  });

  it("when the state was lost and the role dropped by hand, then create ends it instead of making it again", async () => {
    await activate(world, inputs);
    world.target.things.clear();
    assert.equal((await activate(world, inputs)).status, "revoked");
    assert.ok(!isOpen());
    assert.deepEqual((await types()).slice(3), ["drift", "revoking", "revoked"]);
  });

  it("when it is wider than it was made, then read reports it, diff calls it a change, and update cuts it back", async () => {
    const state = await activate(world, inputs);
    const thing = [...world.target.things.values()][0];
    thing?.extra.push("`mallory` is a member, too");
    const seen = (await read(world, state)) as GrantState;
    assert.deepEqual(seen.drift, ["`mallory` is a member, too"]);
    assert.deepEqual(await diff(world, asProps(seen), asProps(seen)), { changes: true, replaces: [] });
    const mended = await update(world, seen, inputs);
    assert.deepEqual(mended.drift, []);
    assert.deepEqual(thing?.extra, []);
    assert.deepEqual((await types()).slice(3), ["residue", "residue"]);
    assert.ok(isOpen());
  });

  it("when something stands under our name before the intent, then it is refused as an orphan and left alone", async () => {
    const object = world.target.objectName(inputs.digest);
    world.target.things.set(object, {
      digest: inputs.digest,
      identity: "mallory",
      role: "orders_admin",
      extra: [],
      broken: false,
      foreign: true,
    });
    await assert.rejects(activate(world, inputs), {
      message: `\`${object}\` stands at \`orders\` already and was not made for this request (somebody else made it); find out who made it, and remove it`,
    });
    assert.deepEqual(await types(), ["orphan", "failed"]);
    assert.ok(!world.target.calls.includes("revoke"));
  });

  it("when create fails and made nothing, then it is failed and the digest may be tried again with new times", async () => {
    world.target.before = (operation) => {
      if (operation === "create") throw new Error("the connection broke");
    };
    await assert.rejects(activate(world, inputs), { message: "the connection broke" });
    assert.deepEqual(await types(), ["decided", "activating", "failed"]);
    world.target.before = () => undefined;
    world.now += MINUTE;
    assert.equal((await activate(world, inputs)).activatedAt, "2026-11-24T10:01:00.000Z");
  });

  it("when create fails and the access stood, then it is revoked with the sessions it had, and opens no second time", async () => {
    world.target.before = (operation) => {
      if (operation !== "created") return;
      world.target.sessions.set("alice", 2);
      throw new Error("the connection broke");
    };
    await assert.rejects(activate(world, inputs), (error: Error) => {
      assert.equal(error.message, "the connection broke");
      assert.ok(!("id" in error), "nothing is open: nothing stays in the state");
      return true;
    });
    assert.ok(!isOpen());
    assert.deepEqual(await types(), ["decided", "activating", "revoking", "revoked"]);
    assert.deepEqual((await lastOf("revoked")).data, {
      cause: "incomplete",
      endedAt: "2026-11-24T10:00:00.000Z",
      sessionsEnded: 2,
    });
    world.target.before = () => undefined;
    assert.equal((await activate(world, inputs)).place, null);
  });

  it("when create fails and can't be undone, then it is stuck, kept in the state, and the next read ends it", async () => {
    world.target.before = (operation) => {
      if (operation === "created" || operation === "revoke") throw new Error("the server is gone");
    };
    const failure = await activate(world, inputs).then(
      () => assert.fail(),
      (error: unknown) => error as { id: string; properties: GrantState },
    );
    assert.equal(failure.id, inputs.digest);
    assert.equal(failure.properties.status, "stuck");
    world.target.before = () => undefined;
    assert.equal(await read(world, failure.properties), null);
    assert.ok(!isOpen());
    assert.deepEqual((await types()).slice(1), ["activating", "revoking", "stuck", "revoked"]);
  });

  it("when the target is down at the end, then it is stuck, stays in the state, and the next read finishes", async () => {
    const state = await activate(world, inputs);
    world.now = ENDS;
    world.target.before = () => {
      throw new Error("connection refused");
    };
    await assert.rejects(read(world, state), {
      message:
        "stuck: the access of `alice` to role `orders_admin` at `orders` must end and could not be ended: connection refused; the next refresh tries again",
    });
    world.target.before = () => undefined;
    assert.equal(await read(world, state), null);
    assert.deepEqual((await types()).slice(3), ["revoking", "stuck", "expired"]);
  });

  it("when an end has begun or is stuck before its expiry, then create and update end it instead of keeping it", async () => {
    const state = await activate(world, inputs);
    world.target.before = (operation) => {
      if (operation === "revoke") throw new Error("connection refused");
    };
    await assert.rejects(remove(world, state));
    world.target.before = () => undefined;
    assert.equal((await update(world, state, inputs)).status, "revoked");
    assert.ok(!isOpen());
  });

  it("when the connection leads to another server, then an end is stuck, never gone", async () => {
    const state = await activate(world, inputs);
    world.target.server = "server-2";
    await assert.rejects(remove(world, state), {
      message:
        "stuck: the access of `alice` to role `orders_admin` at `orders` must end and could not be ended: connection `orders` leads to server server-2, the grant was made at server-1; point the connection back at it; the next refresh tries again",
    });
    assert.ok(isOpen());
    assert.deepEqual((await types()).slice(3), ["revoking", "stuck"]);
  });

  it("when a second stack asks with the same digest, then it is refused as request-elsewhere", async () => {
    await activate(world, inputs);
    await assert.rejects(
      activate(world, inputsOf(aRequest(), "other")),
      /\[request-elsewhere\] `alice-orders` belongs to stack `organization\/elevation\/production`/,
    );
  });

  it("when two processes activate one digest at once, then one object is made and both report the same grant", async () => {
    const [one, other] = await Promise.all([activate(world, inputs), activate(world, inputs)]);
    assert.equal(one.expiresAt, other.expiresAt);
    assert.equal(world.target.things.size, 1);
    assert.deepEqual(await types(), ["decided", "activating", "activated"]);
  });

  describe("crashes", () => {
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

    for (const [point, made] of [
      ["connect", false],
      ["preflight", false],
      ["create", false],
      ["created", true],
    ] as const) {
      it(`when it is killed at ${point}, then the next create leaves one grant, with the times of the first intent`, async () => {
        await killAt(point, () => activate(world, inputs));
        assert.equal(isOpen(), made);
        world.target.before = () => undefined;
        await world.restart();
        world.now += MINUTE;
        const state = await activate(world, inputs);
        const hadIntent = point === "create" || point === "created";
        assert.equal(state.activatedAt, hadIntent ? "2026-11-24T10:00:00.000Z" : "2026-11-24T10:01:00.000Z");
        assert.equal(world.target.things.size, 1);
        assert.deepEqual(await types(), ["decided", "activating", "activated"]);
      });
    }

    it("when it is killed after the effect and the next run comes after its end, then the access is ended", async () => {
      await killAt("created", () => activate(world, inputs));
      world.target.before = () => undefined;
      await world.restart();
      world.now = ENDS;
      assert.equal((await activate(world, inputs)).status, "expired");
      assert.ok(!isOpen());
    });

    for (const point of ["revoke", "revoked"]) {
      it(`when an end is killed at ${point}, then the next read finishes it and journals it once`, async () => {
        const state = await activate(world, inputs);
        world.now = ENDS;
        await killAt(point, () => read(world, state));
        world.target.before = () => undefined;
        await world.restart();
        assert.equal(await read(world, state), null);
        assert.ok(!isOpen());
        assert.deepEqual((await types()).slice(3), ["revoking", "expired"]);
        assert.equal(verifyChain(await openStore(`file:${world.journalFile}`).read()), null);
      });
    }
  });

  describe("a journal that can't be trusted", () => {
    for (const [name, spoil] of [
      ["is missing", (file: string) => rmSync(file)],
      ["is replaced by an empty file", (file: string) => writeFileSync(file, "")],
      ["was cut by its last event", (file: string) => cut(file)],
      [
        "was edited",
        (file: string) =>
          writeFileSync(file, readFileSync(file, "utf8").replace("alice@example.com", "bruno@example.com")),
      ],
    ] as const) {
      it(`when it ${name}, then nothing is granted, an end still acts, and the resource stays in the state`, async () => {
        const state = await activate(world, inputs);
        await world.restart();
        spoil(world.journalFile);
        await assert.rejects(update(world, { ...state, drift: ["wider"] }, inputs), { code: "journal-untrusted" });
        world.now = ENDS;
        await assert.rejects(read(world, state), { code: "journal-untrusted" });
        assert.ok(!isOpen());
      });
    }

    it("when it comes back, then the next read records the end", async () => {
      const state = await activate(world, inputs);
      await world.restart();
      renameSync(world.journalFile, `${world.journalFile}.away`);
      world.now = ENDS;
      await assert.rejects(read(world, state), { code: "journal-untrusted" });
      renameSync(`${world.journalFile}.away`, world.journalFile);
      await world.restart();
      assert.equal(await read(world, state), null);
      assert.deepEqual((await types()).slice(3), ["revoking", "expired"]);
    });
  });

  describe("a start in the future", () => {
    const later = inputsOf(aRequest({ startAt: "2026-11-24T12:00:00Z" }));

    it("when it is created, then it is scheduled and nothing is made; when due, diff reports it and update activates it", async () => {
      const state = await activate(world, later);
      assert.equal(state.status, "scheduled");
      assert.deepEqual(world.target.calls, []);
      world.now = instant("2026-11-24T12:00:00Z") - 1;
      assert.equal((await diff(world, asProps(state), asProps(state))).changes, false);
      world.now += 1;
      assert.equal((await diff(world, asProps(state), asProps(state))).changes, true);
      const active = await update(world, state, later);
      assert.equal(active.status, "active");
      assert.equal(active.activatedAt, "2026-11-24T12:00:00.000Z");
      assert.equal(active.expiresAt, "2026-11-24T12:30:00.000Z");
    });

    it("when it lapses waiting, then it ends as failed", async () => {
      const state = await activate(world, later);
      world.now = instant("2026-11-25T12:00:00Z");
      assert.equal(await read(world, state), null);
      assert.deepEqual(await eventsOf(world, later), ["decided", "failed"]);
    });
  });

  it("when what the state keeps is read back, then it is the same: all of it is plain JSON", async () => {
    const state = await activate(world, inputs);
    assert.deepEqual(readState(JSON.parse(JSON.stringify(state))), state);
    assert.ok(JSON.stringify(state).length < 1_600, `${JSON.stringify(state).length} bytes`);
  });
});

function asProps(state: GrantState): Record<string, unknown> {
  return { ...state, __provider: SHELL_TEXT };
}

/** The same documents without any rule that would allow the request today. */
function structuredCloneWithout(documents: TestWorld["documents"]): TestWorld["documents"] {
  const policy = { ...documents.policy, value: { ...documents.policy.value, rules: [] } };
  return { ...documents, policy } as TestWorld["documents"];
}

/** Cuts the last event, at a line boundary: the rest still verifies. */
function cut(file: string): void {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  writeFileSync(file, `${lines.slice(0, -1).join("\n")}\n`);
}
