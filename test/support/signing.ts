// SPDX-License-Identifier: Apache-2.0
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  canonicalJson,
  type Digest,
  type NewEvent,
  type Order,
  type OrderPayload,
  type Standing,
} from "@elevation/domain";

/** A key of OpenSSH, without OpenSSH: machines that have no `ssh-keygen` run the tests, too. */
export interface SigningKey {
  /** As in a file that ends in `.pub`, without a comment. */
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly privateKey: KeyObject;
}

export function aKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  const blob = Buffer.concat([sshString("ssh-ed25519"), sshString(Buffer.from(x, "base64url"))]);
  const fingerprint = `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
  return { publicKey: `ssh-ed25519 ${blob.toString("base64")}`, fingerprint, privateKey };
}

/** What a signature is made of, where it shall differ from what `ssh-keygen -Y sign -n elevation-order` makes. */
export interface Signed {
  readonly namespace?: string;
  readonly hash?: string;
  readonly reserved?: string;
  readonly version?: number;
}

/** An armored signature over a text. */
export function sshSign(
  { publicKey, privateKey }: SigningKey,
  text: string,
  { namespace = "elevation-order", hash = "sha512", reserved = "", version = 1 }: Signed = {},
): string {
  const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
  const digest = createHash(hash).update(text).digest();
  const signed = Buffer.concat([Buffer.from("SSHSIG"), ...[namespace, reserved, hash, digest].map(sshString)]);
  const signature = Buffer.concat([sshString("ssh-ed25519"), sshString(sign(null, signed, privateKey))]);
  const number = Buffer.alloc(4);
  number.writeUInt32BE(version);
  const parts = [blob, namespace, reserved, hash, signature].map(sshString);
  return armored(Buffer.concat([Buffer.from("SSHSIG"), number, ...parts]));
}

/** As OpenSSH writes it, in lines of 70 characters. */
export function armored(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,70}/g) ?? [];
  return ["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----", ""].join("\n");
}

/** An order of a payload, signed. */
export function signedOrder(key: SigningKey, payload: OrderPayload, how: Signed = {}): Order {
  const signature = sshSign(key, canonicalJson(payload), how);
  return { apiVersion: "elevation/v1", kind: "Order", payload, signature };
}

/** The event of an order that was obeyed. */
export function orderEvent(order: Order, standing: Standing = "administrator"): NewEvent {
  const { at, request = null } = order.payload;
  const actor = { kind: "person", key: "SHA256:…" } as const;
  return { at, type: "order", request: request as Digest | null, actor, data: { order, standing } };
}

export function sshString(part: string | Uint8Array): Buffer {
  const bytes = Buffer.from(part as Uint8Array);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
