// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { GrantError } from "@elevation/provider";
import { activate, reconcile } from "@elevation/provider/lifecycle";
import { aRequest, createWorld, inputsOf, type TestWorld } from "../../support/lifecycle";

describe("a survey of several connections", () => {
  let world: TestWorld;
  /** Lets the connection answer that says nothing. */
  let answer: () => void;
  let closed: Promise<void>;
  let swept: number;

  beforeEach(async () => {
    world = await createWorld();
    await activate(world, inputsOf(aRequest({}, "one")));
    swept = 0;
    const { target } = world;
    const connect = target.connect.bind(target);
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let close: () => void;
    closed = new Promise((resolve) => {
      close = resolve;
    });
    target.connections = () => ["hung", "orders"];
    target.connect = async (name) => {
      const connection = await connect(name);
      if (name === "orders") return connection;
      return {
        ...connection,
        list: async () => {
          await answered;
          const things = await connection.list();
          return things.map((thing) => ({ ...thing, isEmptied: true, place: { ...thing.place, object: "elev_old" } }));
        },
        sweep: async () => [`${++swept}`],
        close: async () => close(),
      };
    };
  });
  afterEach(() => world.dispose());

  const reconciled = () => reconcile(world, { environments: null, atOnce: 4, surveyPatience: 50 });

  it("when one says nothing, then it is told as unreached, and what the others show is dealt with", async () => {
    const [thing] = world.target.things.values();
    thing?.extra.push("`bob` is a member");
    const { unreached, cutBack } = await reconciled();
    assert.deepEqual(unreached, [
      {
        connection: "hung",
        reason: "`hung` did not show within 0.05 s what stands there; see why its server says nothing, or is slow",
      },
    ]);
    assert.deepEqual(
      cutBack.map(({ differences, reason }) => [differences, reason]),
      [[["`bob` is a member"], null]],
    );
    answer();
    await closed;
  });

  it("when a statement of its takes too long for the server, then that is told, and not our own patience", async () => {
    const { connect } = world.target;
    world.target.connect = async (name) => ({
      ...(await connect(name)),
      list: () => Promise.reject(new GrantError("timed-out", "canceling statement due to statement timeout")),
    });
    const { unreached } = await reconciled();
    assert.deepEqual(
      unreached.map(({ reason }) => reason),
      ["canceling statement due to statement timeout", "canceling statement due to statement timeout"],
    );
  });

  it("when the time is over while it is cleared away, then the next thing stays", async () => {
    answer();
    const { connect } = world.target;
    const cleared: string[] = [];
    let isOver = false;
    const over = new Promise<void>((resolve) => {
      world.target.connect = async (name) => ({
        ...(await connect(name)),
        sweep: async (mayClear) => {
          if (mayClear("elev_first")) cleared.push("elev_first");
          await reconciling;
          isOver = true;
          try {
            if (mayClear("elev_second")) cleared.push("elev_second");
          } finally {
            resolve();
          }
          return cleared;
        },
      });
    });
    const reconciling = reconciled();
    await reconciling;
    await over;
    assert.deepEqual([cleared, isOver], [["elev_first"], true]);
  });

  it("when it answers after that, then nothing is cleared away there any more, and when it answers in time, it is", async () => {
    await reconciled();
    answer();
    await closed;
    assert.equal(swept, 0);
    assert.deepEqual((await reconciled()).unreached, []);
    assert.equal(swept, 1);
  });
});
