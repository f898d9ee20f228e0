// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { digestOf, formatInstant, readJudge } from "@elevation/domain";
import { openStore } from "@elevation/journal";
import {
  activate,
  diff,
  type GrantInputs,
  type GrantState,
  type Pass,
  read,
  reap,
  remove,
  update,
} from "@elevation/provider/lifecycle";
import {
  aRequest,
  createWorld,
  eventsOf,
  inputsOf,
  isGrantError,
  START,
  type TestWorld,
} from "../../support/lifecycle";
import { aKey, orderEvent, signedOrder } from "../../support/signing";

const MINUTE = 60_000;

const POLICY = `
apiVersion: elevation/v1
kind: Policy
environments: { production: {} }
roles: { orders-admin: { targets: { production: { kind: postgres, connection: orders, role: orders_admin } } } }
rules:
  - id: dba
    effect: allow
    who: { jobFunctions: [dba] }
    roles: [orders-admin]
    environments: [production]
    duration: { max: PT1H }
    extensions: { max: 2, upTo: PT1H }
breakGlass:
  who: everyone
  roles: "*"
  environments: "*"
  maxDuration: PT1H
  review: { from: { jobFunctions: [dba] }, within: P1D }
requests: { proof: none }
`;
const DIRECTORY = `
apiVersion: elevation/v1
kind: Directory
jobFunctions: { dba: {} }
people: { alice@example.com: { jobFunctions: [dba], identities: { postgres: alice } } }
`;

const first = inputsOf(aRequest({}, "first"));
const second = inputsOf(aRequest({ extends: first.digest }, "second"));
const third = inputsOf(aRequest({ extends: second.digest }, "third"));

