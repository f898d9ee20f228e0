// SPDX-License-Identifier: Apache-2.0
import type { Admins } from "./admins";
import type { AllowedSigners, Signer } from "./allowed-signers";
import { canonicalJson } from "./canonical-json";
import { formatInstant, type Instant, parseInstant } from "./instant";
import type { Order } from "./order";
import { checkSignature, ORDER_NAMESPACE } from "./ssh/signature";
import { quote } from "./text";

/** By what the signer of an order is known. */
export interface OrderTrust {
  /** Null: the file can't be read, so that only administrators are known. */
  readonly signers: AllowedSigners | null;
  /** Fingerprints of keys that count for nothing any more; null: the list can't be read, so that no key is known to count. */
  readonly revoked: ReadonlySet<string> | null;
  /** Null: the job knows none. */
  readonly admins: Admins | null;
}

/** Who signed an order, and what they are. */
export interface Signature {
  /** The key's fingerprint. */
  readonly key: string;
  readonly isAdministrator: boolean;
}

/** The signer; or why the order is refused; or what keeps it from being judged yet. Whole sentences. */
export type VerifiedOrder =
  | ({ readonly is: "signed" } & Signature)
  | { readonly is: "refused"; readonly why: string }
  | { readonly is: "unknown"; readonly why: string };

/** How long an order is good after it was signed, in milliseconds: whoever takes orders may have been away for a while. */
export const ORDER_GOOD_FOR = 86_400_000;
/** How far another clock may be ahead, in milliseconds. */
export const ORDER_AHEAD = 300_000;

/**
 * Who signed an order: the key fits the payload, stands in `allowed_signers` for the person that the order names, for orders, at the
 * instant that it names, and is not revoked. An administrator's key is known by the environment alone, whatever a line of that file says of
 * it: so nobody who edits the file keeps a lock from being put on.
 */
export function verifyOrder(order: Order, { signers, revoked, admins }: OrderTrust, now: Instant): VerifiedOrder {
  const { by, at: written, id } = order.payload;
  const refused = (why: string): VerifiedOrder => ({
    is: "refused",
    why: `order ${quote(id)} of ${quote(by)} is refused: ${why}`,
  });
  const checked = checkSignature(order.signature, ORDER_NAMESPACE, canonicalJson(order.payload));
  if ("fault" in checked) return refused(`its signature ${checked.fault}`);
  const { fingerprint } = checked.key;
  if (revoked?.has(fingerprint)) return refused(`the key ${fingerprint} is revoked; sign with another one`);
  const at = parseInstant(written) ?? Number.NaN;
  const dated = datedFault(at, now);
  if (dated !== null) return refused(dated);
  const waits = (why: string): VerifiedOrder => ({
    is: "unknown",
    why: `order ${quote(id)} of ${quote(by)} waits: ${why}`,
  });
  if (revoked === null) return waits("which keys are revoked can't be known while the list of them can't be read");
  if (admins?.keys.has(fingerprint) === true) return { is: "signed", key: fingerprint, isAdministrator: true };
  if (signers === null)
    return waits(`whose the key ${fingerprint} is can't be known while \`allowed_signers\` can't be read`);
  const signer = signers.signers.get(fingerprint);
  if (signer === undefined)
    return refused(
      `the key ${fingerprint} stands in no line of \`allowed_signers\`; have it added, or sign with one that does`,
    );
  const fault = signerFault(signer, by, at);
  return fault === null
    ? { is: "signed", key: fingerprint, isAdministrator: false }
    : refused(`the key ${fingerprint} ${fault}`);
}

function signerFault({ principal, namespaces, from, to }: Signer, by: string, at: Instant): string | null {
  if (principal !== by) return `is ${quote(principal)}'s; sign with a key of your own, and name yourself in \`by\``;
  if (!namespaces.includes(ORDER_NAMESPACE)) {
    return `may not sign orders: its line in \`allowed_signers\` lacks the namespace \`${ORDER_NAMESPACE}\`; have it added`;
  }
  if (from !== null && at < from)
    return `is good from ${formatInstant(from)} on, and the order is dated ${formatInstant(at)}; sign with another one`;
  if (to !== null && at >= to)
    return `was good before ${formatInstant(to)}, and the order is dated ${formatInstant(at)}; sign with another one`;
  return null;
}

function datedFault(at: Instant, now: Instant): string | null {
  if (at > now + ORDER_AHEAD)
    return `it is dated ${formatInstant(at)}, and it is only ${formatInstant(now)}; set your clock, and sign again`;
  if (at < now - ORDER_GOOD_FOR)
    return `it is dated ${formatInstant(at)}, and an order is good for 24 h; sign it again with today's \`at\` and another \`id\``;
  return null;
}
