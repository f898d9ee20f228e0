// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AllowedSigners,
  checkSignature,
  type Order,
  type OrderPayload,
  readAdmins,
  readAllowedSigners,
  readDirectory,
  readOrder,
  verifyOrder,
} from "@elevation/domain";
import { repository } from "@elevation/scripts/support/workspace";
import { aKey, armored, type Signed, type SigningKey, signedOrder, sshString } from "../../support/signing";

const VECTORS = join(repository, "test", "vectors", "orders");
const NOW = Date.parse("2026-11-24T10:05:00Z");
const DIGEST = `sha256:${"a".repeat(64)}`;
const directory = readDirectory({
  file: "directory.yaml",
  text: `
apiVersion: elevation/v1
kind: Directory
jobFunctions: {}
people:
${["alice", "bob", "carol", "dave", "erin"].map((name) => `  ${name}@example.com: { name: ${name} }`).join("\n")}
`,
}).value;

const vector = (name: string) => readFileSync(join(VECTORS, name), "utf8");
const read = (name: string): Order => readOrder({ file: name, text: vector(name) }).value;

function signersOf(...lines: string[]): AllowedSigners {
  return readAllowedSigners({ file: "allowed_signers", text: lines.join("\n") }, directory);
}

function aPayload(changes: Partial<OrderPayload> = {}): OrderPayload {
  return {
    order: "revoke",
    by: "alice@example.com",
    at: "2026-11-24T10:00:00Z",
    id: "order-1",
    reason: "Done earlier",
    request: DIGEST,
    ...changes,
  };
}

describe("an order signed by ssh-keygen", () => {
  const trust = { signers: signersOf(vector("allowed_signers").trimEnd()), revoked: new Set<string>(), admins: null };

  for (const name of ["ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa3072", "sha256"]) {
    it(`when it is ${name}, then it is known who signed`, () => {
      const verified = verifyOrder(read(`${name}.json`), trust, NOW);
      assert.equal(verified.is, "signed", "why" in verified ? verified.why : "");
    });
  }

  it("when it was signed for another namespace, then it is refused", () => {
    assert.deepEqual(verifyOrder(read("other-namespace.json"), trust, NOW), {
      is: "refused",
      why: "order `made-by-ssh-keygen-ed25519` of `alice@example.com` is refused: its signature is for namespace `git`; sign with `-n elevation-order`",
    });
  });

  it("when a key in hardware signed, then the signature fits what it signed, and nothing else", () => {
    const { namespace, message, signatures } = JSON.parse(vector("security-keys-of-openssh.json")) as {
      namespace: string;
      message: string;
      signatures: { publicKey: string; signature: string }[];
    };
    for (const { publicKey, signature } of signatures) {
      const checked = checkSignature(signature, namespace, message);
      assert.equal("key" in checked && checked.key.type, publicKey.split(" ")[0]);
      assert.deepEqual(checkSignature(signature, namespace, `${message}!`), {
        fault: "does not fit: what was signed is not this, or was signed in another form; sign it again",
      });
      // Bytes from the end: counter (4), flags (1), of which the first bit says that it was touched.
      const untouched = Buffer.from(signature.split("\n").slice(1, -2).join(""), "base64");
      untouched[untouched.length - 5] = 0;
      assert.ok("fault" in checkSignature(armored(untouched), namespace, message));
    }
  });
});

