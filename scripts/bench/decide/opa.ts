// SPDX-License-Identifier: Apache-2.0
import type { Contestant } from "./contestant";
import type { PlainRule } from "./scenario";

/** The part of its interface that is used. */
interface Opa {
  loadPolicy(wasm: Uint8Array): Promise<{
    setData(data: object): void;
    evaluate(input: unknown): readonly { readonly result: unknown }[];
  }>;
}

/** The rules are data, found by role and environment, and people by name: what its authors advise for many rules. */
export const REGO = `package elevation

import rego.v1

default allow := false

allow if {
  some rule in data.rules.allow[input.role][input.environment]
  rule.jobFunction in data.people[input.requester]
  input.duration <= rule.maxDuration
  input.reasonLength >= rule.minReason
  startswith(input.ticket, rule.ticket)
  open(rule)
  not denied
}

denied if {
  some rule in data.rules.deny[input.role][input.environment]
  rule.jobFunction in data.people[input.requester]
  open(rule)
  input.now >= rule.during.from
  input.now < rule.during.to
}

open(rule) if not rule.hours

open(rule) if {
  input.day <= 5
  input.minute >= rule.hours.from
  input.minute < rule.hours.to
}
`;

export const opaWith = (load: (name: string) => unknown, wasm: () => Promise<Uint8Array>): Contestant => ({
  name: "OPA (wasm)",
  prepare: async ({ rules, people, requests }) => {
    const policy = await (load("@open-policy-agent/opa-wasm") as Opa).loadPolicy(await wasm());
    policy.setData({
      rules: { allow: indexed(rules, "allow"), deny: indexed(rules, "deny") },
      people: Object.fromEntries(people),
    });
    return (index) => policy.evaluate(requests[index])[0]?.result === true;
  },
});

function indexed(rules: readonly PlainRule[], effect: PlainRule["effect"]): object {
  const index: Record<string, Record<string, object[]>> = {};
  for (const rule of rules.filter((each) => each.effect === effect)) {
    const { role, environment, jobFunction, maxDuration, minReason, ticket, hours, during } = rule;
    const here = { ...{ jobFunction, maxDuration, minReason, ticket: ticket ?? "" }, ...(hours && { hours }), during };
    const there = index[role] ?? {};
    index[role] = { ...there, [environment]: [...(there[environment] ?? []), here] };
  }
  return index;
}
