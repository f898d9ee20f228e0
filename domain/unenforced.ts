// SPDX-License-Identifier: Apache-2.0
import { placeOf, shown } from "./form-findings";
import type { Finding } from "./parsed";
import { field, fields, items, type Spot } from "./spot";

// What the format has and this version does not enforce. Ignored, each of these would open a door that its author believes shut;
// so each is refused, when a document is read and again by decide(). Whoever makes decide() enforce one takes it out here.

const RULE_FIELDS = ["approvals", "approvalsValidFor", "extensions", "cooldown", "onBehalf"];
const POLICY_FIELDS = ["limits", "conflicts", "breakGlass"];

/** What a policy demands and this version does not enforce; the value may be bad in other ways. */
export function unenforcedInPolicy(policy: Spot): Finding[] {
  return [
    ...POLICY_FIELDS.flatMap((key) => refuseField(field(policy, key))),
    ...items(field(policy, "rules")).flatMap(unenforcedInRule),
    ...fields(field(policy, "roles")).flatMap(({ spot }) => unenforcedInRole(spot)),
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
    ...(field(request, "signature").value === undefined
      ? []
      : [refusal(field(request, "signature"), "`signature` is given, but this version verifies none; leave it out")]),
  ];
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

function unenforcedInRole(role: Spot): Finding[] {
  const kinds = fields(field(role, "targets")).map(({ spot }) => field(spot, "kind"));
  return [
    ...refuseField(field(role, "maxOutlive")),
    ...kinds
      .filter((kind) => typeof kind.value === "string" && kind.value !== "postgres")
      .map((kind): Finding => {
        const message = `${placeOf(kind.path)} is ${shown(kind.value)}, but this version serves only \`postgres\`; write that`;
        return { path: kind.path, at: "value", message };
      }),
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
  return [{ path: [], at: "value", message: `\`requests.proof\` is absent, which means \`signature\`, ${fix}` }];
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