describe("the signer of an order", () => {
  let alice: SigningKey;
  let admin: SigningKey;

  beforeEach(() => {
    [alice, admin] = [aKey(), aKey()];
  });

  const line = (options: string) => `alice@example.com ${options} ${alice.publicKey}`;
  const ORDERS = 'namespaces="elevation-order"';

  function verify(
    payload: OrderPayload,
    how: { options?: string; signed?: Signed; key?: SigningKey; now?: number } = {},
  ) {
    const { options = ORDERS, signed = {}, key = alice, now = NOW } = how;
    const trust = { signers: signersOf(line(options)), revoked: new Set<string>(), admins: adminsOf(admin) };
    return verifyOrder(signedOrder(key, payload, signed), trust, now);
  }

  function adminsOf(...keys: SigningKey[]) {
    const admins = readAdmins({ ELEVATION_ADMINS: `1 ${keys.map(({ fingerprint }) => fingerprint).join(" ")}` });
    assert.ok(admins !== null && !("problem" in admins));
    return admins;
  }

  const refusal = (why: string) => ({
    is: "refused",
    why: `order \`order-1\` of \`alice@example.com\` is refused: ${why}`,
  });

  it("when the key is hers, then it is she, and no administrator", () => {
    assert.deepEqual(verify(aPayload()), { is: "signed", key: alice.fingerprint, isAdministrator: false });
  });

  it("when the key is an administrator's by the environment, then no file need name it", () => {
    const order = signedOrder(admin, aPayload({ by: "ann@example.com" }));
    const trust = { signers: null, revoked: new Set<string>(), admins: adminsOf(admin) };
    assert.deepEqual(verifyOrder(order, trust, NOW), { is: "signed", key: admin.fingerprint, isAdministrator: true });
  });

  for (const [how, options, by] of [
    ["for something else", 'namespaces="elevation"', "alice@example.com"],
    ["for a time that is over", `${ORDERS},valid-before="20261124100000Z"`, "alice@example.com"],
    ["for a time to come", `${ORDERS},valid-after="20261125Z"`, "alice@example.com"],
    ["for somebody else", ORDERS, "bob@example.com"],
  ] as const) {
    it(`when the file names an administrator's key ${how}, then the environment counts, and the order is the administrator's`, () => {
      const trust = { signers: signersOf(line(options)), revoked: new Set<string>(), admins: adminsOf(alice) };
      assert.deepEqual(verifyOrder(signedOrder(alice, aPayload({ by })), trust, NOW), {
        is: "signed",
        key: alice.fingerprint,
        isAdministrator: true,
      });
    });
  }

  it("when a key is somebody else's, then it is refused", () => {
    const why = `the key ${alice.fingerprint} is \`alice@example.com\`'s; sign with a key of your own, and name yourself in \`by\``;
    assert.deepEqual(verify(aPayload({ by: "bob@example.com" })), {
      is: "refused",
      why: `order \`order-1\` of \`bob@example.com\` is refused: ${why}`,
    });
  });

  it("when the file can't be read, then the order of anybody but an administrator waits", () => {
    const trust = { signers: null, revoked: new Set<string>(), admins: adminsOf(admin) };
    assert.deepEqual(verifyOrder(signedOrder(alice, aPayload()), trust, NOW), {
      is: "unknown",
      why: `order \`order-1\` of \`alice@example.com\` waits: whose the key ${alice.fingerprint} is can't be known while \`allowed_signers\` can't be read`,
    });
  });

  it("when the list of revoked keys can't be read, then every order waits, an administrator's too", () => {
    const trust = { signers: null, revoked: null, admins: adminsOf(admin) };
    assert.deepEqual(verifyOrder(signedOrder(admin, aPayload()), trust, NOW), {
      is: "unknown",
      why: "order `order-1` of `alice@example.com` waits: which keys are revoked can't be known while the list of them can't be read",
    });
  });

  it("when the payload was changed after it was signed, then it is refused", () => {
    const order = signedOrder(alice, aPayload());
    const trust = { signers: signersOf(line(ORDERS)), revoked: new Set<string>(), admins: null };
    const changed = { ...order, payload: { ...order.payload, request: `sha256:${"b".repeat(64)}` } };
    assert.deepEqual(
      verifyOrder(changed, trust, NOW),
      refusal("its signature does not fit: what was signed is not this, or was signed in another form; sign it again"),
    );
  });

  it("when another key signed, then it is refused", () => {
    const other = aKey();
    assert.deepEqual(
      verify(aPayload(), { key: other }),
      refusal(
        `the key ${other.fingerprint} stands in no line of \`allowed_signers\`; have it added, or sign with one that does`,
      ),
    );
  });

  it("when the key may sign something else only, then it is refused", () => {
    assert.deepEqual(
      verify(aPayload(), { options: 'namespaces="elevation,elevation-request"' }),
      refusal(
        `the key ${alice.fingerprint} may not sign orders: its line in \`allowed_signers\` lacks the namespace \`elevation-order\`; have it added`,
      ),
    );
  });

  it("when the key is revoked now, then whatever it signed is refused, an administrator's too", () => {
    for (const key of [alice, admin]) {
      const trust = { signers: signersOf(line(ORDERS)), revoked: new Set([key.fingerprint]), admins: adminsOf(admin) };
      assert.deepEqual(
        verifyOrder(signedOrder(key, aPayload()), trust, NOW),
        refusal(`the key ${key.fingerprint} is revoked; sign with another one`),
      );
    }
  });

  const span = `${ORDERS},valid-after="20261124100000Z",valid-before="20261124100100Z"`;
  for (const [at, fault] of [
    [
      "2026-11-24T09:59:59.999Z",
      "is good from 2026-11-24T10:00:00.000Z on, and the order is dated 2026-11-24T09:59:59.999Z",
    ],
    ["2026-11-24T10:00:00Z", null],
    ["2026-11-24T10:00:59.999Z", null],
    [
      "2026-11-24T10:01:00Z",
      "was good before 2026-11-24T10:01:00.000Z, and the order is dated 2026-11-24T10:01:00.000Z",
    ],
  ] as const) {
    it(`when a key is good for a minute and the order is dated ${at}, then ${fault === null ? "it is she" : "it is refused"}`, () => {
      const expected =
        fault === null
          ? { is: "signed", key: alice.fingerprint, isAdministrator: false }
          : refusal(`the key ${alice.fingerprint} ${fault}; sign with another one`);
      assert.deepEqual(verify(aPayload({ at }), { options: span }), expected);
    });
  }

  const signedAt = Date.parse("2026-11-24T10:00:00Z");
  for (const [name, now, fault] of [
    ["5 min ahead", signedAt - 300_000, null],
    [
      "more than 5 min ahead",
      signedAt - 300_001,
      "it is dated 2026-11-24T10:00:00.000Z, and it is only 2026-11-24T09:54:59.999Z; set your clock, and sign again",
    ],
    ["24 h old", signedAt + 86_400_000, null],
    [
      "more than 24 h old",
      signedAt + 86_400_001,
      "it is dated 2026-11-24T10:00:00.000Z, and an order is good for 24 h; sign it again with today's `at` and another `id`",
    ],
  ] as const) {
    it(`when the order is ${name}, then ${fault === null ? "it is taken" : "it is refused"}`, () => {
      const verified = verify(aPayload(), { now });
      if (fault === null) assert.equal(verified.is, "signed");
      else assert.deepEqual(verified, refusal(fault));
    });
  }

  for (const [name, signed, fault] of [
    ["another version of the format", { version: 2 }, "it is of version 2, and only 1 is known"],
    ["something in the reserved field", { reserved: "x" }, "its reserved field is not empty"],
    ["a hash that proves nothing", { hash: "sha1" }, "it is over the hash `sha1`"],
  ] as const) {
    it(`when the signature has ${name}, then it is refused`, () => {
      assert.deepEqual(
        verify(aPayload(), { signed }),
        refusal(`its signature is no OpenSSH signature: ${fault}; sign again with \`ssh-keygen -Y sign\``),
      );
    });
  }

  for (const [name, text, fault] of [
    ["is empty", "", "its first or last line is missing"],
    ["is cut off", armored(Buffer.from("SSHSIG")), "it is cut off"],
    ["is something else", armored(Buffer.from("PGPSIG....")), "it does not begin as one"],
    ["is not base64", armored(Buffer.from("SSHSIG")).replace("\nU", "\n*"), "its lines are not base64 in its one form"],
    [
      "is of a key that nobody serves",
      armored(Buffer.concat([Buffer.from("SSHSIG\0\0\0\x01"), sshString(sshString("ssh-dss"))])),
      "it is a key of type `ssh-dss`, and only `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ecdsa-sha2-nistp384`, `ecdsa-sha2-nistp521`, `ssh-rsa`, `sk-ssh-ed25519@openssh.com` and `sk-ecdsa-sha2-nistp256@openssh.com` are served",
    ],
  ] as const) {
    it(`when the signature ${name}, then it is refused`, () => {
      assert.deepEqual(checkSignature(text, "elevation-order", ""), {
        fault: `is no OpenSSH signature: ${fault}; sign again with \`ssh-keygen -Y sign\``,
      });
    });
  }
});

