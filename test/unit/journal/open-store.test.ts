// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { isJournalError, JournalError, openStore, readJournalAnchors } from "@elevation/journal";
import { describe, it } from "mocha";

describe("openStore", () => {
  const good: [string, string | undefined, string][] = [
    ["file:/var/lib/journal.jsonl", undefined, "file:/var/lib/journal.jsonl"],
    ["file:///var/lib/journal.jsonl", undefined, "file:/var/lib/journal.jsonl"],
    ["FILE:/var/lib/journal.jsonl", undefined, "file:/var/lib/journal.jsonl"],
    ["file:journal.jsonl", "/var/lib", "file:/var/lib/journal.jsonl"],
    ["file:../journal.jsonl", "/var/lib", "file:/var/journal.jsonl"],
    ["file:/with blank%20", "/var/lib", "file:/with blank%20"],
    ["postgres://alice:hunter2@127.0.0.1/journal", undefined, "postgres://127.0.0.1:5432/journal"],
    ["postgresql://alice:p%2Fw@[::1]:5433/journal", undefined, "postgres://[::1]:5433/journal"],
    ["postgres://alice@db.example/journal?sslmode=verify-full", undefined, "postgres://db.example:5432/journal"],
    ["postgres://alice@/journal?host=/run/postgresql", undefined, "postgres:///journal?host=/run/postgresql"],
    ["postgres://alice@localhost:5433/journal?host=/run", undefined, "postgres://localhost:5433/journal?host=/run"],
  ];
  for (const [address, baseDir, opened] of good) {
    it(`when the address is \`${address}\`, then the store is at \`${opened}\``, () => {
      assert.equal(openStore(address, baseDir === undefined ? {} : { baseDir }).address, opened);
    });
  }

  const noUser = "the journal's address names no user; write postgres://user:password@host/database";
  const noDatabase =
    "the journal's address names no usable database; write postgres://user:password@host/database and percent-encode `@`, `/`, `?`, `#` and `%` in the password";
  const bad: [string, string][] = [
    ["", "the journal's address names no store; use `file:PATH` or `postgres://…`"],
    ["file:", "the journal's address `file:` has no path; write `file:PATH`"],
    [
      "file:journal.jsonl",
      "the journal's address `file:journal.jsonl` is relative, and processes that share it run in different folders; write an absolute path",
    ],
    ["file://host/journal", "the journal's address names a host, `host`; write `file:/PATH`, a file on this machine"],
    ["file:/a\0b", "the journal's address has a NUL character in its path; remove it"],
    ["/var/lib/journal", "the journal's address `/var/lib/journal` names no store; write `file:/var/lib/journal`"],
    ["./journal", "the journal's address `./journal` names no store; write `file:` and an absolute path"],
    ["postgres://:hunter2@127.0.0.1/journal", noUser],
    ["postgresql://alice:hunter2@127.0.0.1", noDatabase],
    [
      "postgres://alice:1?hunter2@127.0.0.1/journal",
      "the journal's address has an unknown parameter; use only host, sslmode, sslrootcert, sslcert, sslkey",
    ],
    ["postgres://alice:1/hunter2@127.0.0.1/journal", noUser],
    [
      "postgres://alice:hunter2@db/journal",
      "the journal's address has no `sslmode` although it leaves this machine; use `sslmode=verify-full`, with `sslrootcert` for a private authority, or write `sslmode=disable`",
    ],
    [
      "postgres://alice:hunter2@db/journal?sslmode=no-verify",
      "the journal's address has `sslmode=no-verify`, which proves no server; use `sslmode=verify-full`, with `sslrootcert` for a private authority",
    ],
    [
      "mysql://alice:hunter2@db/journal",
      "the journal's address starts with `mysql:`, which names no store; use `file:PATH` or `postgres://…`",
    ],
    ["alice:hunter2@db", "the journal's address names no store; use `file:PATH` or `postgres://…`"],
    ["hunter2", "the journal's address names no store; use `file:PATH` or `postgres://…`"],
  ];
  for (const [address, message] of bad) {
    it(`when the address is ${JSON.stringify(address)}, then it is refused, and no password is repeated`, () => {
      assert.throws(() => openStore(address, { env: {} }), { name: "JournalError", code: "address-invalid", message });
      assert.ok(!message.includes("hunter2"));
    });
  }
});

describe("readJournalAnchors", () => {
  it("when both are set, then both are read, without blanks around them", () => {
    assert.deepEqual(readJournalAnchors({ ELEVATION_JOURNAL: "file:/j\n", ELEVATION_JOURNAL_ID: " ab " }), {
      address: "file:/j",
      id: "ab",
    });
  });

  it("when they are unset or empty, then they are null", () => {
    assert.deepEqual(readJournalAnchors({}), { address: null, id: null });
    assert.deepEqual(readJournalAnchors({ ELEVATION_JOURNAL: "", ELEVATION_JOURNAL_ID: " " }), {
      address: null,
      id: null,
    });
  });
});

describe("isJournalError", () => {
  it("when an error is of another copy of the package, then it is known by its brand", () => {
    assert.ok(isJournalError(new JournalError("absent", "there is none")));
    assert.ok(isJournalError(Object.assign(new Error("there is none"), { isJournalError: true })));
    for (const value of [new Error("x"), null, undefined, "x", { code: "absent" }]) assert.ok(!isJournalError(value));
  });
});
