// SPDX-License-Identifier: Apache-2.0
import { requestDigestOf } from "@elevation/domain";
import { type Asked, byTurn, judgeInTurn } from "@elevation/journal";
import type { Ground, Verdict } from "./verdict";

/** A Grant of the stack and the verdict on it alone. */
export interface Declared {
  readonly urn: string;
  readonly verdict: Verdict;
}

/** A request that is allowed alone, and not behind those that the same run grants before it. */
export interface DeniedTogether {
  readonly urn: string;
  readonly name: string;
  /** Names of the requests before it that are for its person, or for its role there; in their order. */
  readonly behind: readonly string[];
  readonly messages: readonly string[];
}

/**
 * Judges the Grants of a stack in the order in which a deploy judges new requests, each as if those allowed before it were
 * live. One that is denied alone, or that this version can't grant, counts for nobody.
 */
export function deniedTogether(
  grants: readonly Declared[],
  { documents, view, now }: Ground,
): readonly DeniedTogether[] {
  if (documents === null) return [];
  // Whether a request belongs to another stack was said of it alone.
  const turns = judgeInTurn(documents, { stack: null, now, view });
  const denied: DeniedTogether[] = [];
  const before: Asked[] = [];
  for (const { urn, asked } of inTurn(grants)) {
    const decision = turns.judge(asked);
    if (decision.outcome === "allow") {
      turns.count(asked, decision);
      before.push(asked);
      continue;
    }
    const behind = before.filter((other) => isRelated(asked, other)).map(({ value }) => value.metadata.name);
    const messages = decision.violations.map(({ message }) => message);
    denied.push({ urn, name: asked.value.metadata.name, behind, messages });
  }
  return denied;
}

function inTurn(grants: readonly Declared[]): readonly { urn: string; asked: Asked }[] {
  return grants
    .flatMap(({ urn, verdict: { decision, request, unserved } }) =>
      decision?.outcome === "allow" && request !== null && unserved === null
        ? [{ urn, asked: { value: request, digest: requestDigestOf(request) } }]
        : [],
    )
    .sort((one, other) => byTurn(one.asked, other.asked));
}

/** A limit or a conflict is about a person, or about a role in an environment. */
function isRelated({ value: { spec } }: Asked, { value: { spec: other } }: Asked): boolean {
  if (spec.requester === other.requester) return true;
  return spec.role === other.role && spec.environment === other.environment;
}