describe("ELEVATION_ADMINS", () => {
  const [one, other] = [aKey().fingerprint, aKey().fingerprint];
  const form =
    "write a threshold and the fingerprints of the keys, as in `2 SHA256:… SHA256:… SHA256:…` (`ssh-keygen -l` prints them)";

  it("when it names a threshold and keys, then these are the administrators'", () => {
    assert.deepEqual(readAdmins({ ELEVATION_ADMINS: ` 2 ${one}\n${other} ` }), {
      threshold: 2,
      keys: new Set([one, other]),
    });
    assert.equal(readAdmins({}), null);
  });

  for (const [name, text, problem] of [
    ["is empty", "  ", `\`ELEVATION_ADMINS\` is set and empty; ${form}`],
    ["names no threshold", one, `\`ELEVATION_ADMINS\` begins with \`${one}\`, which is no threshold; ${form}`],
    ["has a threshold of nobody", `0 ${one}`, `\`ELEVATION_ADMINS\` begins with \`0\`, which is no threshold; ${form}`],
    [
      "names an email",
      "1 ann@example.com",
      `\`ELEVATION_ADMINS\` holds \`ann@example.com\`, which is no fingerprint; ${form}`,
    ],
    ["names a key twice", `1 ${one} ${one}`, `\`ELEVATION_ADMINS\` holds \`${one}\` twice; name each key once`],
    [
      "wants more than there are",
      `2 ${one}`,
      "`ELEVATION_ADMINS` wants 2 of 1 keys; lower the threshold, or name more keys",
    ],
  ] as const) {
    it(`when it ${name}, then that is said`, () => {
      assert.deepEqual(readAdmins({ ELEVATION_ADMINS: text }), { problem });
    });
  }
});
