// SPDX-License-Identifier: Apache-2.0
import { canonicalJson, type Digest, formatInstant, type Instant, parseInstant } from "@elevation/domain";
import { GrantError } from "../../errors";
import type { Access } from "../../lifecycle/ports";
import { neutral } from "./text";

/** 40 hex digits are 160 bits of the digest (design §6); with the prefix 45 bytes of the 63 that a name may have. */
const DIGITS = 40;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The name of every grant's role, as a regular expression of PostgreSQL. */
export const GRANT_ROLE_PATTERN = `^elev_[0-9a-f]{${DIGITS}}$`;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** The name of the role that a grant makes, from its request's digest. Throws GrantError `input-invalid`. */
export function grantRoleName(digest: Digest): string {
  if (!isDigest(digest)) {
    throw new GrantError(
      "input-invalid",
      `\`${neutral(digest as string)}\` is no digest; give sha256: and 64 hex digits`,
    );
  }
  return `elev_${digest.slice("sha256:".length, "sha256:".length + DIGITS)}`;
}

/**
 * The name again, after the place was seen to name the same: a place from a doctored state must not make us revoke, or
 * drop, a role of somebody else. Throws GrantError `input-invalid`.
 */
export function grantRoleOf(access: Access): string {
  const name = grantRoleName(access.digest);
  if (access.place.object !== name) {
    throw new GrantError(
      "input-invalid",
      `the grant's object is \`${neutral(access.place.object)}\`, its digest names \`${name}\`; restore the state from a backup`,
    );
  }
  return name;
}

/** What stands in the comment of a grant's role. */
export interface Note {
  readonly digest: string;
  readonly expiresAt: Instant | null;
  /**
   * What the holder changed carries this transaction's id or a later one, in digits, or one of `open`; see Beginning. Null if it
   * can't be read.
   */
  readonly since: string | null;
  readonly open: readonly string[];
  /** The timeline that the server was on then: a server that was promoted or restored since is on another. */
  readonly timeline: number | null;
}

export function noteText(access: Access, { open, since, timeline }: Pick<Note, "open" | "since" | "timeline">): string {
  const { digest, expiresAt } = access;
  const older = open.length === 0 ? {} : { open };
  return canonicalJson({ digest, expiresAt: formatInstant(expiresAt), ...older, since, timeline });
}

/** Null for a comment that is no note of ours at all. */
export function readNote(text: string | null): Note | null {
  if (text === null) return null;
  try {
    const { digest, expiresAt, open, since, timeline } = JSON.parse(text) as Record<string, unknown>;
    if (typeof digest !== "string") return null;
    return {
      digest,
      expiresAt: typeof expiresAt === "string" ? parseInstant(expiresAt) : null,
      since: isTransaction(since) ? since : null,
      open: Array.isArray(open) ? open.filter(isTransaction) : [],
      timeline: Number.isSafeInteger(timeline) ? (timeline as number) : null,
    };
  } catch {
    return null;
  }
}

function isTransaction(value: unknown): value is string {
  return typeof value === "string" && /^[1-9][0-9]{0,19}$/.test(value);
}
