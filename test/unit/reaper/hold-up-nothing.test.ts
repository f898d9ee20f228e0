// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { formatInstant } from "@elevation/domain";
import { activate } from "@elevation/provider/lifecycle";
import { Newsroom, type ReaperEvent, runReaper, WebhookNotifier } from "@elevation/reaper";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aRequest, createWorld, inputsOf, type TestWorld } from "../../support/lifecycle";
import { type Receiver, startReceiver } from "../../support/receiver";

describe("notices of a reaper", () => {
  let world: TestWorld;
  let receiver: Receiver;

  beforeEach(async () => {
    world = await createWorld(Date.now());
    world = { ...world, clock: () => Date.now() };
    world.target.now = () => Date.now();
    receiver = await startReceiver();
  });
  afterEach(async () => {
    await receiver.close();
    await world.dispose();
  });

  it("when the receiver never answers, then grants end all the same, and so does the reaper", async () => {
    receiver.answer = () => undefined;
    const grant = async (name: string, duration: string) => {
      const inputs = inputsOf(aRequest({ requestedAt: formatInstant(Date.now() - 1000), duration }, name));
      await activate(world, inputs);
      return inputs.digest;
    };
    const failing = await grant("alice-failing", "PT1S");
    let isDown = true;
    world.target.before = (operation) => {
      if (operation === "revoke" && isDown) throw new Error("it refuses");
    };
    const newsroom = new Newsroom(null);
    const said: string[] = [];
    const notifier = new WebhookNotifier(new URL(receiver.url), {
      ...{ secret: "sixteen characters and more", random: () => 0, clock: Date.now, count: () => undefined },
      say: (line) => said.push(line),
    });
    const stop = new AbortController();
    const ended = new Set<string>();
    const bothEnded = new Promise<void>((resolve) => {
      const on = (event: ReaperEvent) => {
        const about = { id: "1", at: "", journal: "" };
        for (const news of newsroom.of(event)) notifier.notify({ ...about, ...news });
        if (event.type === "ended") ended.add(event.grant.digest);
        if (ended.size === 2) resolve();
      };
      const times = { lookEvery: 20, sweepEvery: 60_000, reconcileEvery: 60_000, random: () => 0, atOnce: 1 };
      void runReaper(world, { environments: null, judge: () => null, ...times, on }, stop.signal).then(
        ({ failing: left }) => said.push(`${left} left`),
      );
    });
    const { body } = await receiver.next();
    assert.match(body, /"event":"alarm".+"name":"alice-failing".+"failures":3/);
    isDown = false;
    const later = await grant("alice-later", "PT1S");
    await bothEnded;
    // The request is still open: what ended has not waited for it.
    assert.deepEqual([...ended].sort(), [failing, later].sort());
    assert.equal(receiver.received.length, 1);
    stop.abort();
    await notifier.close(10);
    assert.ok(
      said.some((line) => line.endsWith(`not delivered to ${new URL(receiver.url).origin}`)),
      said.join("\n"),
    );
  }).timeout(30_000);
});
