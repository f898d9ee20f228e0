// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { EventType, JournalEvent } from "@elevation/domain";
import { type Head, verifyChain } from "@elevation/journal";
import { afterEach, beforeEach, describe, it } from "mocha";
import { aDigest, aNote, anEvent } from "../../support/journal-events";
import { JournalFolder } from "../../support/journal-folder";

// INVARIANT (format): what design §9 says, by other means than the journal's own; nothing here may follow its code.
const sha256 = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");
const AT = "2026-11-24T12:00:00.000Z";
const SALT = "000102030405060708090a0b0c0d0e0f";

function sealed(seq: number, type: EventType, prev: string, data: unknown, dataText: string): JournalEvent {
  const digest = sha256(SALT + dataText);
  const hash = sha256(
    `{"actor":{"key":"unverified","kind":"job"},"at":"${AT}","digest":"${digest}","prev":"${prev}","request":null,"seq":${seq},"type":"${type}"}`,
  );
  return {
    seq,
    at: AT,
    type,
    request: null,
    actor: { kind: "job", key: "unverified" },
    digest,
    prev,
    hash,
    data,
    salt: SALT,
  };
}

const opened = sealed(1, "opened", "0".repeat(64), { version: 1 }, '{"version":1}');
const noted = sealed(2, "approval", opened.hash, { b: [1, "é"], a: null }, '{"a":null,"b":[1,"é"]}');
const vector = [opened, noted];

function without<K extends string>(event: JournalEvent, ...fields: K[]): JournalEvent {
  return Object.fromEntries(
    Object.entries(event).filter(([field]) => !fields.some((each) => each === field)),
  ) as unknown as JournalEvent;
}

describe("verifyChain", () => {
  it("when a chain was made by hand, then it verifies, and its hashes are these", () => {
    assert.equal(verifyChain(vector), null);
    assert.deepEqual(
      vector.map(({ hash }) => hash),
      [
        "45929adf9a77077c5c21a0814b3d80326416fb4da11d3394801010643c72a10a",
        "fb7b45013693f02f66fcda5b6687275ec7b8ead08a6bf27bec8404de13b17599",
      ],
    );
  });

  it("when nothing is there, then it verifies", () => assert.equal(verifyChain([]), null));

  it("when a part is verified after its predecessor, then it verifies; after another one, then not", () => {
    assert.equal(verifyChain([noted], opened), null);
    assert.deepEqual(verifyChain([noted], { seq: 1, hash: "1".repeat(64) }), {
      seq: 2,
      message: "event 2: its `prev` is not the `hash` of the event before it",
    });
    assert.deepEqual(verifyChain([opened], opened), { seq: 2, message: "event 2: its `seq` is 1" });
  });

  it("when an export leaves out data and salt, then it verifies still", () => {
    assert.equal(verifyChain(vector.map((event) => without(event, "data", "salt"))), null);
  });

  it("when an export was changed, then it does not verify", () => {
    const event = { ...without(noted, "data", "salt"), at: "2026-11-24T12:00:00.001Z" };
    assert.deepEqual(verifyChain([opened, event]), {
      seq: 2,
      message: "event 2: its `hash` is not that of its fields",
    });
  });

  const tampered: [string, Partial<Record<keyof JournalEvent | "note", unknown>>, string][] = [
    ["seq", { seq: 3 }, "its `seq` is 3"],
    ["seq, no number", { seq: "2" }, "its `seq` is no number from 1"],
    ["seq, no whole number", { seq: 2.5 }, "its `seq` is no number from 1"],
    ["at", { at: "2026-11-24T12:00:00.001Z" }, "its `hash` is not that of its fields"],
    ["at, the same instant written otherwise", { at: "2026-11-24T12:00:00Z" }, "its `hash` is not that of its fields"],
    ["at, a local time", { at: "2026-11-24T12:00:00" }, "its `at` is no instant"],
    ["type", { type: "order" }, "its `hash` is not that of its fields"],
    ["type, unknown", { type: "granted" }, "its `type` is none that this version knows"],
    ["type, a name that objects have", { type: "constructor" }, "its `type` is none that this version knows"],
    ["request", { request: aDigest(1) }, "its `hash` is not that of its fields"],
    ["request, no digest", { request: "sha256:1" }, "its `request` is no digest"],
    ["actor's kind", { actor: { kind: "person", key: "unverified" } }, "its `hash` is not that of its fields"],
    ["actor's key", { actor: { kind: "job", key: "SHA256:x" } }, "its `hash` is not that of its fields"],
    ["actor, unknown kind", { actor: { kind: "root", key: "unverified" } }, "its `actor` is none"],
    ["actor, with more", { actor: { kind: "job", key: "unverified", name: "x" } }, "its `actor` is none"],
    ["digest", { digest: "1".repeat(64) }, "its `hash` is not that of its fields"],
    ["prev", { prev: "1".repeat(64) }, "its `prev` is not the `hash` of the event before it"],
    ["hash", { hash: "1".repeat(64) }, "its `hash` is not that of its fields"],
    ["hash in capitals", { hash: noted.hash.toUpperCase() }, "its `hash` is not 64 hex digits"],
    ["data", { data: { b: [1, "e"], a: null } }, "its `digest` is not that of its data"],
    ["data, null", { data: null }, "its `digest` is not that of its data"],
    ["salt", { salt: "1".repeat(32) }, "its `digest` is not that of its data"],
    ["data without salt", { salt: undefined }, "it has only one of `data` and `salt`"],
    ["salt without data", { data: undefined }, "it has only one of `data` and `salt`"],
    ["salt too short", { salt: "1" }, "its `salt` is not 32 hex digits"],
    ["a field that no hash covers", { note: "x" }, "its field `note` is none of a journal event"],
  ];
  for (const [what, change, message] of tampered) {
    it(`when an event is tampered with (${what}), then it is told where and how`, () => {
      const event = { ...noted, ...change } as JournalEvent;
      assert.deepEqual(verifyChain([opened, event]), { seq: 2, message: `event 2: ${message}` });
    });
  }

  it("when the first event isn't `opened`, then it does not verify", () => {
    const first = sealed(1, "approval", "0".repeat(64), null, "null");
    assert.deepEqual(verifyChain([first]), { seq: 1, message: "event 1: it is `approval`, not `opened`" });
  });

  it("when a later event is `opened`, then it does not verify", () => {
    const second = sealed(2, "opened", opened.hash, { version: 1 }, '{"version":1}');
    assert.deepEqual(verifyChain([opened, second]), {
      seq: 2,
      message: "event 2: it opens a journal that is open already",
    });
  });

  it("when a value is no event at all, then it is told, not thrown", () => {
    for (const value of [null, 7, "x", [], {}]) {
      assert.equal(verifyChain([value as unknown as JournalEvent])?.seq, 1);
    }
  });
});

