// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { isDocumentError, readAllowedSigners, readDirectory, readRevokedKeys } from "@elevation/domain";
import { aKey } from "../../support/signing";

const directory = readDirectory({
  file: "directory.yaml",
  text: "apiVersion: elevation/v1\nkind: Directory\njobFunctions: {}\npeople: { alice@example.com: { name: Alice }, bob@example.com: { name: Bob } }",
}).value;
const [one, other] = [aKey(), aKey()];
const NS = 'namespaces="elevation-order"';

function problems(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    assert.ok(isDocumentError(error));
    return error.message.split("\n");
  }
}

const problemsOf = (text: string) => problems(() => readAllowedSigners({ file: "allowed_signers", text }, directory));

describe("allowed_signers", () => {
  it("when lines are good, then each key is a person's, for its namespaces, in its time", () => {
    const text = [
      "# who may sign",
      "",
      `alice@example.com namespaces="elevation,elevation-order",valid-after="20260101Z",valid-before="202701011230Z" ${one.publicKey} alice's laptop`,
      `importer:github\tnamespaces="elevation-import"\t${other.publicKey}`,
    ].join("\r\n");
    const { signers } = readAllowedSigners({ file: "allowed_signers", text }, directory);
    assert.deepEqual(
      [...signers],
      [
        [
          one.fingerprint,
          {
            principal: "alice@example.com",
            namespaces: ["elevation", "elevation-order"],
            from: Date.parse("2026-01-01T00:00:00Z"),
            to: Date.parse("2027-01-01T12:30:00Z"),
          },
        ],
        [other.fingerprint, { principal: "importer:github", namespaces: ["elevation-import"], from: null, to: null }],
      ],
    );
  });

  it("when the file is empty, then nobody signs", () => {
    assert.equal(readAllowedSigners({ file: "allowed_signers", text: "" }, directory).signers.size, 0);
  });

  for (const [name, line, problem] of [
    [
      "has a pattern for a principal",
      `*@example.com ${NS} ${one.publicKey}`,
      "1: `*@example.com` is a pattern; write one email of the directory",
    ],
    [
      "names two principals",
      `alice@example.com,bob@example.com ${NS} ${one.publicKey}`,
      "1: `alice@example.com,bob@example.com` is not one principal; write one, without quotes, a line for each",
    ],
    [
      "has quotes",
      `"alice@example.com" ${NS} ${one.publicKey}`,
      '1: `"alice@example.com"` is not one principal; write one, without quotes, a line for each',
    ],
    [
      "names somebody unknown",
      `alica@example.com ${NS} ${one.publicKey}`,
      "1: `alica@example.com` is not in the directory; did you mean `alice@example.com`?",
    ],
    [
      "has an email in capitals",
      `Alice@example.com ${NS} ${one.publicKey}`,
      "1: `Alice@example.com` is not in the directory; did you mean `alice@example.com`?",
    ],
    [
      "has no namespaces",
      `alice@example.com ${one.publicKey}`,
      '1: the line has no `namespaces`, so its key would be good for everything; write `namespaces="elevation-order"`, or what it is for',
    ],
    [
      "has a pattern for a namespace",
      `alice@example.com namespaces="elevation*" ${one.publicKey}`,
      "19: the namespace `elevation*` is empty or a pattern; write each namespace in full",
    ],
    [
      "has an empty namespace",
      `alice@example.com namespaces="" ${one.publicKey}`,
      "19: the namespace `` is empty or a pattern; write each namespace in full",
    ],
    [
      "trusts an authority",
      `alice@example.com cert-authority,${NS} ${one.publicKey}`,
      "19: `cert-authority` trusts keys that nobody has seen; name each key on a line of its own",
    ],
    [
      "has an unknown option",
      `alice@example.com ${NS},valid-befor="20270101Z" ${one.publicKey}`,
      '48: `valid-befor="20270101Z"` is no option of this file; did you mean `valid-before`?',
    ],
    [
      "has an option without a value",
      `alice@example.com ${NS},valid-before ${one.publicKey}`,
      '48: `valid-before` has no value; write `valid-before="…"`',
    ],
    [
      "has an option twice",
      `alice@example.com ${NS},${NS} ${one.publicKey}`,
      "48: `namespaces` stands twice on the line; write it once",
    ],
    [
      "has a local time",
      `alice@example.com ${NS},valid-before="20270101" ${one.publicKey}`,
      '48: `valid-before="20270101"` names no instant in UTC; write it like 20261231Z or 20261231235959Z',
    ],
    [
      "has a day that a month lacks",
      `alice@example.com ${NS},valid-before="20270230Z" ${one.publicKey}`,
      '48: `valid-before="20270230Z"` names no instant in UTC; write it like 20261231Z or 20261231235959Z',
    ],
    [
      "has a key that is never good",
      `alice@example.com ${NS},valid-after="20270101Z",valid-before="20270101Z" ${one.publicKey}`,
      "72: the key is never good: `valid-before` is not after `valid-after`; mend one of them",
    ],
    [
      "has no key",
      `alice@example.com ${NS}`,
      "47: there is no key; write its type and the key itself, as a file that ends in `.pub` has them",
    ],
    [
      "has a key of another type than it says",
      `alice@example.com ${NS} ${one.publicKey.replace("ssh-ed25519", "ssh-rsa")}`,
      "48: the key is of type `ssh-ed25519`, the line says `ssh-rsa`; take both from the file that ends in `.pub`",
    ],
    [
      "has a key that is cut off",
      `alice@example.com ${NS} ${one.publicKey.slice(0, -4)}`,
      "60: the key is not usable: it is cut off",
    ],
    [
      "has a key that is not base64",
      `alice@example.com ${NS} ${one.publicKey}!`,
      "60: the key is not in base64; take it from the file that ends in `.pub`",
    ],
    [
      "lets an importer do more",
      `importer:github namespaces="elevation-import,elevation" ${one.publicKey}`,
      "1: `importer:github` may sign for namespace `elevation-import` only; leave the others out",
    ],
    [
      "lets a person import",
      `alice@example.com namespaces="elevation-import" ${one.publicKey}`,
      "1: `alice@example.com` has namespace `elevation-import`, which is for importers only; write `importer:<name>`, or leave it out",
    ],
  ] as const) {
    it(`when a line ${name}, then that is said, with its place`, () => {
      assert.deepEqual(problemsOf(`# a comment\n${line}\n`), [`allowed_signers:2:${problem}`]);
    });
  }

  it("when a key stands on two lines, then the second one is refused, whoever it is", () => {
    for (const person of ["alice", "bob"]) {
      const text = `alice@example.com ${NS} ${one.publicKey}\n${person}@example.com ${NS} ${one.publicKey}`;
      const column = `${person}@example.com ${NS} `.length + 1;
      assert.deepEqual(problemsOf(text), [
        `allowed_signers:2:${column}: the key ${one.fingerprint} stands on line 1 already; give each principal keys of its own, once`,
      ]);
    }
  });

  it("when several lines are bad, then all is said at once", () => {
    const text = `*@example.com ${one.publicKey}\nmallory@example.com ${NS} nonsense`;
    assert.deepEqual(
      problemsOf(text).map((problem) => problem.slice(0, "allowed_signers:1:".length + 2)),
      ["allowed_signers:1:1:", "allowed_signers:1:1:", "allowed_signers:2:1:", "allowed_signers:2:50"],
    );
  });
});

describe("a list of revoked keys", () => {
  const read = (text: string) => readRevokedKeys({ file: "revoked", text });

  it("when it names fingerprints and keys, then these are revoked", () => {
    const text = `# lost in a taxi\n${one.fingerprint}\n${other.publicKey} bob's laptop\n`;
    assert.deepEqual(read(text), new Set([one.fingerprint, other.fingerprint]));
    assert.deepEqual(read(""), new Set());
  });

  it("when a line is neither, then that is said, with its place", () => {
    assert.deepEqual(
      problems(() => read(`${one.fingerprint}\n${one.fingerprint.slice(0, -1)}`)),
      ["revoked:2:1: there is no key; write its type and the key itself, as a file that ends in `.pub` has them"],
    );
  });
});
