// SPDX-License-Identifier: Apache-2.0
import type { Contestant } from "./contestant";
import type { PlainRequest, PlainRule } from "./scenario";

/** The part of its interface that is used. */
interface Cedar {
  preparsePolicySet(id: string, policies: { staticPolicies: string }): { type: "success" | "failure" };
  statefulIsAuthorized(call: object): { type: string; response?: { decision: "allow" | "deny" }; errors?: unknown };
}

/** Policies parsed once; entities are those of the one request: the person with the job functions, and the resource. */
export const cedarWith = (load: (name: string) => unknown): Contestant => ({
  name: "Cedar (wasm)",
  prepare: async ({ name, rules, requests }) => {
    const cedar = load("@cedar-policy/cedar-wasm/nodejs") as Cedar;
    const parsed = cedar.preparsePolicySet(name, { staticPolicies: rules.map(policyOf).join("\n") });
    if (parsed.type !== "success") throw new Error(`Cedar refuses the policies: ${JSON.stringify(parsed)}`);
    const calls = requests.map((request) => callOf(name, request));
    return (index) => {
      const answer = cedar.statefulIsAuthorized(calls[index] ?? {});
      if (answer.response === undefined) throw new Error(`Cedar gives no answer: ${JSON.stringify(answer)}`);
      return answer.response.decision === "allow";
    };
  },
});

function policyOf({
  effect,
  jobFunction,
  role,
  environment,
  maxDuration,
  minReason,
  ticket,
  hours,
  during,
}: PlainRule) {
  const conditions = [
    ...(effect === "allow" ? [`context.duration <= ${maxDuration}`, `context.reason >= ${minReason}`] : []),
    ...(effect === "allow" && ticket !== null ? [`context.ticket like "${ticket}*"`] : []),
    ...(hours === null ? [] : [`context.day <= 5`, `context.minute >= ${hours.from}`, `context.minute < ${hours.to}`]),
    ...(during === null ? [] : [`context.now >= ${during.from}`, `context.now < ${during.to}`]),
  ];
  const when = conditions.length === 0 ? "" : ` when { ${conditions.join(" && ")} }`;
  const what = `principal in Function::"${jobFunction}", action == Action::"use", resource == Role::"${role}/${environment}"`;
  return `${effect === "allow" ? "permit" : "forbid"} (${what})${when};`;
}

function callOf(name: string, request: PlainRequest): object {
  const { requester, jobFunctions, role, environment, duration, reasonLength, ticket, day, minute, now } = request;
  const parents = jobFunctions.map((id) => ({ type: "Function", id }));
  return {
    principal: { type: "Person", id: requester },
    action: { type: "Action", id: "use" },
    resource: { type: "Role", id: `${role}/${environment}` },
    context: { duration, reason: reasonLength, ticket, day, minute, now },
    preparsedPolicySetId: name,
    entities: [{ uid: { type: "Person", id: requester }, attrs: {}, parents }],
  };
}
