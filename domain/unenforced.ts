// SPDX-License-Identifier: Apache-2.0
import { placeOf, shown } from "./form-findings";
import type { Finding } from "./parsed";
import { type Policy, targetOf } from "./policy";
import type { Request } from "./request";
import { field, fields, items, type Spot } from "./spot";
import { quote, quoteList } from "./text";

// What the format has and this version does not enforce. Ignored, each of these would open a door that its author believes shut;
// so each is refused, when a document is read and again by decide(). Whoever makes decide() enforce one takes it out here.
// A request's `signature` is none of them: under `proof: none`, the only proof there is, nobody believes that it was verified.

const RULE_FIELDS = ["approvals", "approvalsValidFor", "extensions", "cooldown", "onBehalf"];
const POLICY_FIELDS = ["limits", "conflicts", "breakGlass"];

/** The kinds of targets at which this version can make a grant; a test compares them with the provider's. */
export const SERVED_KINDS: readonly string[] = ["postgres"];

/** What a policy demands and this version does not enforce; the value may be bad in other ways. */
export function unenforcedInPolicy(policy: Spot): Finding[] {
  return [
    ...POLICY_FIELDS.flatMap((key) => refuseField(field(policy, key))),
    ...items(field(policy, "rules")).flatMap(unenforcedInRule),
    ...fields(field(policy, "roles")).flatMap(({ spot }) => refuseField(field(spot, "maxOutlive"))),
    ...unenforcedProof(policy),
  ];
}

/** What a request asks and this version does not do; the value may be bad in other ways. */
export function unenforcedInRequest(request: Spot): Finding[] {
  const spec = field(request, "spec");
  const breakGlass = field(spec, "breakGlass");
  return [
    ...(breakGlass.value === true
      ? [
          refusal(
            breakGlass,
            `${placeOf(breakGlass.path)} is \`true\`, but this version grants no break-glass requests; leave it out`,
          ),
        ]
      : []),
    ...refuseField(field(spec, "extends")),
  ];
}

/**
 * Why an allowed request can't be granted by this version: its target is of a kind that it doesn't serve. One line; null where it
 * can. Policies may name any kind and decide() judges by them all: the refusal comes where the target would be used, and is
 * foretold by this.
 */
export function unservedTarget(policy: Policy, request: Request): string | null {
  const kind = targetOf(policy, request)?.kind;
  if (kind === undefined || SERVED_KINDS.includes(kind)) return null;
  const { environment, role } = request.spec;
  return `${quote(request.metadata.name)} asks for ${quote(role)} in ${quote(environment)}, a target of kind ${quote(kind)}, this version grants only at ${quoteList(SERVED_KINDS)}; leave it out or use a version that serves it`;
}

function unenforcedInRule(rule: Spot): Finding[] {
  if (field(rule, "effect").value !== "deny") return RULE_FIELDS.flatMap((key) => refuseField(field(rule, key)));
  const breakGlass = field(rule, "breakGlass");
  if (breakGlass.value !== true) return [];
  return [
    refusal(
      breakGlass,
      `${placeOf(breakGlass.path)} is \`true\`, but this version grants no break-glass requests; leave it out`,
    ),
  ];
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

function refuseField(spot: Spot): Finding[] {
  if (spot.value === undefined) return [];
  return [
    refusal(
      spot,
      `${placeOf(spot.path)} is given, but this version does not enforce it; leave it out or use a version that does`,
    ),
  ];
}

function refusal(spot: Spot, message: string): Finding {
  return { path: spot.path, at: "key", message };
}
