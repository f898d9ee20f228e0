// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

/** `sha256:` and 64 hex digits. */
export type Digest = `sha256:${string}`;

/** RFC 8785 canonical JSON of a JSON value. Throws on what JSON cannot say. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("the value has no JSON form");
  return text;
}

/** 64 hex digits: SHA-256 of UTF-8 text or bytes. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** The digest of a document as it was written (design §4.3): defaults are not filled in. */
export function digestOf(value: unknown): Digest {
  return `sha256:${sha256Hex(canonicalJson(value))}`;
}
