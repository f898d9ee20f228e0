// SPDX-License-Identifier: Apache-2.0
import { placeOf, shown } from "./form-findings";
import type { Finding } from "./parsed";
import { type Policy, targetOf } from "./policy";
import { approvalLeaves } from "./policy-findings";
import type { Request } from "./request";
import { field, items, type Spot } from "./spot";
import { TARGET_KINDS } from "./target-kinds";
import { quote, quoteList } from "./text";

// What the format has and this version can't enforce where it matters: proofs of who asks, and verdicts that a forge brought. To pass
// over them would open a door that the policy's author believes shut, so whoever grants refuses such a policy; whoever only studies
// one (its tests, its differences) doesn't, because decide() judges by all of it.

/** What a policy demands and this version does not verify; the value may be bad in other ways. */
export function unenforcedInPolicy(policy: Spot): Finding[] {
  return [...items(field(policy, "rules")).flatMap(importedVerdicts), ...unenforcedProof(policy)];
}

/**
 * Why an allowed request can't be granted by this version: its target is of a kind that it doesn't serve. One line; null where it
 * can. Policies may name any kind and decide() judges by them all: the refusal comes where the target would be used, and is
 * foretold by this.
 */
export function unservedTarget(policy: Policy, request: Request): string | null {
  const kind = targetOf(policy, request)?.kind;
  if (kind === undefined || TARGET_KINDS.has(kind)) return null;
  const { environment, role } = request.spec;
  return `${quote(request.metadata.name)} asks for ${quote(role)} in ${quote(environment)}, a target of kind ${quote(kind)}, this version grants only at ${quoteList([...TARGET_KINDS.keys()])}; leave it out or use a version that serves it`;
}

function importedVerdicts(rule: Spot): Finding[] {
  return approvalLeaves(field(rule, "approvals")).flatMap((leaf): Finding[] => {
    const imported = field(leaf, "imported");
    if (imported.value !== true) return [];
    const message = `${placeOf(imported.path)} is \`true\`, but this version imports no verdicts from a forge; leave it out`;
    return [{ path: imported.path, at: "key", message }];
  });
}

function unenforcedProof(policy: Spot): Finding[] {
  const requests = field(policy, "requests");
  const proof = field(requests, "proof");
  if (proof.value === "none") return [];
  const fix =
    "but this version verifies no proof of who asks; write `none`, and let only people you trust add requests";
  if (proof.value === "signature" || proof.value === "author") {
    return [{ path: proof.path, at: "value", message: `\`requests.proof\` is ${shown(proof.value)}, ${fix}` }];
  }
  if (proof.value !== undefined) return [];
  return [
    { path: proof.path, at: "parent", message: `\`requests.proof\` is absent, which means \`signature\`, ${fix}` },
  ];
}
