// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type NotTaken, readOutboundUrl, send } from "@elevation/reaper";
import { afterEach, beforeEach, describe, it } from "mocha";
import { type Receiver, startReceiver } from "../../support/receiver";

describe("an address that messages are sent to", () => {
  it("when it is HTTPS, or HTTP on this machine, then it is good", () => {
    for (const text of [
      "https://hooks.example/secret?key=1",
      "http://localhost:8080/",
      "http://127.0.0.1:1/x",
      "http://127.9.0.1/",
      "http://[::1]:8080/",
    ]) {
      assert.equal(String(readOutboundUrl(text)), text);
    }
  });

  it("when it is anything else, then what is wrong with it is said, and nothing of it repeated", () => {
    const refused: readonly (readonly [string, string])[] = [
      ["hooks.example/s3cret", "is no URL; write one as in https://alerts.example/elevation"],
      ["", "is no URL; write one as in https://alerts.example/elevation"],
      ["https://user:s3cret@hooks.example/", "holds a user or password; leave them out"],
      ["https://hooks.example/#s3cret", "has a part behind `#`, which is never sent; leave it out"],
      ["http://hooks.example/s3cret", "is http: beyond this machine, where all could read it; write https:"],
      ["http://127.0.0.1.example/s3cret", "is http: beyond this machine, where all could read it; write https:"],
      ["http://10.0.0.1/s3cret", "is http: beyond this machine, where all could read it; write https:"],
      ["file:///s3cret", "is no https: address; write one as in https://alerts.example/elevation"],
    ];
    for (const [text, problem] of refused) assert.equal(readOutboundUrl(text), problem, text);
  });
});

describe("what is sent", () => {
  let receiver: Receiver;

  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(() => receiver.close());

  const sent = (patience?: number) =>
    send(new URL(`${receiver.url}?s3cret`), { method: "POST", body: "hello" }, patience).then(
      () => null,
      ({ message, again }: NotTaken) => [message.replace(/\d+(?= |$)/, "PORT"), again],
    );

  it("when it is taken, then that is all", async () => {
    assert.equal(await sent(), null);
    assert.deepEqual([receiver.received[0]?.path, receiver.received[0]?.body], ["/hook?s3cret", "hello"]);
  });

  for (const [status, again] of [
    [500, "soon"],
    [503, "soon"],
    [408, "soon"],
    [429, "soon"],
    [401, "late"],
    [403, "late"],
    [404, "late"],
    [400, "never"],
    [402, "never"],
    [405, "never"],
    [410, "never"],
  ] as const) {
    it(`when the answer is ${status}, then it may be asked again ${again}`, async () => {
      receiver.answer = (response) => void response.writeHead(status).end("s3cret of the receiver");
      const [message, when] = (await sent()) ?? [];
      assert.equal(message, `${new URL(receiver.url).origin.replace(/\d+$/, "")}PORT answered ${status}`);
      assert.equal(when, again);
    });
  }

  it("when it is redirected, then that is not followed", async () => {
    receiver.answer = (response) => void response.writeHead(307, { location: "/elsewhere" }).end();
    const [message, again] = (await sent()) ?? [];
    assert.match(String(message), / answered 307, a redirect, which is not followed$/);
    assert.equal(again, "never");
    assert.deepEqual(
      receiver.received.map(({ path }) => path),
      ["/hook?s3cret"],
    );
  });

  it("when nothing is answered, or for ever, then it is given up in time", async () => {
    receiver.answer = () => undefined;
    assert.match(String((await sent(50))?.[0]), / did not answer within 0\.05 s$/);
    receiver.answer = (response) => {
      response.writeHead(200);
      response.write("for ever");
    };
    assert.equal(await sent(2_000), null);
  });

  it("when nobody is there, then that is said by the system's word", async () => {
    await receiver.close();
    assert.match(String((await sent())?.[0]), /^http:\/\/127\.0\.0\.1:\S+ can't be reached \(ECONNREFUSED\)$/);
  });
});