describe("a grant that prolongs another", () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await createWorld();
    world.documents = readJudge({ file: "elevation.yaml", text: POLICY }, { file: "directory.yaml", text: DIRECTORY });
    await activate(world, first);
  });
  afterEach(() => world.dispose());

  const pass = (changes: Partial<Pass> = {}) =>
    reap(world, { declared: null, states: [], environments: null, atOnce: 8, ...changes });
  const outcomes = async (changes: Partial<Pass> = {}) =>
    (await pass(changes)).reaped.map(({ name, cause, outcome }) => `${name}: ${cause}, ${outcome}`).sort();
  const lives = async (...inputs: GrantInputs[]) => {
    const view = await (await world.journal()).view();
    return inputs.map(({ digest }) => view.grant(digest)?.status);
  };
  const asJson = (state: GrantState) => JSON.parse(JSON.stringify(state)) as Record<string, unknown>;

  it("when it is created, then it is made at once, although it begins when the other ends", async () => {
    const state = await activate(world, second);
    assert.deepEqual(
      [state.status, state.activatedAt, state.expiresAt],
      ["active", "2026-11-24T10:30:00.000Z", "2026-11-24T11:00:00.000Z"],
    );
    const made = [first, second].map(
      ({ digest }) => world.target.things.get(world.target.objectName(digest))?.expiresAt,
    );
    assert.deepEqual(made, [START + 30 * MINUTE, START + 60 * MINUTE]);
    assert.deepEqual(await eventsOf(world, second), ["decided", "activating", "activated"]);
  });

  it("when it is compared, read and updated before its first instant, then it is active, not scheduled", async () => {
    const state = await activate(world, second);
    assert.deepEqual(await diff(world, asJson(state), asJson(state)), { changes: false, replaces: [] });
    assert.deepEqual((await read(world, state))?.status, "active");
    const calls = world.target.calls.length;
    const updated = await update(world, state, second);
    assert.deepEqual([updated.status, updated.activatedAt], ["active", "2026-11-24T10:30:00.000Z"]);
    assert.equal(world.target.calls.slice(calls).includes("create"), false);
    assert.deepEqual(await outcomes(), []);
  });

  it("when the other ends by time, then it stands, and its sessions are spared", async () => {
    const state = await activate(world, second);
    world.target.sessions.set("alice", 2);
    world.now = START + 30 * MINUTE;
    assert.deepEqual(await outcomes(), ["first: expiry, expired"]);
    assert.deepEqual([...world.target.sessions], [["alice", 2]]);
    assert.equal((await read(world, state))?.status, "active");
    world.now = START + 60 * MINUTE - 1;
    assert.deepEqual(await outcomes(), []);
    world.now = START + 60 * MINUTE;
    assert.deepEqual(await outcomes(), ["second: expiry, expired"]);
    assert.deepEqual([...world.target.sessions], []);
    assert.equal(world.target.things.size, 0);
  });

  it("when the target's clock alone has reached the other's end, then it stands all the same", async () => {
    const state = await activate(world, second);
    world.now = START + 30 * MINUTE - 3_000;
    world.target.now = () => world.now + 3_000;
    const marks: (string | undefined)[] = [];
    world.target.before = async (operation) => {
      if (operation !== "revoke") return;
      world.target.before = () => undefined;
      // While the first one's end is journaled as begun, before its time by our clock.
      marks.push((await read(world, state))?.status);
    };
    assert.deepEqual(await outcomes(), ["first: expiry, expired"]);
    assert.deepEqual(marks, ["active"]);
    assert.equal((await read(world, state))?.status, "active");
  });

  it("when any of a chain is removed early, then all of it ends, and says so", async () => {
    for (const which of [0, 1, 2]) {
      await world.dispose();
      world = await createWorld();
      world.documents = readJudge(
        { file: "elevation.yaml", text: POLICY },
        { file: "directory.yaml", text: DIRECTORY },
      );
      const states = [await activate(world, first), await activate(world, second), await activate(world, third)];
      world.target.sessions.set("alice", 1);
      world.said.length = 0;
      await remove(world, states[which] ?? assert.fail());
      assert.equal(world.target.things.size, 0);
      assert.deepEqual([...world.target.sessions], []);
      const others = [first, second, third].filter((_, index) => index !== which);
      assert.deepEqual(
        world.said,
        others.map(
          ({ request }) => `\`${request.metadata.name}\` was revoked, because a grant of its chain is ended early`,
        ),
      );
      for (const other of others) {
        assert.deepEqual((await eventsOf(world, other)).slice(3), ["revoking", "revoked"]);
        assert.deepEqual(await causesOf(world, other), ["chain", "chain"]);
      }
      for (const state of states) assert.equal(await read(world, state), null);
    }
  });

  it("when the first is no longer declared, then the reaper ends both", async () => {
    await activate(world, second);
    const declared = { project: "elevation", digests: new Set([second.digest]) };
    assert.deepEqual(await outcomes({ declared }), ["first: withdrawn, revoked"]);
    assert.deepEqual(await lives(first, second), ["ended", "ended"]);
    assert.equal(world.target.things.size, 0);
  });

  it("when the first was dropped by hand, then both end", async () => {
    const state = await activate(world, first);
    await activate(world, second);
    world.target.things.delete(world.target.objectName(first.digest));
    assert.equal(await read(world, state), null);
    assert.deepEqual(await lives(first, second), ["ended", "ended"]);
  });

  it("when one can't be ended early, then the rest of the chain ends all the same, and it is tried again", async () => {
    const state = await activate(world, first);
    await activate(world, second);
    world.target.before = (operation) => {
      if (operation !== "revoke") return;
      world.target.before = () => undefined;
      throw new Error("connection refused");
    };
    await assert.rejects(remove(world, state), (error) => isGrantError(error) && error.code === "revoke-failed");
    assert.deepEqual(await lives(first, second), ["live", "ended"]);
    assert.deepEqual(await outcomes(), ["first: withdrawn, revoked"]);
  });

  for (const [cause, expected] of [
    ["withdrawn", ["second: chain, revoked"]],
    ["expiry", []],
  ] as const) {
    it(`when the first is stuck by ${cause} and abandoned before anybody ended the rest, then ${expected.length} of it end`, async () => {
      await activate(world, second);
      const about = { at: formatInstant(START), request: first.digest, actor: world.actor } as const;
      const abandon = { order: "abandon", by: "ann@example.com", at: about.at, id: "1", reason: "Sold" } as const;
      await (await world.journal()).append([
        { ...about, type: "stuck", data: { cause, reason: "connection refused" } },
        orderEvent(signedOrder(aKey(), { ...abandon, request: first.digest })),
      ]);
      assert.deepEqual(await outcomes(), expected);
    });
  }

  it("when neither can be ended, then both are stuck, once each, and the next pass ends both", async () => {
    const state = await activate(world, first);
    await activate(world, second);
    world.target.before = (operation) => {
      if (operation === "revoke") throw new Error("connection refused");
    };
    await assert.rejects(remove(world, state), { code: "revoke-failed" });
    assert.deepEqual((await eventsOf(world, first)).slice(3), ["revoking", "stuck"]);
    assert.deepEqual((await eventsOf(world, second)).slice(3), ["revoking", "stuck"]);
    world.target.before = () => undefined;
    assert.deepEqual(await outcomes(), ["first: withdrawn, revoked", "second: chain, revoked"]);
  });

  it("when the first must end and is stuck, then what prolongs it is ended as soon as it is made", async () => {
    const state = await activate(world, first);
    world.target.before = (operation) => {
      if (operation === "revoke") throw new Error("connection refused");
    };
    await assert.rejects(remove(world, state), { code: "revoke-failed" });
    world.target.before = () => undefined;
    // Still live, so that the policy lets it be prolonged; but its end has begun.
    assert.equal((await activate(world, second)).status, "revoked");
    assert.equal(world.target.things.size, 0);
  });

  it("when it did not come about, then that ends nothing else", async () => {
    world.target.before = (operation) => {
      if (operation === "created") throw new Error("connection reset");
    };
    await assert.rejects(activate(world, second), /connection reset/);
    world.target.before = () => undefined;
    assert.deepEqual(await lives(first, second), ["live", "ended"]);
    assert.deepEqual(await outcomes(), []);
  });

  it("when its run is killed after the intent, then a retry after the other's end keeps the first times", async () => {
    await new Promise<void>((reached) => {
      world.target.before = (operation) => {
        if (operation !== "create") return undefined;
        reached();
        return new Promise<never>(() => undefined);
      };
      void activate(world, second);
    });
    world.target.before = () => undefined;
    await world.restart();
    world.now = START + 40 * MINUTE;
    assert.deepEqual(await outcomes(), ["first: expiry, expired"]);
    const state = await activate(world, second);
    assert.deepEqual(
      [state.status, state.activatedAt, state.expiresAt],
      ["active", "2026-11-24T10:30:00.000Z", "2026-11-24T11:00:00.000Z"],
    );
    assert.deepEqual(await eventsOf(world, second), ["decided", "activating", "activated"]);
  });

  it("when its run is killed after the intent and the first is removed meanwhile, then it is not made", async () => {
    const killed = new Promise<void>((reached) => {
      world.target.before = (operation) => {
        if (operation !== "create") return undefined;
        reached();
        return new Promise<never>(() => undefined);
      };
    });
    const state = await activate(world, first);
    void activate(world, second);
    await killed;
    world.target.before = () => undefined;
    await world.restart();
    await remove(world, state);
    assert.equal((await activate(world, second)).status, "revoked");
    assert.equal(world.target.things.size, 0);
  });

  it("when the other has ended, then it is denied: there is nothing to prolong", async () => {
    world.now = START + 30 * MINUTE;
    await pass();
    await assert.rejects(activate(world, second), (error: Error) => {
      assert.equal(
        error.message,
        `request \`second\` is denied:\n  [extension-not-allowed] \`second\` prolongs \`${first.digest}\`, which is no live grant; write a new request without \`extends\``,
      );
      return true;
    });
  });
});

