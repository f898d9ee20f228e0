// SPDX-License-Identifier: Apache-2.0
import type { Contestant } from "./contestant";
import type { PlainRequest } from "./scenario";

/** The part of its interface that is used. */
interface Casbin {
  newModelFromString(text: string): unknown;
  newEnforcer(model: unknown): Promise<{
    addPolicies(rules: readonly (readonly string[])[]): Promise<boolean>;
    addFunction(name: string, run: (...args: never[]) => boolean): Promise<void>;
    enforceSync(...values: unknown[]): boolean;
  }>;
}

const MODEL = `
[request_definition]
r = req
[policy_definition]
p = fn, role, env, max, reason, ticket, from, to, start, end, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.req.role == p.role && r.req.environment == p.env && fits(r.req, p.fn, p.max, p.reason, p.ticket, p.from, p.to, p.start, p.end)
`;

/** One function judges what its expressions would take longest for; the role and the environment are compared first. */
function fits(request: PlainRequest, ...[fn, max, reason, ticket, from, to, start, end]: readonly string[]): boolean {
  return (
    request.jobFunctions.includes(fn ?? "") &&
    request.duration <= Number(max) &&
    request.reasonLength >= Number(reason) &&
    (ticket === "*" || request.ticket.startsWith(ticket ?? "")) &&
    (from === "*" || (request.day <= 5 && request.minute >= Number(from) && request.minute < Number(to))) &&
    (start === "*" || (request.now >= Number(start) && request.now < Number(end)))
  );
}

export const casbinWith = (load: (name: string) => unknown): Contestant => ({
  name: "Casbin",
  prepare: async ({ rules, requests }) => {
    const casbin = load("casbin") as Casbin;
    const enforcer = await casbin.newEnforcer(casbin.newModelFromString(MODEL));
    await enforcer.addFunction("fits", fits as (...args: never[]) => boolean);
    await enforcer.addPolicies(
      rules.map((rule) => [
        ...[rule.jobFunction, rule.role, rule.environment],
        ...(rule.effect === "deny"
          ? ["1e9", "0", "*"]
          : [`${rule.maxDuration}`, `${rule.minReason}`, rule.ticket ?? "*"]),
        ...(rule.hours === null ? ["*", "*"] : [`${rule.hours.from}`, `${rule.hours.to}`]),
        ...(rule.during === null ? ["*", "*"] : [`${rule.during.from}`, `${rule.during.to}`]),
        rule.effect,
      ]),
    );
    return (index) => enforcer.enforceSync(requests[index]);
  },
});
