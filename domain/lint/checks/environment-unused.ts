// SPDX-License-Identifier: Apache-2.0
import { quote } from "../../text";
import type { LintCheck } from "../lint-check";
import { reachOf } from "../reach";

/** Stops an environment from being taken for one that the policy looks after. */
export const environmentUnused: LintCheck = {
  id: "environment-unused",
  finds: "An environment in which nobody can get any role.",
  risk: "Nobody gets access there in this way, so that whoever needs it will look for another.",
  severity: { warning: "always" },
  check: (subject) => {
    const used = new Set([...reachOf(subject).held.values()].flatMap((environments) => [...environments.keys()]));
    return Object.keys(subject.policy.environments)
      .filter((environment) => !used.has(environment))
      .map((environment) => ({
        severity: "warning",
        document: "policy",
        path: ["environments", environment],
        message: `nobody can get any role in the environment ${quote(environment)}; add a target and a rule, or take it out`,
      }));
  },
};