describe("a break-glass grant", () => {
  it("when its file isn't declared, then the reaper leaves it alone until its end", async () => {
    const world = await createWorld();
    try {
      world.documents = readJudge(
        { file: "elevation.yaml", text: POLICY },
        { file: "directory.yaml", text: DIRECTORY },
      );
      const glass = inputsOf(aRequest({ breakGlass: true }, "glass"));
      assert.equal((await activate(world, glass)).rule, "breakGlass");
      await activate(world, first);
      const declared = { project: "elevation", digests: new Set([digestOf("none")]) };
      const ended = async () => {
        const { reaped } = await reap(world, { declared, states: [], environments: null, atOnce: 8 });
        return reaped.map(({ name, outcome }) => `${name} ${outcome}`);
      };
      assert.deepEqual(await ended(), ["first revoked"]);
      world.now = START + 30 * MINUTE;
      assert.deepEqual(await ended(), ["glass expired"]);
    } finally {
      await world.dispose();
    }
  });
});

/** Why its end began, and why it ended, as journaled. */
async function causesOf(world: TestWorld, inputs: GrantInputs): Promise<unknown[]> {
  const events = await openStore(`file:${world.journalFile}`).read();
  return events
    .filter(({ request, type }) => request === inputs.digest && (type === "revoking" || type === "revoked"))
    .map(({ data }) => (data as { cause?: unknown }).cause);
}
