// SPDX-License-Identifier: Apache-2.0
import type { CompiledWho } from "../../compiled-who";
import { formatInstant } from "../../instant";
import { quoteList } from "../../text";
import type { LintCheck } from "../lint-check";
import { allWho, type Subject } from "../subject";
import { peopleEver, peopleOf } from "../who";

/** Stops a rule that nobody can use from looking like a right. */
export const nobodyMatches: LintCheck = {
  id: "nobody-matches",
  finds: "A rule, or break-glass, whose `who` matches nobody in the directory.",
  risk: "The rule decides nothing: its people have left, or its schedules ran out, and at night nobody can act.",
  severity: {
    warning: "of an allow rule or of break-glass, for good",
    note: "of a deny rule, or where only turns that are over matched somebody",
  },
  check: (subject) =>
    allWho(subject).flatMap(({ rule: { who }, effect, name, path }) => {
      if (peopleOf(who, subject).size > 0 || namesUnknown(who, subject)) return [];
      const isOver = peopleEver(who, subject).size > 0;
      const message = isOver
        ? `\`who\` of ${name} matches nobody from ${formatInstant(subject.from)} on: the turns of ${quoteList(who.onCall, "and")} are over; add the next ones, or take the rule out`
        : `\`who\` of ${name} matches nobody in the directory; name somebody who is there, or take it out`;
      const severity = isOver || effect === "deny" ? "note" : "warning";
      return [{ severity, document: "policy", path: [...path, "who"], message }];
    }),
};

/** Then that is what is wrong, and said elsewhere. */
function namesUnknown({ people, jobFunctions, onCall }: CompiledWho, { directory }: Subject): boolean {
  return (
    [...people].some((name) => !Object.hasOwn(directory.people, name)) ||
    [...jobFunctions].some((name) => !Object.hasOwn(directory.jobFunctions ?? {}, name)) ||
    onCall.some((name) => !Object.hasOwn(directory.onCall ?? {}, name))
  );
}
