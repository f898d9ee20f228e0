// SPDX-License-Identifier: Apache-2.0
import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { quote, quoteList } from "../text";
import { WireFault, WireReader, wireString } from "./wire";

/** A public key of OpenSSH. */
export interface PublicKey {
  /** As in `ssh-ed25519`. */
  readonly type: string;
  /** As `ssh-keygen -l` prints it: `SHA256:` and 43 characters. */
  readonly fingerprint: string;
  /** Whether a signature of the wire format is this key's over these bytes; false for whatever is no signature. */
  verifies(signed: Buffer, signature: Buffer): boolean;
}

/** What is verified of a signature, after its algorithm was looked at. Throws {@link WireFault}. */
type Check = (signed: Buffer, reader: WireReader, algorithm: string) => boolean;

/** Reads the rest of a key's bytes, after its type. Throws {@link WireFault}. */
type Kind = (reader: WireReader) => Check;

/** Below it RSA is no proof any more (NIST SP 800-57: until 2030). */
const MIN_RSA_BITS = 2048;
/** The bit of a security key's flags that says: somebody touched it. */
const TOUCHED = 1;

interface Curve {
  readonly jwk: string;
  /** Bytes of a coordinate. */
  readonly size: number;
  readonly hash: string;
}

const CURVES: Readonly<Record<string, Curve>> = {
  nistp256: { jwk: "P-256", size: 32, hash: "sha256" },
  nistp384: { jwk: "P-384", size: 48, hash: "sha384" },
  nistp521: { jwk: "P-521", size: 66, hash: "sha512" },
};

const KINDS: Readonly<Record<string, Kind>> = {
  "ssh-ed25519": ed25519,
  "ecdsa-sha2-nistp256": ecdsa("nistp256"),
  "ecdsa-sha2-nistp384": ecdsa("nistp384"),
  "ecdsa-sha2-nistp521": ecdsa("nistp521"),
  "ssh-rsa": rsa,
  "sk-ssh-ed25519@openssh.com": securityKey(ed25519),
  "sk-ecdsa-sha2-nistp256@openssh.com": securityKey(ecdsa("nistp256")),
};

/** Types whose signatures are verified. */
export const KEY_TYPES: readonly string[] = Object.keys(KINDS);

/** Reads a key from its bytes. Throws {@link WireFault}: cut off, of a type that isn't served, or none. */
export function readPublicKey(blob: Buffer): PublicKey {
  const reader = new WireReader(blob);
  const type = reader.name();
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (kind === undefined)
    throw new WireFault(`it is a key of type ${quote(type)}, and only ${quoteList(KEY_TYPES, "and")} are served`);
  const check = kind(reader);
  reader.end();
  return {
    type,
    fingerprint: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
    verifies: (signed, signature) => {
      try {
        const inner = new WireReader(signature);
        return check(signed, inner, inner.name());
      } catch (error) {
        if (error instanceof WireFault) return false;
        throw error;
      }
    },
  };
}

function ed25519(reader: WireReader): Check {
  const x = reader.string();
  const key = imported({ kty: "OKP", crv: "Ed25519", x: base64url(x) });
  return (signed, inner, algorithm) => {
    const signature = inner.string();
    inner.end();
    return algorithm === "ssh-ed25519" && signature.length === 64 && verify(null, signed, key, signature);
  };
}

function ecdsa(curve: keyof typeof CURVES): Kind {
  const { jwk, size, hash } = CURVES[curve] as Curve;
  return (reader) => {
    if (reader.name() !== curve) throw new WireFault("its curve is not that of its type");
    const point = reader.string();
    if (point.length !== 1 + 2 * size || point[0] !== 4) throw new WireFault("its point is not written in full");
    const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)];
    const key = imported({ kty: "EC", crv: jwk, x: base64url(x), y: base64url(y) });
    return (signed, inner, algorithm) => {
      const pair = new WireReader(inner.string());
      inner.end();
      const [r, s] = [padded(pair.positive(), size), padded(pair.positive(), size)];
      pair.end();
      const isOfKind = algorithm === `ecdsa-sha2-${curve}`;
      return isOfKind && verify(hash, signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.concat([r, s]));
    };
  };
}

function rsa(reader: WireReader): Check {
  const [e, n] = [reader.positive(), reader.positive()];
  if (n.length * 8 < MIN_RSA_BITS) throw new WireFault(`it is an RSA key of fewer than ${MIN_RSA_BITS} bits`);
  const key = imported({ kty: "RSA", e: base64url(e), n: base64url(n) });
  const hashes: Readonly<Record<string, string>> = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" };
  return (signed, inner, algorithm) => {
    const hash = Object.hasOwn(hashes, algorithm) ? hashes[algorithm] : undefined;
    const signature = inner.string();
    inner.end();
    return hash !== undefined && signature.length === n.length && verify(hash, signed, key, signature);
  };
}

/** A key in hardware signs besides what it is used for, whether somebody touched it (which is demanded), and a counter. */
function securityKey(kind: Kind): Kind {
  return (reader) => {
    const check = kind(reader);
    const application = sha256(reader.string());
    return (signed, inner, algorithm) => {
      const signature = inner.string();
      const state = inner.take(5);
      inner.end();
      const isTouched = ((state[0] ?? 0) & TOUCHED) === TOUCHED;
      const plain = /^sk-(.+)@openssh\.com$/.exec(algorithm)?.[1] ?? "";
      const all = Buffer.concat([application, state, sha256(signed)]);
      return isTouched && check(all, new WireReader(wireString(signature)), plain);
    };
  };
}

function imported(jwk: Readonly<Record<string, string>>): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    throw new WireFault("it is no key");
  }
}

function base64url(bytes: Buffer): string {
  return bytes.toString("base64url");
}

function padded(number: Buffer, size: number): Buffer {
  if (number.length > size) throw new WireFault("a number in it is too long");
  return Buffer.concat([Buffer.alloc(size - number.length), number]);
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
