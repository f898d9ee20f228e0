// SPDX-License-Identifier: Apache-2.0

import { compileWho } from "../../compiled-who";
import { quoteList } from "../../text";
import type { LintCheck, Remark } from "../lint-check";
import { peopleOf } from "../who";

/** Stops emergencies that nobody looks at afterwards, and that block the next one for it. */
export const breakGlassReview: LintCheck = {
  id: "break-glass-review",
  finds: "Break-glass that nobody but its holder can review.",
  risk: "Nobody reviews their own: without a review in time, the person's next emergency is refused as `break-glass-review-overdue`.",
  severity: { error: "where it is so of everybody who may break glass", warning: "where it is so of some of them" },
  check: (subject): readonly Remark[] => {
    const { rules, policy } = subject;
    if (rules.breakGlass === null || policy.breakGlass === undefined) return [];
    const reviewers = peopleOf(compileWho(policy.breakGlass.review.from), subject);
    const holders = [...peopleOf(rules.breakGlass.who, subject)];
    const alone = holders.filter((person) => reviewers.size - (reviewers.has(person) ? 1 : 0) === 0);
    if (alone.length === 0) return [];
    const isAll = alone.length === holders.length;
    const whose = isAll ? "any break-glass grant" : `a break-glass grant of ${quoteList(alone)}`;
    const message = `nobody but its holder could review ${whose}; name others in \`review.from\``;
    const severity = isAll ? "error" : "warning";
    return [{ severity, document: "policy", path: ["breakGlass", "review", "from"], message }];
  },
};
