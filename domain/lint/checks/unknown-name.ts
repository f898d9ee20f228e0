// SPDX-License-Identifier: Apache-2.0
import { unresolved } from "../../policy-findings";
import { field, items, type Spot } from "../../spot";
import type { LintCheck } from "../lint-check";

/** Stops a slip of the pen from quietly taking a right away from those who should have it. */
export const unknownName: LintCheck = {
  id: "unknown-name",
  finds: "A role, environment, person, job function or schedule that an allow rule names and that does not exist.",
  risk: "Such a name lets nobody in, so the rule is narrower than whoever wrote it believes. In a deny rule, in approvals or in break-glass it would leave a door open, and is an error of the document already.",
  severity: { error: "always" },
  check: ({ policy, directory }) => {
    const roles = Object.keys(policy.roles);
    const environments = Object.keys(policy.environments);
    const people = Object.keys(directory.people);
    const jobFunctions = Object.keys(directory.jobFunctions ?? {});
    const schedules = Object.keys(directory.onCall ?? {});
    const inWho = (who: Spot) => [
      ...unresolved(field(who, "people"), people, "person"),
      ...unresolved(field(who, "jobFunctions"), jobFunctions, "job function"),
      ...unresolved(field(who, "onCall"), schedules, "schedule"),
    ];
    return items({ value: policy.rules, path: ["rules"] })
      .filter((rule) => field(rule, "effect").value === "allow")
      .flatMap((rule) => [
        ...inWho(field(rule, "who")),
        ...inWho(field(rule, "onBehalf")),
        ...unresolved(field(rule, "roles"), roles, "role"),
        ...unresolved(field(rule, "environments"), environments, "environment"),
      ])
      .map(({ path, message }) => ({ severity: "error", document: "policy", path, message }));
  },
};
