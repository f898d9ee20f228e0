// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import {
  canonicalJson,
  isDocumentError,
  type OrderPayload,
  readAllowedSigners,
  readDirectory,
  readOrder,
  verifyOrder,
} from "@elevation/domain";
import fc from "fast-check";
import { aKey, signedOrder } from "../support/signing";

const alice = aKey();
const NOW = Date.parse("2026-11-24T10:05:00Z");
const directory = readDirectory({
  file: "directory.yaml",
  text: "apiVersion: elevation/v1\nkind: Directory\njobFunctions: {}\npeople: { alice@example.com: { name: Alice } }",
}).value;
const signers = readAllowedSigners(
  { file: "allowed_signers", text: `alice@example.com namespaces="elevation-order" ${alice.publicKey}` },
  directory,
);
const PAYLOAD: OrderPayload = {
  order: "revoke",
  by: "alice@example.com",
  at: "2026-11-24T10:00:00Z",
  id: "order-1",
  reason: "Done earlier — danke",
  request: `sha256:${"a".repeat(64)}`,
};
const order = signedOrder(alice, PAYLOAD);
const payload = Buffer.from(canonicalJson(PAYLOAD));
const signature = Buffer.from(order.signature);

/** Whether an order of these bytes is taken; one that can't even be read is not. */
function isTaken(payload: Buffer, signature: Buffer): boolean {
  try {
    const parts = `"apiVersion":"elevation/v1","kind":"Order","payload":${payload.toString("utf8")}`;
    const text = `{${parts},"signature":${JSON.stringify(signature.toString("utf8"))}}`;
    const { value } = readOrder({ file: "order.json", text });
    return verifyOrder(value, { signers, revoked: new Set(), admins: null }, NOW).is === "signed";
  } catch (error) {
    if (isDocumentError(error)) return false;
    throw error;
  }
}

function changed(bytes: Buffer, at: number, by: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ by;
  return copy;
}

/** A byte of a text of so many, and by which bits it is changed. */
const change = (bytes: Buffer) => fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }));

describe("a signed order", () => {
  it("when nothing was changed, then it is taken", () => {
    assert.ok(isTaken(payload, signature));
  });

  it("when any bit of its payload was changed, then it is not", () => {
    for (let at = 0; at < payload.length; at++)
      for (let bit = 1; bit < 256; bit <<= 1)
        assert.ok(!isTaken(changed(payload, at, bit), signature), `${at}: ${bit}`);
  });

  it("when any bit of its signature was changed, then it is not", () => {
    for (let at = 0; at < signature.length; at++)
      for (let bit = 1; bit < 256; bit <<= 1)
        assert.ok(!isTaken(payload, changed(signature, at, bit)), `${at}: ${bit}`);
  });

  it("when any byte of payload or signature was changed to any other, then it is not", () => {
    fc.assert(
      fc.property(change(payload), change(signature), fc.boolean(), ([at, by], [there, then], isPayload) => {
        if (isPayload) assert.ok(!isTaken(changed(payload, at, by), signature));
        else assert.ok(!isTaken(payload, changed(signature, there, then)));
      }),
      { numRuns: 500 },
    );
  });

  it("when a part of its signature was taken out, or put in twice, then it is not", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: signature.length - 1 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (at, length, twice) => {
          const part = signature.subarray(at, at + length);
          const rest = [signature.subarray(0, at), ...(twice ? [part, part] : []), signature.subarray(at + length)];
          const other = Buffer.concat(rest);
          // The line break at the end is the one thing that may be missing.
          fc.pre(`${other}\n` !== `${signature}`);
          assert.ok(!isTaken(payload, other));
        },
      ),
      { numRuns: 500 },
    );
  });
});
