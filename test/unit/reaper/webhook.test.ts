// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { type Notice, type NoticeOutcome, type Timer, WebhookNotifier, type WebhookOptions } from "@elevation/reaper";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type Receiver, startReceiver } from "../../support/receiver";

const SECRET = "sixteen characters and more";
const NOON = Date.parse("2026-11-24T12:00:00Z");

function aNotice(id: string, key = "grant:1"): Notice {
  const about = { requester: "alice@example.com", reason: "„Straße“ is away" };
  return { id, at: "2026-11-24T12:00:00.000Z", journal: "file:/journal.jsonl", event: "alarm", key, about };
}

/** The signature by another implementation than the notifier's. */
async function hmac(body: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(SECRET), algorithm, false, ["sign"]);
  const signed = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(body));
  return `sha256=${[...new Uint8Array(signed)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

describe("the webhook", () => {
  let receiver: Receiver;
  let said: string[];
  let counts: Record<NoticeOutcome, number>;
  let now: number;
  let options: WebhookOptions;
  let notifier: WebhookNotifier;
  const origin = () => new URL(receiver.url).origin;
  const ids = () => receiver.received.map(({ body }) => (JSON.parse(body) as Notice).id);

  beforeEach(async () => {
    receiver = await startReceiver();
    said = [];
    counts = { sent: 0, refused: 0, dropped: 0 };
    now = NOON;
    options = {
      secret: SECRET,
      patience: 200,
      random: () => 0,
      clock: () => now,
      say: (line) => said.push(line),
      count: (outcome) => {
        counts[outcome]++;
      },
    };
    notifier = new WebhookNotifier(new URL(`${receiver.url}?s3cret`), options);
  });
  afterEach(async () => {
    await notifier.close(0);
    await receiver.close();
  });

  it("when a notice is handed over, then it is posted as JSON, signed over the very bytes of the body", async () => {
    notifier.notify(aNotice("1"));
    const { method, path, headers, body } = await receiver.next();
    assert.deepEqual(JSON.parse(body), aNotice("1"));
    assert.deepEqual([method, path, headers["content-type"]], ["POST", "/hook?s3cret", "application/json"]);
    assert.equal(headers["elevation-signature"], await hmac(body));
    await notifier.close(5_000);
    assert.deepEqual([counts, said], [{ sent: 1, refused: 0, dropped: 0 }, []]);
  });

  it("when the receiver answers 500, then the same is sent again until it is taken, in the order of their coming", async () => {
    let failures = 2;
    receiver.answer = (response) => void response.writeHead(failures-- > 0 ? 500 : 200).end();
    for (const id of ["1", "2"]) notifier.notify(aNotice(id));
    await receiver.next(({ body }) => body.includes('"id":"2"'));
    await notifier.close(5_000);
    assert.deepEqual(ids(), ["1", "1", "1", "2"]);
    assert.equal(new Set(receiver.received.slice(0, 3).map(({ body }) => body)).size, 1);
    assert.deepEqual(said, [
      `notices wait: ${origin()} answered 500; they are sent again`,
      `notices are delivered to ${origin()} again`,
    ]);
    assert.deepEqual(counts, { sent: 2, refused: 0, dropped: 0 });
  }).timeout(10_000);

  it("when the receiver refuses one, or redirects it, then that one is given up, and the next is sent", async () => {
    const answers = [400, 302, 200];
    receiver.answer = (response) => void response.writeHead(answers.shift() ?? 200, { location: "/elsewhere" }).end();
    for (const id of ["1", "2", "3"]) notifier.notify(aNotice(id));
    await receiver.next(({ body }) => body.includes('"id":"3"'));
    await notifier.close(5_000);
    assert.deepEqual(ids(), ["1", "2", "3"]);
    assert.deepEqual(said, [
      `a notice was given up: ${origin()} answered 400`,
      `a notice was given up: ${origin()} answered 302, a redirect, which is not followed`,
    ]);
    assert.deepEqual(counts, { sent: 1, refused: 2, dropped: 0 });
  });

  it("when one is not taken, then the others are sent meanwhile, but none of its key, which would overtake it", async () => {
    let isPoison = true;
    receiver.answer = (response, { body }) =>
      void response.writeHead(isPoison && body.includes('"id":"alarm"') ? 500 : 204).end();
    notifier.notify(aNotice("alarm", "grant:1"));
    notifier.notify(aNotice("all-clear", "grant:1"));
    for (const id of ["a", "b"]) notifier.notify(aNotice(id, `grant:${id}`));
    await receiver.next(({ body }) => body.includes('"id":"b"'));
    assert.deepEqual(ids(), ["alarm", "a", "b"]);
    isPoison = false;
    await receiver.next(({ body }) => body.includes('"id":"all-clear"'));
    await notifier.close(5_000);
    assert.deepEqual(ids(), ["alarm", "a", "b", "alarm", "all-clear"]);
    assert.deepEqual(said, [
      `notices wait: ${origin()} answered 500; they are sent again`,
      `notices are delivered to ${origin()} again`,
    ]);
    assert.deepEqual(counts, { sent: 4, refused: 0, dropped: 0 });
  }).timeout(10_000);

  describe("of whose pauses the test decides", () => {
    /** The pauses that go on. */
    let pauses: { readonly milliseconds: number; readonly ring: () => void }[];

    beforeEach(() => {
      pauses = [];
      const timer: Timer = (milliseconds, ring) => {
        const pause = { milliseconds, ring };
        pauses.push(pause);
        return () => void pauses.splice(pauses.indexOf(pause), 1);
      };
      notifier = new WebhookNotifier(new URL(receiver.url), { ...options, timer });
    });

    it("when one is never taken and others are, then it is given up after ten tries between them, which is said and counted", async () => {
      receiver.answer = (response, { body }) => void response.writeHead(body.includes("poison") ? 500 : 204).end();
      notifier.notify(aNotice("poison", "grant:poison"));
      for (let tries = 0; tries < 11; tries++) {
        await receiver.next(({ body }) => body.includes("poison"));
        notifier.notify(aNotice(`good-${tries}`, `grant:${tries}`));
        await receiver.next(({ body }) => body.includes(`good-${tries}`));
        while (counts.sent <= tries) await setImmediate();
        for (const { ring } of [...pauses]) ring();
      }
      assert.deepEqual(said, [
        `notices wait: ${origin()} answered 500; they are sent again`,
        `a notice was given up after 11 tries, while others were taken: ${origin()} answered 500`,
      ]);
      assert.deepEqual(counts, { sent: 11, refused: 1, dropped: 0 });
    });

    for (const status of [401, 403, 404]) {
      it(`when the receiver answers ${status}, then all rest for five minutes, and are sent when that is mended`, async () => {
        receiver.answer = (response) => void response.writeHead(status).end();
        for (const id of ["1", "2", "3"]) notifier.notify(aNotice(id, `grant:${id}`));
        while (pauses.length < 3) await setImmediate();
        assert.deepEqual(
          pauses.map(({ milliseconds }) => milliseconds),
          [300_000, 300_000, 300_000],
        );
        assert.deepEqual(ids(), ["1", "2"]);
        receiver.answer = (response) => void response.writeHead(204).end();
        for (const { ring } of [...pauses]) ring();
        await receiver.next(({ body }) => body.includes('"id":"3"'));
        while (counts.sent < 3) await setImmediate();
        assert.deepEqual(said, [
          `notices wait: ${origin()} answered ${status}; they are sent again`,
          `notices are delivered to ${origin()} again`,
        ]);
        assert.deepEqual([ids(), pauses], [["1", "2", "1", "2", "3"], []]);
      });
    }

    it("when the receiver takes nothing, then the pauses between any two tries grow to a minute, however many wait", async () => {
      receiver.answer = (response) => void response.writeHead(503).end();
      for (let id = 0; id < 20; id++) notifier.notify(aNotice(`${id}`, `grant:${id}`));
      const between: number[] = [];
      for (let tries = 2; tries < 12; tries++) {
        while (receiver.received.length < tries || pauses.length < tries) await setImmediate();
        const { milliseconds, ring } = pauses.at(-1) ?? assert.fail("no pause");
        between.push(milliseconds);
        ring();
      }
      assert.deepEqual(between, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
    });

    it("when it is time to stop and the receiver knows nobody, then it stops at once, and says what was not delivered", async () => {
      receiver.answer = (response) => void response.writeHead(401).end();
      for (const id of ["1", "2", "3"]) notifier.notify(aNotice(id, `grant:${id}`));
      while (pauses.length < 3) await setImmediate();
      await notifier.close(3_600_000);
      assert.deepEqual(said, [
        `notices wait: ${origin()} answered 401; they are sent again`,
        `3 notices were not delivered to ${origin()}`,
      ]);
      assert.deepEqual([ids(), counts], [["1", "2", "1"], { sent: 0, refused: 0, dropped: 3 }]);
    });
  });

  it("when a day has passed since it was noticed, then it is given up, and not a millisecond before", async () => {
    let tries = 0;
    receiver.answer = (response) => {
      now = NOON + 86_400_000 - (++tries === 1 ? 1 : 0);
      response.writeHead(503).end();
    };
    notifier.notify(aNotice("1"));
    await receiver.next();
    await receiver.next();
    await notifier.close(5_000);
    assert.deepEqual([tries, counts], [2, { sent: 0, refused: 1, dropped: 0 }]);
  }).timeout(10_000);

  it("when the receiver hangs, then whoever hands over never waits, the queue is bounded, and the newest are kept", async () => {
    const hanging = new Promise<void>((resolve) => {
      receiver.answer = () => resolve();
    });
    notifier.notify(aNotice("first"));
    await hanging;
    for (let i = 0; i < 1_500; i++) notifier.notify(aNotice(String(i)));
    assert.deepEqual(counts, { sent: 0, refused: 0, dropped: 500 });
    receiver.answer = (response) => void response.writeHead(204).end();
    await receiver.next(({ body }) => body.includes('"id":"1499"'));
    await notifier.close(5_000);
    assert.deepEqual([ids().at(1), ids().at(2), ids().at(-1)], ["first", "500", "1499"]);
    assert.equal(receiver.received.length, 1 + 1 + 1_000);
    assert.deepEqual(counts, { sent: 1_001, refused: 0, dropped: 500 });
    assert.deepEqual(said, [
      `1000 notices wait for ${origin()}: the oldest are dropped`,
      `notices wait: ${origin()} did not answer within 0.2 s; they are sent again`,
      `notices are delivered to ${origin()} again`,
    ]);
  }).timeout(30_000);

  it("when one is put back into a full queue, then it stays bounded", async () => {
    const tried = async (times: number) => {
      for (let i = 0; i < times; i++) await receiver.next();
    };
    receiver.answer = (response) => void response.writeHead(500).end();
    for (let i = 0; i < 1_001; i++) notifier.notify(aNotice(String(i)));
    await tried(2);
    for (let i = 0; i < 3_000; i++) notifier.notify(aNotice(`later ${i}`));
    await notifier.close(0);
    assert.equal(counts.dropped, 4_001);
    assert.ok(/^100[01] notices were not delivered to /.test(said.at(-1) ?? ""), said.at(-1));
  }).timeout(10_000);

  it("when it is time to stop and nobody takes notices, then it stops, and says how many were not delivered", async () => {
    receiver.answer = () => undefined;
    for (const id of ["1", "2", "3"]) notifier.notify(aNotice(id));
    await receiver.next();
    await notifier.close(10);
    assert.deepEqual(said.at(-1), `3 notices were not delivered to ${origin()}`);
    assert.deepEqual(counts, { sent: 0, refused: 0, dropped: 3 });
    notifier.notify(aNotice("4"));
    assert.equal(receiver.received.length, 1);
  });
});
