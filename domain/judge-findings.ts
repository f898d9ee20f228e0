// SPDX-License-Identifier: Apache-2.0
import type { Finding } from "./parsed";
import { approvalLeaves, unresolved } from "./policy-findings";
import { field, items, keys, type Spot } from "./spot";

/**
 * People, job functions and schedules that a policy names, that must exist and that the directory does not have (design §4): in
 * deny rules, approvals and break-glass. Elsewhere in an allow rule such a name lets nobody in, which is no error.
 */
export function judgeFindings(policy: Spot, directory: Spot): Finding[] {
  const breakGlass = field(policy, "breakGlass");
  const who = [field(breakGlass, "who"), field(field(breakGlass, "review"), "from")];
  for (const rule of items(field(policy, "rules"))) {
    if (field(rule, "effect").value === "deny") who.push(field(rule, "who"));
    who.push(...approvalLeaves(field(rule, "approvals")).map((leaf) => field(leaf, "from")));
  }
  const known = {
    people: keys(field(directory, "people")),
    jobFunctions: keys(field(directory, "jobFunctions")),
    onCall: keys(field(directory, "onCall")),
  };
  return who.flatMap((spot) => [
    ...unresolved(field(spot, "jobFunctions"), known.jobFunctions, "job function"),
    ...unresolved(field(spot, "people"), known.people, "person"),
    ...unresolved(field(spot, "onCall"), known.onCall, "schedule"),
  ]);
}
