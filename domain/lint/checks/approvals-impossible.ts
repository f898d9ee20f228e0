// SPDX-License-Identifier: Apache-2.0
import { quotedDemand } from "../../approvals";
import { quote, quoteList } from "../../text";
import { approversOf, unapprovable } from "../approvers";
import type { LintCheck, Remark } from "../lint-check";
import { pathOf } from "../subject";
import { peopleEver } from "../who";

/** Stops a rule that waits for people who aren't there. */
export const approvalsImpossible: LintCheck = {
  id: "approvals-impossible",
  finds: "Approvals that nobody can give: too few different people match, or only whoever asks.",
  risk: "Nobody approves a request of their own, and one person fills one place: such a request waits until it lapses. People on call at any time count, past turns too.",
  severity: {
    error: "where it is so whoever asks",
    note: "where it is so for some of those who may ask",
  },
  check: (subject) =>
    subject.rules.allows.flatMap((rule): readonly Remark[] => {
      if (rule.approvals === null) return [];
      const wants = `rule ${quote(rule.id)} wants approvals by ${quotedDemand(rule.approvals)}`;
      const about = (severity: "error" | "note", message: string): Remark[] => [
        { severity, document: "policy", path: pathOf(rule, "approvals"), message },
      ];
      if (approversOf(rule.approvals, subject) === null) {
        return about(
          "error",
          `${wants}, and the directory has too few different people for that; add people, or ask for fewer`,
        );
      }
      const requesters = peopleEver(rule.who, subject);
      const stuck = unapprovable(rule.approvals, requesters, subject);
      if (stuck.size === 0) return [];
      if (stuck.size === requesters.size) {
        return about("error", `${wants}, and without whoever asks there are too few; add people, or ask for fewer`);
      }
      return about(
        "note",
        `${wants}, and there are too few when ${quoteList([...stuck])} asks; add people, if they shall use the rule`,
      );
    }),
};
