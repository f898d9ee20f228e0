// SPDX-License-Identifier: Apache-2.0
import { hash } from "node:crypto";
import { canonicalJson } from "./canonical-json";

/** `sha256:` and 64 hex digits. */
export type Digest = `sha256:${string}`;

/** 64 hex digits: SHA-256 of UTF-8 text or bytes. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash("sha256", data, "hex");
}

/** The digest of a document as it was written (design §4.3): defaults are not filled in. */
export function digestOf(value: unknown): Digest {
  return `sha256:${sha256Hex(canonicalJson(value))}`;
}