describe("a chain that a store made", () => {
  let folder: JournalFolder;
  let events: readonly JournalEvent[];
  beforeEach(async () => {
    folder = await JournalFolder.with([aNote(1), anEvent("activating", aDigest(1)), aNote(3), aNote(4)]);
    events = await folder.store().read();
  });
  afterEach(() => folder.remove());

  const at = (seq: number) => ({ seq, message: `event ${seq}: its \`seq\` is ${seq + 1}` });

  it("when any one is missing, then it is told where", () => {
    for (const seq of [1, 2, 3, 4]) assert.deepEqual(verifyChain(events.toSpliced(seq - 1, 1)), at(seq));
  });

  it("when the end is cut off, then the rest verifies: only who has seen the end can tell", () => {
    assert.equal(verifyChain(events.slice(0, 3)), null);
  });

  it("when two are exchanged, then it is told where", () => {
    const [first, second, third] = events;
    assert.deepEqual(verifyChain([first, third, second] as JournalEvent[]), at(2));
  });

  it("when an event is replaced by a good one of another journal, then it is told where", async () => {
    const other = await JournalFolder.with([aNote("other")]);
    const [, theirs] = await other.store().read();
    await other.remove();
    assert.deepEqual(verifyChain(events.with(1, theirs as JournalEvent)), {
      seq: 2,
      message: "event 2: its `prev` is not the `hash` of the event before it",
    });
  });

  it("when each line is recomputed from the words of the contract, then the same hashes come out", async () => {
    let prev: Head = { seq: 0, hash: "0".repeat(64) };
    for (const line of await folder.lines()) {
      assert.deepEqual(Object.keys(line), [
        "seq",
        "at",
        "type",
        "request",
        "actor",
        "digest",
        "prev",
        "hash",
        "data",
        "salt",
      ]);
      const { hash, data, salt, ...chained } = line;
      assert.equal(line["digest"], sha256(`${String(salt)}${sorted(data)}`));
      assert.equal(hash, sha256(sorted(chained)));
      assert.deepEqual([line["seq"], line["prev"]], [prev.seq + 1, prev.hash]);
      assert.match(String(salt), /^[0-9a-f]{32}$/);
      prev = { seq: prev.seq + 1, hash: String(hash) };
    }
    assert.equal(new Set((await folder.lines()).map(({ salt }) => salt)).size, 5);
  });
});

/** Canonical JSON of what these tests hold: keys sorted, no blanks. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${sorted(part)}`).join(",")}}`;
}
