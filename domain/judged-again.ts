// SPDX-License-Identifier: Apache-2.0
import { compileDirectory } from "./compiled-directory";
import { compilePolicy, names } from "./compiled-policy";
import { whoMatches } from "./compiled-who";
import { deniesAt } from "./deny-rules";
import type { Directory } from "./directory";
import type { Instant } from "./instant";
import type { Policy } from "./policy";
import type { Request } from "./request";

/**
 * Why a live grant must end by today's policy and directory (design §6 "Judged again"): its person left the directory, or a deny rule
 * matches it at an instant. Null where it may stay: any other change of a policy leaves live grants alone. A break-glass grant ends by
 * no rule that break-glass passes.
 */
export function judgedAgain(
  policy: Policy,
  directory: Directory,
  { spec }: Request,
  now: Instant,
): "left" | "denied" | null {
  const people = compileDirectory(directory);
  if (!people.people.has(spec.requester)) return "left";
  const isDenied = compilePolicy(policy).denies.some(
    (rule) =>
      !(spec.breakGlass === true && rule.isPassable) &&
      names(rule.roles, spec.role) &&
      names(rule.environments, spec.environment) &&
      whoMatches(rule.who, people, spec.requester, now) &&
      deniesAt(rule, now),
  );
  return isDenied ? "denied" : null;
}
