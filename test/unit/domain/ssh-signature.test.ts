// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { checkSignature, isDocumentError, readRevokedKeys, type SignatureCheck } from "@elevation/domain";
import { armored, sshString } from "../../support/signing";

const NAMESPACE = "elevation-order";
const TEXT = "{}";
const UNFIT = { fault: "does not fit: what was signed is not this, or was signed in another form; sign it again" };

/** What a signature of the text is over. */
const SIGNED = Buffer.concat([
  Buffer.from("SSHSIG"),
  ...[NAMESPACE, "", "sha512", createHash("sha512").update(TEXT).digest()].map(sshString),
]);

function check(key: Uint8Array, ...signature: readonly Uint8Array[]): SignatureCheck {
  const parts = [key, NAMESPACE, "", "sha512", Buffer.concat(signature)].map(sshString);
  const text = armored(Buffer.concat([Buffer.from("SSHSIG\0\0\0\x01"), ...parts]));
  return checkSignature(text, NAMESPACE, TEXT);
}

const isGood = (checked: SignatureCheck): boolean => "key" in checked;
const part = (key: KeyObject, name: "x" | "y" | "n" | "e"): Buffer =>
  Buffer.from(key.export({ format: "jwk" })[name] ?? "", "base64url");

/** A positive number as the wire has it. */
function positive(number: Buffer): Buffer {
  const start = number.findIndex((byte) => byte !== 0);
  const shortest = number.subarray(start);
  return sshString((shortest[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), shortest]) : shortest);
}

describe("the signature of a key in hardware", () => {
  const TYPE = "sk-ssh-ed25519@openssh.com";
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = Buffer.concat([TYPE, part(publicKey, "x"), "ssh:"].map(sshString));
  const sha256 = (data: Uint8Array | string) => createHash("sha256").update(data).digest();

  /** What the hardware makes of it, with these flags. */
  function signedWith(flags: number): SignatureCheck {
    const state = Buffer.of(flags, 0, 0, 0, 7);
    const signature = sign(null, Buffer.concat([sha256("ssh:"), state, sha256(SIGNED)]), privateKey);
    return check(key, sshString(TYPE), sshString(signature), state);
  }

  it("when somebody touched it, then it is good, whatever else it says", () => {
    assert.ok(isGood(signedWith(1)));
    assert.ok(isGood(signedWith(5)));
  });

  it("when nobody touched it, then it is not", () => {
    assert.deepEqual(signedWith(0), UNFIT);
    assert.deepEqual(signedWith(4), UNFIT);
  });
});

describe("an ECDSA signature", () => {
  const TYPE = "ecdsa-sha2-nistp256";
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const point = Buffer.concat([Buffer.of(4), part(publicKey, "x"), part(publicKey, "y")]);
  const key = Buffer.concat([TYPE, "nistp256", point].map(sshString));
  let [r, s] = [Buffer.of(), Buffer.of()];
  // A number that could be taken for one with a zero before it: half of all.
  do {
    const pair = sign("sha256", SIGNED, { key: privateKey, dsaEncoding: "ieee-p1363" });
    [r, s] = [pair.subarray(0, 32), pair.subarray(32)];
  } while ((r[0] ?? 0) >= 0x80 || r[0] === 0);
  const of = (...numbers: Buffer[]) => check(key, sshString(TYPE), sshString(Buffer.concat(numbers)));

  it("when its numbers are in their one form, then it is good", () => {
    assert.ok(isGood(of(positive(r), positive(s))));
  });

  it("when a number has a byte too many, is empty or too long, or something follows, then it is not", () => {
    const longer = sshString(Buffer.concat([Buffer.alloc(1), r]));
    for (const numbers of [
      [longer, positive(s)],
      [positive(r), sshString("")],
      [sshString(Buffer.alloc(33, 1)), positive(s)],
      [positive(r), positive(s), Buffer.of(0)],
      [positive(r)],
    ])
      assert.deepEqual(of(...numbers), UNFIT);
  });

  it("when its key is of another curve than it says, or its point is not on it, then it is none", () => {
    const fault = (what: string) => ({
      fault: `is no OpenSSH signature: ${what}; sign again with \`ssh-keygen -Y sign\``,
    });
    const other = Buffer.concat([TYPE, "nistp384", point].map(sshString));
    assert.deepEqual(check(other), fault("its curve is not that of its type"));
    const nowhere = Buffer.concat(
      [TYPE, "nistp256", Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)])].map(sshString),
    );
    assert.deepEqual(check(nowhere), fault("it is no key"));
    const short = Buffer.concat([TYPE, "nistp256", point.subarray(0, 33)].map(sshString));
    assert.deepEqual(check(short), fault("its point is not written in full"));
  });
});

describe("an RSA key", () => {
  function rsa(bits: number) {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
    const numbers = [positive(part(publicKey, "e")), positive(part(publicKey, "n"))];
    return { key: Buffer.concat([sshString("ssh-rsa"), ...numbers]), privateKey };
  }

  it("when it is as long as it must be, then SHA-2 signatures are good, and others not", () => {
    const { key, privateKey } = rsa(2048);
    const signature = (hash: string) => sshString(sign(hash, SIGNED, privateKey));
    assert.ok(isGood(check(key, sshString("rsa-sha2-512"), signature("sha512"))));
    assert.ok(isGood(check(key, sshString("rsa-sha2-256"), signature("sha256"))));
    assert.deepEqual(check(key, sshString("ssh-rsa"), signature("sha1")), UNFIT);
    assert.deepEqual(check(key, sshString("rsa-sha2-512"), signature("sha256")), UNFIT);
  });

  it("when it is shorter, then it is taken nowhere", () => {
    const { key } = rsa(1024);
    assert.throws(
      () => readRevokedKeys({ file: "revoked", text: `ssh-rsa ${key.toString("base64")}` }),
      (error) => {
        assert.ok(isDocumentError(error));
        assert.equal(error.message, "revoked:1:9: the key is not usable: it is an RSA key of fewer than 2048 bits");
        return true;
      },
    );
  });
});
