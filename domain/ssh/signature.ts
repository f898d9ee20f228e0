// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { quote } from "../text";
import { type PublicKey, readPublicKey } from "./public-key";
import { WireFault, WireReader, wireString } from "./wire";

/** Namespaces of design §4.4: a signature for one is never good for another. */
export const ORDER_NAMESPACE = "elevation-order";

const MAGIC = Buffer.from("SSHSIG");
const BEGIN = "-----BEGIN SSH SIGNATURE-----\n";
const END = "\n-----END SSH SIGNATURE-----";
const HASHES: readonly string[] = ["sha256", "sha512"];

/** Whose signature it is, or what is wrong with it, for the end of a sentence. */
export type SignatureCheck = { readonly key: PublicKey } | { readonly fault: string };

/**
 * Verifies what `ssh-keygen -Y sign` wrote (OpenSSH's PROTOCOL.sshsig, version 1) over a text, for one namespace. INVARIANT (one
 * form): no byte of a signature can be changed so that it is still one. It says nothing of whether the key is trusted.
 */
export function checkSignature(armored: string, namespace: string, text: string): SignatureCheck {
  try {
    return check(armored, namespace, text);
  } catch (error) {
    if (error instanceof WireFault)
      return { fault: `is no OpenSSH signature: ${error.message}; sign again with \`ssh-keygen -Y sign\`` };
    throw error;
  }
}

function check(armored: string, namespace: string, text: string): SignatureCheck {
  const reader = new WireReader(bytesOf(armored));
  if (!reader.take(MAGIC.length).equals(MAGIC)) throw new WireFault("it does not begin as one");
  const version = reader.uint32();
  if (version !== 1) throw new WireFault(`it is of version ${version}, and only 1 is known`);
  const key = readPublicKey(reader.string());
  const signedFor = reader.name();
  const reserved = reader.string();
  const hash = reader.name();
  const signature = reader.string();
  reader.end();
  if (reserved.length > 0) throw new WireFault("its reserved field is not empty");
  if (!HASHES.includes(hash)) throw new WireFault(`it is over the hash ${quote(hash)}`);
  if (signedFor !== namespace) return { fault: `is for namespace ${quote(signedFor)}; sign with \`-n ${namespace}\`` };
  const digest = createHash(hash).update(text).digest();
  const signed = Buffer.concat([MAGIC, ...[namespace, reserved, hash, digest].map(wireString)]);
  if (key.verifies(signed, signature)) return { key };
  return { fault: "does not fit: what was signed is not this, or was signed in another form; sign it again" };
}

/** Exactly as it is written by whoever armored it: in lines as long as the first one, the last one shorter. */
function bytesOf(armored: string): Buffer {
  const text = armored.endsWith("\n") ? armored.slice(0, -1) : armored;
  if (!text.startsWith(BEGIN) || !text.endsWith(END) || text.length < BEGIN.length + END.length)
    throw new WireFault("its first or last line is missing");
  const body = text.slice(BEGIN.length, -END.length);
  const bytes = Buffer.from(body, "base64");
  const width = body.indexOf("\n");
  const plain = bytes.toString("base64");
  const written = width < 1 ? plain : plain.replace(new RegExp(`.{${width}}(?=.)`, "g"), "$&\n");
  if (written !== body) throw new WireFault("its lines are not base64 in its one form");
  return bytes;
}
