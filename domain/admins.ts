// SPDX-License-Identifier: Apache-2.0
import { isFingerprint } from "./allowed-signers";
import { quote } from "./text";

/** Whom the environment of a job trusts to administer (design §7). */
export interface Admins {
  /** How many of them must sign what one alone may not. */
  readonly threshold: number;
  /** Fingerprints of their keys. */
  readonly keys: ReadonlySet<string>;
}

const FORM =
  "write a threshold and the fingerprints of the keys, as in `2 SHA256:… SHA256:… SHA256:…` (`ssh-keygen -l` prints them)";

/**
 * Reads `ELEVATION_ADMINS`: a threshold, and after it the administrators' keys by their fingerprints, with blanks between. A key says all
 * that is needed, because a signature carries it whole. Null where it is not set; empty is a fault, because a job that failed to get a
 * secret must not go on without administrators.
 */
export function readAdmins(
  env: Readonly<Record<string, string | undefined>>,
): Admins | null | { readonly problem: string } {
  const text = env["ELEVATION_ADMINS"];
  if (text === undefined) return null;
  const [first = "", ...keys] = text.trim().split(/\s+/);
  const problem = faultOf(first, keys);
  return problem === null ? { threshold: Number(first), keys: new Set(keys) } : { problem };
}

function faultOf(threshold: string, keys: readonly string[]): string | null {
  if (threshold === "") return `\`ELEVATION_ADMINS\` is set and empty; ${FORM}`;
  if (!/^[1-9]\d{0,2}$/.test(threshold))
    return `\`ELEVATION_ADMINS\` begins with ${quote(threshold)}, which is no threshold; ${FORM}`;
  const bad = keys.find((key) => !isFingerprint(key));
  if (bad !== undefined) return `\`ELEVATION_ADMINS\` holds ${quote(bad)}, which is no fingerprint; ${FORM}`;
  const doubled = keys.find((key, index) => keys.indexOf(key) !== index);
  if (doubled !== undefined) return `\`ELEVATION_ADMINS\` holds ${quote(doubled)} twice; name each key once`;
  if (Number(threshold) > keys.length)
    return `\`ELEVATION_ADMINS\` wants ${threshold} of ${keys.length} keys; lower the threshold, or name more keys`;
  return null;
}
