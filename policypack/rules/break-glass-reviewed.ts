// SPDX-License-Identifier: Apache-2.0
import { formatInstant, type Instant, type LiveGrant, parseDuration, quote } from "@elevation/domain";
import { z } from "zod";
import type { Rule } from "../define-rule";
import { defineSettings } from "../settings";
import type { Ground } from "../verdict";

const ID = "break-glass-reviewed";

const settings = defineSettings({
  show: z
    .enum(["unreviewed", "overdue"])
    .default("unreviewed")
    .describe("`overdue`: silent about a grant until its review is overdue"),
});

/**
 * Stops use of the emergency door from being forgotten: each break-glass grant of the journal, of any stack, live or ended,
 * is shown by every run until somebody has reviewed it.
 */
export const breakGlassReviewed: Rule = {
  id: ID,
  description: "Somebody has looked at every use of break-glass",
  enforcement: "advisory",
  severity: "critical",
  serves: ["accountability"],
  remedy: "Have the use reviewed by somebody whom the policy names for it.",
  reports: [],
  examples: [
    {
      what: "while somebody's break-glass grant is live, and one of her own is still not reviewed",
      earlier: [
        {
          name: "alice-night",
          ...{ spec: { breakGlass: true }, rule: "breakGlass" },
          ...{ from: "2026-11-23T02:00:00Z", until: "2026-11-23T03:00:00Z", endedAt: "2026-11-23T03:00:00Z" },
        },
        {
          name: "bruno-outage",
          ...{ spec: { requester: "bruno@example.com", breakGlass: true }, rule: "breakGlass" },
          ...{ from: "2026-11-24T09:45:00Z", until: "2026-11-24T10:15:00Z" },
        },
      ],
    },
  ],
  settings,
  checks: ({ verdicts }) => ({
    validateStack: async ({ getConfig }, report) => {
      const { show } = settings.read(ID, getConfig());
      for (const use of unreviewedUses(await verdicts.ground()))
        if (use.isOverdue || show === "unreviewed") report(use.message);
    },
  }),
};

/** A break-glass grant that nobody has reviewed. */
export interface UnreviewedUse {
  readonly isOverdue: boolean;
  readonly message: string;
}

/** Those of the journal, in the order of their activation. */
export function unreviewedUses({ documents, view, now }: Omit<Ground, "hear">): readonly UnreviewedUse[] {
  if (view === null) return [];
  const within = parseDuration(documents?.policy.value.breakGlass?.review.within ?? "");
  return [...view.history, ...view.live]
    .filter(({ breakGlass, reviewedAt }) => breakGlass === true && reviewedAt === undefined)
    .sort((one, other) => one.activatedAt - other.activatedAt)
    .map((grant) => {
      const due = within === null ? null : grant.activatedAt + within;
      const name = grant.request === undefined ? undefined : view.grant(grant.request)?.intent.request.metadata.name;
      return { isOverdue: due !== null && now >= due, message: `${useOf(grant, name)}; ${reviewOf(due, now)}` };
    });
}

function useOf(grant: LiveGrant & { readonly endedAt?: Instant }, name = "a grant"): string {
  const { requester, role, environment, activatedAt, expiresAt, endedAt } = grant;
  const held = endedAt === undefined ? `holds` : `held`;
  const span = `from ${formatInstant(activatedAt)} to ${formatInstant(endedAt ?? expiresAt)}`;
  return `BREAK-GLASS, not reviewed: by ${quote(name)} ${quote(requester)} ${held} ${quote(role)} in ${quote(environment)} ${span}`;
}

function reviewOf(due: Instant | null, now: Instant): string {
  if (due === null) return "have it reviewed";
  return now < due
    ? `have it reviewed by ${formatInstant(due)}`
    : `the review was due at ${formatInstant(due)}, have it done now`;
}
