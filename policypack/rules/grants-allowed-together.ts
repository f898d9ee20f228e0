// SPDX-License-Identifier: Apache-2.0
import { GRANT_TYPE, quote } from "@elevation/domain";
import type { Rule } from "../define-rule";
import { namesOf } from "../names-of";
import { type DeniedTogether, deniedTogether } from "../together";

const ID = "grants-allowed-together";

/**
 * Shows requests of one run that are each allowed alone, and together pass a limit or bring roles together that the policy
 * keeps apart.
 *
 * It only advises: a stack rule speaks when everything is done, so the gate is the provider, which judges each grant by
 * what is live when it is made. It says beforehand whose turn comes too late in a deploy.
 */
export const grantsAllowedTogether: Rule = {
  id: ID,
  description: "Requests of one run are allowed together, not only each alone",
  enforcement: "advisory",
  severity: "high",
  serves: ["separation-of-duties", "least-privilege"],
  remedy: "Withdraw one of the requests, or merge it when the other's grant has ended.",
  reports: [],
  examples: [
    {
      what: "beside a request of somebody else for a role that one person may hold",
      beside: { "bruno-orders": { requester: "bruno@example.com", requestedAt: "2026-11-24T09:00:00Z" } },
    },
  ],
  checks: ({ verdicts }) => ({
    validateStack: async ({ resources }, report) => {
      const grants = await Promise.all(
        resources
          .filter(({ type }) => type === GRANT_TYPE)
          .map(async ({ urn, props }) => ({ urn, verdict: await verdicts.of(ID, urn, props) })),
      );
      for (const denied of deniedTogether(grants, await verdicts.ground())) report(messageOf(denied), denied.urn);
    },
  }),
};

function messageOf({ name, behind, messages }: DeniedTogether): string {
  return `${quote(name)} is allowed alone and denied behind ${namesOf(behind)}, granted before it in the same run: ${messages.join("; ")}`;
}
