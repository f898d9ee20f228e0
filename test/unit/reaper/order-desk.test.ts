// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync, renameSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import {
  type EventData,
  formatInstant,
  type Order,
  type OrderPayload,
  type OrderTrust,
  readAdmins,
  readAllowedSigners,
} from "@elevation/domain";
import { openStore } from "@elevation/journal";
import {
  activate,
  type GrantInputs,
  journalNow,
  type OpenState,
  openGrants,
  type Pass,
  reap,
  type World,
} from "@elevation/provider/lifecycle";
import { OrderDesk, type OrderEvent } from "@elevation/reaper";
import { aRequest, createWorld, eventsOf, inputsOf, START, type TestWorld } from "../../support/lifecycle";
import { MemoryInbox } from "../../support/orders";
import { aKey, signedOrder } from "../../support/signing";

const MINUTE = 60_000;
const PASS: Pass = { declared: null, states: [], environments: null, atOnce: 8 };
const [alice, mallory, ann] = [aKey(), aKey(), aKey()];

describe("the desk that takes orders", () => {
  let world: TestWorld;
  let inbox: MemoryInbox;
  let events: OrderEvent[];
  let desk: OrderDesk;
  let open: readonly OpenState[];
  let trust: OrderTrust;
  const one = inputsOf(aRequest({}, "one"));

  beforeEach(async () => {
    world = await createWorld();
    inbox = new MemoryInbox();
    await activate(world, one);
    open = await known();
    const admins = readAdmins({ ELEVATION_ADMINS: `1 ${ann.fingerprint}` });
    assert.ok(admins !== null && !("problem" in admins));
    const text = ["alice", "mallory"]
      .map((name, index) => `${name}@example.com namespaces="elevation-order" ${[alice, mallory][index]?.publicKey}`)
      .join("\n");
    const { directory } = world.documents;
    trust = {
      signers: readAllowedSigners({ file: "allowed_signers", text }, directory.value),
      revoked: new Set(),
      admins,
    };
    restartDesk();
  });
  afterEach(() => world.dispose());

  /** What a new process has. */
  function restartDesk(environments: ReadonlySet<string> | null = null): void {
    events = [];
    const on = (event: OrderEvent) => void events.push(event);
    desk = new OrderDesk(world, { inbox, trust: () => trust, environments, atOnce: 2, random: () => 0, on });
  }

  async function known(): Promise<readonly OpenState[]> {
    const { trusted, view } = await journalNow(world);
    return openGrants(PASS, trusted, view);
  }

  function put(payload: Partial<OrderPayload> & Pick<OrderPayload, "order">, key = alice, name = "a.json"): string {
    const by = key === alice ? "alice@example.com" : key === mallory ? "mallory@example.com" : "ann@example.com";
    const common = { by, at: formatInstant(world.now), id: "order-1", reason: "Done earlier" };
    const text = JSON.stringify(signedOrder(key, { ...common, ...payload }));
    inbox.letters.set(name, text);
    return text;
  }

  async function serve(): Promise<void> {
    await desk.look(open);
    await desk.idle();
  }

  const revokeOf = ({ digest }: GrantInputs) => ({ order: "revoke", request: digest }) as const;
  const lockOf = (scope: object, until = START + 10 * MINUTE) =>
    ({ order: "lock", lock: { ...scope, until: formatInstant(until) } }) as const;
  const refusal = (why: string, by = "alice") => ({
    settlement: "refused",
    reason: `order \`order-1\` of \`${by}@example.com\` is refused: ${why}`,
  });
  /** By what right the first order was obeyed. */
  const standingOf = async () => {
    const [order] = await ordersOf();
    assert.ok(order !== undefined);
    return (order.data as EventData["order"]).standing;
  };
  const ordersOf = async () =>
    (await openStore(`file:${world.journalFile}`).read()).filter(({ type }) => type === "order");

  describe("to revoke", () => {
    it("when the requester signed it, then the grant ends at the target, and the journal has who ordered it", async () => {
      put(revokeOf(one));
      await serve();
      assert.equal(world.target.things.size, 0);
      assert.deepEqual(inbox.settled.get("a.json"), {
        settlement: "done",
        reason: "order `order-1` of `alice@example.com`: the grant `one` of `alice@example.com` is revoked",
      });
      assert.deepEqual(await eventsOf(world, one), [
        ...["decided", "activating", "activated", "revoking", "revoked", "order"],
      ]);
      const [order] = await ordersOf();
      assert.deepEqual(order?.actor, { kind: "person", key: alice.fingerprint });
      assert.equal(await standingOf(), "requester");
      const { endCause } = (await (await world.journal()).view()).grant(one.digest) ?? {};
      assert.equal(endCause, "ordered");
      assert.deepEqual(events, [
        {
          ...{ type: "order", letter: "a.json", order: "revoke", id: "order-1", by: "alice@example.com" },
          ...{ outcome: "done", reason: inbox.settled.get("a.json")?.reason },
        },
      ]);
    });

    it("when an administrator signed it, then it is obeyed, too", async () => {
      put(revokeOf(one), ann);
      await serve();
      assert.equal(world.target.things.size, 0);
      assert.equal(await standingOf(), "administrator");
    });

    it("when somebody else signed it, then it is refused, and nothing ends", async () => {
      put(revokeOf(one), mallory);
      await serve();
      assert.deepEqual(
        inbox.settled.get("a.json"),
        refusal("only `alice@example.com` and administrators may revoke this grant", "mallory"),
      );
      assert.deepEqual([world.target.things.size, (await ordersOf()).length], [1, 0]);
    });

    it("when it names a grant that never was, then it is refused", async () => {
      const other = inputsOf(aRequest({}, "other"));
      put(revokeOf(other));
      await serve();
      assert.deepEqual(
        inbox.settled.get("a.json"),
        refusal(
          `the journal knows no grant of ${other.digest}; a request that was never activated is withdrawn by taking its file away`,
        ),
      );
    });

    it("when it names what waits for its start, then that is withdrawn, and opens nothing any more", async () => {
      const later = inputsOf(aRequest({ startAt: formatInstant(START + 60 * MINUTE) }, "later"));
      await activate(world, later);
      put(revokeOf(later), mallory);
      await serve();
      assert.match(
        inbox.settled.get("a.json")?.reason ?? "",
        /only `alice@example.com` and administrators may revoke this grant$/,
      );
      put({ ...revokeOf(later), id: "order-2" }, alice, "b.json");
      await serve();
      assert.deepEqual(inbox.settled.get("b.json"), {
        settlement: "done",
        reason:
          "order `order-2` of `alice@example.com`: the request `later` of `alice@example.com` opened nothing, and opens nothing any more",
      });
      assert.deepEqual(await eventsOf(world, later), ["decided", "order", "failed"]);
      assert.equal((await (await world.journal()).view()).scheduled.size, 0);
    });

    it("when the grant has ended by itself, then it is refused, and uses up no id", async () => {
      world.now = START + 30 * MINUTE;
      await reap(world, PASS);
      put(revokeOf(one));
      await serve();
      assert.deepEqual(inbox.settled.get("a.json"), refusal("the grant is over; there is nothing to revoke"));
      assert.equal((await eventsOf(world, one)).at(-1), "expired");
    });

    it("when the target is down, then it is recorded, and the grant is stuck, which passes try again", async () => {
      world.target.before = (operation) => {
        if (operation === "connect") throw new Error("the server is away");
      };
      put(revokeOf(one));
      await serve();
      assert.match(
        inbox.settled.get("a.json")?.reason ?? "",
        /: the grant `one` of `alice@example.com` must end and could not be ended yet; it is tried again without end: stuck: .*the server is away; /,
      );
      world.target.before = () => undefined;
      const { reaped } = await reap(world, PASS);
      assert.deepEqual(
        reaped.map(({ cause, outcome }) => [cause, outcome]),
        [["ordered", "revoked"]],
      );
    });

    it("when a slow target holds up one, then the next one is obeyed meanwhile", async () => {
      const other = inputsOf(aRequest({ requester: "alice@example.com" }, "other"));
      await activate(world, other);
      let letGo: () => void = () => undefined;
      let isFirst = true;
      const held = new Promise<void>((begun) => {
        world.target.before = (operation) => {
          if (operation !== "revoke" || !isFirst) return;
          isFirst = false;
          begun();
          return new Promise((resolve) => {
            letGo = resolve;
          });
        };
      });
      put(revokeOf(one), alice, "a.json");
      await desk.look(open);
      await held;
      put({ ...revokeOf(other), id: "order-2" }, alice, "b.json");
      const settled = new Promise<void>((resolve) => {
        const { settle } = inbox;
        inbox.settle = async (letter, ...rest) => {
          await settle.call(inbox, letter, ...rest);
          if (letter.name === "b.json") resolve();
        };
      });
      await desk.look(open);
      await settled;
      assert.deepEqual([...inbox.settled.keys()], ["b.json"]);
      letGo();
      await desk.idle();
      assert.deepEqual([...inbox.settled.keys()], ["b.json", "a.json"]);
    });

    it("when many are ordered at once, then so many are ended at a time at the connection, and all in the end", async () => {
      for (let index = 0; index < 5; index++) {
        const other = inputsOf(aRequest({}, `other-${index}`));
        await activate(world, other);
        put({ ...revokeOf(other), id: `order-${index}` }, alice, `${index}.json`);
      }
      let [sessions, most] = [0, 0];
      world.target.before = async (operation) => {
        if (operation === "connect") most = Math.max(most, ++sessions);
        if (operation === "revoked") {
          await setImmediate();
          sessions--;
        }
      };
      await serve();
      assert.deepEqual([most, inbox.settled.size, world.target.things.size], [2, 5, 1]);
    });

    it("when two orders at once name one grant, then it is ended once, and both are recorded", async () => {
      put({ ...revokeOf(one), id: "order-1" }, alice, "a.json");
      put({ ...revokeOf(one), id: "order-2" }, ann, "b.json");
      await serve();
      assert.deepEqual(
        [...inbox.settled.values()].map(({ settlement }) => settlement),
        ["done", "done"],
      );
      assert.equal(world.target.calls.filter((call) => call === "revoke").length, 1);
      assert.equal((await ordersOf()).length, 2);
    });

    it("when the reaper serves other environments, then the order is left to the one that does", async () => {
      restartDesk(new Set(["staging"]));
      put(revokeOf(one));
      await serve();
      assert.deepEqual([inbox.letters.size, world.target.things.size, desk.waiting], [1, 1, 1]);
      assert.equal(
        (events[0] as { reason: string }).reason,
        "order `order-1` of `alice@example.com` waits: the grant is in `production`, which this reaper doesn't serve",
      );
    });
  });

  describe("again", () => {
    it("when an order was obeyed before, then it is refused, and said, whatever name it has", async () => {
      const text = put(revokeOf(one));
      await serve();
      inbox.letters.set("b.json", text);
      world.target.calls.length = 0;
      await serve();
      const { seq } = (await ordersOf())[0] ?? {};
      assert.deepEqual(
        inbox.settled.get("b.json"),
        refusal(`it was obeyed before (event ${seq} of the journal), and an order is obeyed once; sign another one`),
      );
      assert.deepEqual([world.target.calls, (await ordersOf()).length], [[], 1]);
    });

    it("when its signer signed another one with its id, then that is refused", async () => {
      put(lockOf({ person: "bob@example.com" }), ann);
      await serve();
      put(lockOf({ role: "orders-admin" }), ann);
      await serve();
      assert.deepEqual(
        inbox.settled.get("a.json"),
        refusal(
          "another order of its key had its `id` (event 5 of the journal); sign it again with another one",
          "ann",
        ),
      );
      assert.equal((await (await world.journal()).view()).locks.length, 1);
    });

    it("when somebody else used its id before, then it is obeyed all the same", async () => {
      put(lockOf({ person: "bob@example.com" }), ann);
      await serve();
      put(revokeOf(one));
      await serve();
      assert.equal(inbox.settled.get("a.json")?.settlement, "done");
      assert.equal(world.target.things.size, 0);
    });

    it("when somebody else signs the very same order again, then that is refused", async () => {
      const text = put(revokeOf(one));
      await serve();
      const { payload } = JSON.parse(text) as Order;
      inbox.letters.set("b.json", JSON.stringify(signedOrder(ann, payload)));
      await serve();
      const { seq } = (await ordersOf())[0] ?? {};
      assert.deepEqual(
        inbox.settled.get("b.json"),
        refusal(`it was obeyed before (event ${seq} of the journal), and an order is obeyed once; sign another one`),
      );
    });

    it("when two with one id come at the same time, then one is recorded, and the other refused", async () => {
      const text = put(lockOf({ "*": true }), ann, "a.json");
      inbox.letters.set("b.json", text);
      await serve();
      assert.deepEqual([...inbox.settled.values()].map(({ settlement }) => settlement).sort(), ["done", "refused"]);
      assert.equal((await ordersOf()).length, 1);
    });

    it("when a process is killed after it obeyed and before it recorded, then the next one obeys harmlessly, and records once", async () => {
      put(revokeOf(one));
      const journal = await world.journal();
      const { step } = journal;
      let calls = 0;
      // The order is the third step of the journal: `revoking` and `revoked` come before it.
      journal.step = ((...args: Parameters<typeof step>) => {
        calls += 1;
        return calls === 3 ? new Promise(() => undefined) : step.apply(journal, args);
      }) as typeof step;
      void serve();
      while (calls < 3) await setImmediate();
      assert.deepEqual([world.target.things.size, (await ordersOf()).length, inbox.letters.size], [0, 0, 1]);
      journal.step = step;
      restartDesk();
      await serve();
      assert.deepEqual([inbox.settled.get("a.json")?.settlement, (await ordersOf()).length], ["done", 1]);
      assert.deepEqual((await eventsOf(world, one)).slice(3), ["revoking", "revoked", "order"]);
    });

    it("when the journal was opened after it was signed, then it is refused", async () => {
      put({ ...revokeOf(one), at: formatInstant(START - 2 * 3_600_000) });
      await serve();
      assert.deepEqual(
        inbox.settled.get("a.json"),
        refusal(
          "it is dated `2026-11-24T08:00:00.000Z`, and the journal was opened at 2026-11-24T09:00:00.000Z and knows nothing older; sign it again",
        ),
      );
    });
  });

  describe("while the journal is away", () => {
    const away = () => renameSync(world.journalFile, `${world.journalFile}.away`);
    const back = () => renameSync(`${world.journalFile}.away`, world.journalFile);

    it("when it is an order to revoke, then the access ends at once, and is recorded once the journal is back", async () => {
      put(revokeOf(one));
      away();
      await serve();
      assert.deepEqual([world.target.things.size, inbox.letters.size, desk.waiting], [0, 1, 1]);
      assert.match(
        (events[0] as { reason: string }).reason,
        /^order `order-1` of `alice@example.com` waits: `one` has ended, but that can't be recorded: the access was ended at `orders`, but /,
      );
      back();
      await serve();
      assert.equal(inbox.letters.size, 1, "it rests");
      world.now += 1000;
      await serve();
      assert.equal(inbox.settled.get("a.json")?.settlement, "done");
      assert.deepEqual((await eventsOf(world, one)).slice(3), ["revoking", "revoked", "order"]);
      assert.equal(events.length, 2);
    });

    it("when the target is away, too, then it is said that the grant could not be ended", async () => {
      world.target.before = (operation) => {
        if (operation === "connect") throw new Error("the server is away");
      };
      put(revokeOf(one));
      away();
      await serve();
      assert.match(
        (events[0] as { reason: string }).reason,
        /^order `order-1` of `alice@example.com` waits: the grant `one` of `alice@example.com` must end and could not be ended yet; it is tried again without end: stuck: .*: the server is away; the next refresh tries again, and that can't be recorded: /,
      );
      back();
    });

    it("when a lock names what can't be ended, then it is said how much was ended, and what was not and why", async () => {
      await activate(world, inputsOf(aRequest({}, "two")));
      open = await known();
      const [first] = open;
      let calls = 0;
      world.target.before = (operation) => {
        if (operation === "revoke" && ++calls === 1) throw new Error("it refuses");
      };
      put(lockOf({ role: "orders-admin" }), ann);
      away();
      await serve();
      assert.equal(world.target.things.size, 1);
      assert.match(
        (events[0] as { reason: string }).reason,
        new RegExp(
          `^order \`order-1\` of \`ann@example.com\` waits: 1 grant was ended, 1 could not be \\(\`${first?.request.metadata.name}\`: stuck: .*: it refuses; the next refresh tries again\\), and the lock can't be recorded: `,
        ),
      );
      back();
    });

    it("when nothing is known of the grant, then the order waits, and is obeyed when the journal is back", async () => {
      put(revokeOf(one));
      away();
      await desk.look([]);
      await desk.idle();
      assert.deepEqual([world.target.things.size, inbox.letters.size], [1, 1]);
      back();
      world.now += 1000;
      await serve();
      assert.equal(world.target.things.size, 0);
    });

    it("when it is a lock, then what it names ends at once, and it is recorded once the journal is back", async () => {
      put(lockOf({ role: "orders-admin" }), ann);
      away();
      await serve();
      assert.deepEqual([world.target.things.size, inbox.letters.size], [0, 1]);
      back();
      world.now += 1000;
      await serve();
      assert.equal(inbox.settled.get("a.json")?.settlement, "done");
      assert.equal((await (await world.journal()).view()).locks.length, 1);
    });

    it("when it was in time, then it is obeyed and recorded however long the journal is away", async () => {
      put(lockOf({ role: "orders-admin" }, START + 48 * 60 * MINUTE), ann);
      away();
      await serve();
      back();
      world.now += 25 * 60 * MINUTE;
      await serve();
      assert.equal(inbox.settled.get("a.json")?.settlement, "done");
    });

    it("when it is an order to abandon, then it waits", async () => {
      put({ order: "abandon", request: one.digest }, ann);
      away();
      await serve();
      assert.match((events[0] as { reason: string }).reason, / waits: it can't be recorded: /);
      back();
    });

    it("when the key is revoked meanwhile, then it is refused", async () => {
      put(lockOf({ person: "bob@example.com" }), ann);
      away();
      await serve();
      trust = { ...trust, revoked: new Set([ann.fingerprint]) };
      world.now += 1000;
      await serve();
      back();
      assert.deepEqual(
        inbox.settled.get("a.json"),
        refusal(`the key ${ann.fingerprint} is revoked; sign with another one`, "ann"),
      );
    });
  });

  describe("to lock", () => {
    it("when an administrator signed it, then what it names ends with the next pass, and nothing new is granted", async () => {
      put(lockOf({ role: "orders-admin" }), ann);
      await serve();
      assert.deepEqual(inbox.settled.get("a.json"), {
        settlement: "done",
        reason:
          "order `order-1` of `ann@example.com`: locked role `orders-admin` until 2026-11-24T10:10:00.000Z: what is live of it ends now, and nothing of it is granted before",
      });
      const { reaped } = await reap(world, PASS);
      assert.deepEqual(
        reaped.map(({ cause, outcome }) => [cause, outcome]),
        [["locked", "revoked"]],
      );
      await assert.rejects(activate(world, inputsOf(aRequest({}, "other"))), /\[locked\] /);
    });

    it("when somebody else signed it, then it is refused", async () => {
      for (const order of [lockOf({ "*": true }), { order: "abandon", request: one.digest } as const]) {
        put(order);
        await serve();
        assert.deepEqual(
          inbox.settled.get("a.json"),
          refusal(
            `only an administrator may ${order.order}, and \`ELEVATION_ADMINS\` doesn't name the key ${alice.fingerprint}`,
          ),
        );
      }
      assert.equal((await ordersOf()).length, 0);
    });

    it("when it comes after its end, then what was made before that ends, and what was made since stays", async () => {
      put({ ...lockOf({ "*": true }, START + MINUTE), at: formatInstant(START - MINUTE) }, ann);
      world.now = START + MINUTE;
      await activate(world, inputsOf(aRequest({}, "after")));
      await serve();
      assert.deepEqual(inbox.settled.get("a.json"), {
        settlement: "done",
        reason:
          "order `order-1` of `ann@example.com`: locked everything until 2026-11-24T10:01:00.000Z, which has passed: what was made before and is live ends now",
      });
      const { reaped } = await reap(world, PASS);
      assert.deepEqual(
        reaped.map(({ name, cause, outcome }) => [name, cause, outcome]),
        [["one", "locked", "revoked"]],
      );
    });

    it("when it comes after its end and without the journal, then only what was made before ends", async () => {
      put({ ...lockOf({ "*": true }, START + MINUTE), at: formatInstant(START - MINUTE) }, ann);
      world.now = START + MINUTE;
      await activate(world, inputsOf(aRequest({}, "after")));
      open = await known();
      renameSync(world.journalFile, `${world.journalFile}.away`);
      await serve();
      assert.equal(world.target.things.size, 1);
      renameSync(`${world.journalFile}.away`, world.journalFile);
    });
  });

  describe("to abandon", () => {
    const abandon = { order: "abandon", request: one.digest } as const;

    it("when the grant is stuck, then it is tried no more", async () => {
      world.target.before = (operation) => {
        if (operation === "connect") throw new Error("the server is away");
      };
      world.now = START + 30 * MINUTE;
      await reap(world, PASS);
      put(abandon, ann);
      await serve();
      assert.deepEqual(inbox.settled.get("a.json"), {
        settlement: "done",
        reason: `order \`order-1\` of \`ann@example.com\`: ${one.digest} is abandoned: it is tried no more, and stays in \`elevate status\` as residue`,
      });
      assert.deepEqual((await reap(world, PASS)).reaped, []);
    });

    it("when it is ordered to be revoked after that, then it is refused as long as it can't be ended, and obeyed once it can", async () => {
      world.target.before = (operation) => {
        if (operation === "connect") throw new Error("the server is away");
      };
      world.now = START + 30 * MINUTE;
      await reap(world, PASS);
      put(abandon, ann);
      await serve();
      put({ ...revokeOf(one), id: "order-2" }, alice, "b.json");
      await serve();
      assert.deepEqual(inbox.settled.get("b.json"), {
        settlement: "refused",
        reason:
          "order `order-2` of `alice@example.com` is refused: the grant was abandoned, and can't be ended now either: the server is away; it is ended when its target is back",
      });
      world.target.before = () => undefined;
      put({ ...revokeOf(one), id: "order-2" }, alice, "c.json");
      await serve();
      assert.match(inbox.settled.get("c.json")?.reason ?? "", /: the grant `one` of `alice@example.com` is expired$/);
      assert.equal(world.target.things.size, 0);
    });

    it("when the grant is not stuck, has ended or never was, then it is refused", async () => {
      const refusals: string[] = [];
      const ask = async (digest: string) => {
        put({ ...abandon, request: digest }, ann);
        await serve();
        refusals.push(inbox.settled.get("a.json")?.reason.split(" is refused: ")[1] ?? "");
      };
      await ask(one.digest);
      world.now = START + 30 * MINUTE;
      await reap(world, PASS);
      await ask(one.digest);
      await ask(inputsOf(aRequest({}, "other")).digest);
      assert.deepEqual(refusals, [
        "the grant is not stuck; revoke it instead",
        "the grant is over; there is nothing to abandon",
        `the journal knows no grant of ${inputsOf(aRequest({}, "other")).digest}`,
      ]);
    });
  });

  for (const order of ["breakGlass", "review"] as const) {
    it(`when the order is ${order}, then it is refused, because nobody serves it`, async () => {
      put(order === "review" ? { order, request: one.digest } : { order, document: one.request }, ann);
      await serve();
      assert.deepEqual(
        inbox.settled.get("a.json"),
        refusal(`this version serves no order \`${order}\`; nothing was done`, "ann"),
      );
    });
  }

  it("when a letter is no order, then it is refused with all that is wrong, and the others are served", async () => {
    inbox.letters.set(
      "b.json",
      '{"apiVersion":"elevation/v1","kind":"Order","payload":{"order":"revoke"},"signature":7}',
    );
    inbox.letters.set("c.json", "kind: Order");
    put(revokeOf(one));
    await serve();
    assert.equal(inbox.settled.get("a.json")?.settlement, "done");
    assert.deepEqual(
      inbox.settled
        .get("b.json")
        ?.reason.split("\n")
        .map((line) => line.replace(/^ {2}\d+:\d+: /, "")),
      [
        "`b.json` is refused, because it is no order:",
        ...["at", "by", "id", "reason", "request"].map((field) =>
          field === "request"
            ? "`payload` lacks the field `request`, which an order `revoke` has; add it"
            : `\`payload\` lacks the field \`${field}\`; add it`,
        ),
        "`signature` is `7`, not a text; put it in quotes",
      ],
    );
    assert.match(inbox.settled.get("c.json")?.reason ?? "", /^`c.json` is refused, because it is no order:\n {2}1:1: /);
  });

  it("when the inbox can't be read, then that is told once, and when it can again", async () => {
    inbox.fault = "the server is away";
    await serve();
    await serve();
    assert.ok(desk.isUnreadable);
    inbox.fault = null;
    await serve();
    assert.deepEqual(events, [
      { type: "inbox", reason: "the server is away" },
      { type: "inbox", reason: null },
    ]);
  });

  it("when what became of a letter can't be said, then it is obeyed once, and refused as obeyed when that is possible", async () => {
    put(revokeOf(one));
    const { settle } = inbox;
    inbox.settle = () => Promise.reject(new Error("no space left"));
    await serve();
    assert.deepEqual([inbox.letters.size, world.target.things.size, (await ordersOf()).length], [1, 0, 1]);
    inbox.settle = settle;
    world.now += 1000;
    await serve();
    assert.match(inbox.settled.get("a.json")?.reason ?? "", /it was obeyed before/);
  });

  describe("of which there are many", () => {
    const flood = (count: number) => {
      for (let index = 0; index < count; index++) inbox.letters.set(`${index}.json`, "junk");
    };

    it("when there are more letters than are served at once, then the next are served as soon as those are settled", async () => {
      flood(950);
      put(revokeOf(one));
      const settled = new Promise<void>((resolve) => {
        const { settle } = inbox;
        inbox.settle = async (letter, ...rest) => {
          await settle.call(inbox, letter, ...rest);
          if (letter.name === "a.json") resolve();
        };
      });
      await desk.look(open);
      await settled;
      assert.equal(world.target.things.size, 0);
      await desk.idle();
      assert.equal(inbox.letters.size, 0);
    });

    it("when it is to stop, then it settles what it has begun, and begins no more", async () => {
      flood(950);
      await serve();
      assert.equal(inbox.settled.size, 100);
    });

    it("when they are copies of one that waits, then that is tried once each time, told once, and they wait with it", async () => {
      restartDesk(new Set(["staging"]));
      const text = put(revokeOf(one));
      const order = JSON.parse(text) as Order;
      for (let index = 0; index < 5; index++) inbox.letters.set(`${index}.json`, JSON.stringify(order, null, index));
      let asked = 0;
      const { journal } = world;
      (world as { journal: World["journal"] }).journal = () => {
        asked++;
        return journal();
      };
      await serve();
      const once = asked;
      await serve();
      world.now += 500;
      await serve();
      assert.deepEqual([inbox.letters.size, events.length, desk.waiting, asked], [6, 1, 1, 2 * once]);
      restartDesk();
      await serve();
      const outcomes = [...inbox.settled.values()].map(({ settlement }) => settlement).sort();
      assert.deepEqual(outcomes, ["done", ...Array(5).fill("refused")]);
      assert.equal((await ordersOf()).length, 1);
    });

    it("when a forged one is a copy of one that waits, then it is refused, and that goes on to wait", async () => {
      restartDesk(new Set(["staging"]));
      const { payload } = JSON.parse(put(revokeOf(one))) as Order;
      await serve();
      inbox.letters.set("b.json", JSON.stringify(signedOrder(mallory, payload)));
      await serve();
      assert.deepEqual([inbox.settled.get("b.json")?.settlement, desk.waiting], ["refused", 1]);
    });
  });

  it("when somebody goes on sending while it serves all that is there, then it stops, and says that there is more", async () => {
    let sent = 0;
    inbox.waiting = async () => [{ name: `${++sent}.json`, text: "junk", fault: null }];
    assert.equal(await desk.drain(open), false);
    assert.equal(inbox.settled.size, 10);
  });

  it("when it is told to serve all that is there, then it serves each once", async () => {
    for (let index = 0; index < 5; index++)
      put({ ...lockOf({ person: "bob@example.com" }), id: `order-${index}` }, ann, `${index}.json`);
    assert.equal(await desk.drain(open), true);
    assert.deepEqual([inbox.settled.size, (await ordersOf()).length], [5, 5]);
    assert.ok(readFileSync(world.journalFile, "utf8").includes("order-4"));
  });
});
