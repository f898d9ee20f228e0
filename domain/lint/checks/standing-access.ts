// SPDX-License-Identifier: Apache-2.0
import type { CompiledAllow } from "../../compiled-policy";
import { formatDuration, renderDuration } from "../../duration";
import { quote } from "../../text";
import { lengthsOf } from "../lengths";
import type { LintCheck, Remark } from "../lint-check";
import { worstOf } from "../severity";
import { cellsOf, environmentsOf, pathOf, type Subject } from "../subject";
import { isHardlyEverShut, OPEN_SHARE } from "../times";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Shorter grants have to be asked for several times a day: a script does that, but it is seen. */
const LONG = 4 * HOUR;
/** A cooldown below this share of the longest grant leaves somebody with access for more than four fifths of the time. */
const COOLDOWN_SHARE = 0.25;
/** The same, as the share of a window that `limits.perPerson.heldPer` allows. */
const HELD_SHARE = OPEN_SHARE;

/** Stops standing access that is only called just in time. */
export const standingAccess: LintCheck = {
  id: "standing-access",
  finds:
    "An allow rule by which somebody can have a role for more than four fifths of the time: nobody else looks at it (no approvals, no ticket), no hours bound it, and the next grant may follow at once or soon.",
  risk: "Requests that follow each other by a script are a standing privilege with more paperwork, however short each grant is: without a cooldown, ten minutes back to back are as much as a year. Soon means: the cooldown is below a quarter of the longest grant with its extensions, and `limits.perPerson.heldPer` leaves more than four fifths of its window. Hours don't bound it where they are open for more than four fifths of the week, or only bound the activation of a grant of 24 hours or more.",
  severity: {
    warning:
      "where a role of the rule is of severity high or critical; where one is medium, or none is said, and a grant with its extensions lasts 4 hours or more",
    note: "elsewhere: a role that does less harm, for less at a time",
  },
  check: (subject) =>
    subject.rules.allows.flatMap((rule): readonly Remark[] => {
      const cells = cellsOf(subject, rule);
      const worst = worstOf(cells, subject);
      const held = Math.max(0, ...environmentsOf(cells).map((environment) => heldOf(rule, environment, subject)));
      if (worst === null || !isUnwatched(rule, held) || isLimited(rule, held, subject)) return [];
      const cooldown =
        rule.cooldown === null ? "no cooldown" : `a cooldown of ${renderDuration(rule.cooldown.milliseconds)}`;
      const enough = formatDuration(Math.ceil((held * COOLDOWN_SHARE) / 60_000) * 60_000);
      const message = `rule ${quote(rule.id)} gives ${worst.text} for ${renderDuration(held)} at a time without approvals, a ticket or hours that bound it, and with ${cooldown}; set \`cooldown\` to ${enough} or more, bound the time by \`limits.perPerson.heldPer\`, or ask for approvals or a ticket`;
      const isHarmful = worst.rank === "high" || worst.rank === "critical" || (worst.rank === "medium" && held >= LONG);
      const severity = isHarmful ? "warning" : "note";
      return [{ severity, document: "policy", path: pathOf(rule, "duration"), message }];
    }),
};

/** How long a grant and its extensions last at most, in milliseconds. */
function heldOf(rule: CompiledAllow, environment: string, subject: Subject): number {
  const longest = lengthsOf(rule, environment, subject).max.milliseconds;
  const { extensions } = rule;
  return longest + (extensions === null ? 0 : extensions.max * Math.min(longest, extensions.upTo.milliseconds));
}

function isUnwatched({ approvals, ticket, hours }: CompiledAllow, held: number): boolean {
  const isBound = hours !== null && !isHardlyEverShut(hours) && (hours.isHold || held < DAY);
  return approvals === null && ticket === null && !isBound;
}

function isLimited({ cooldown }: CompiledAllow, held: number, { rules }: Subject): boolean {
  const { heldPer } = rules.limits;
  if (heldPer !== null && heldPer.max.milliseconds <= HELD_SHARE * heldPer.window.milliseconds) return true;
  return cooldown !== null && cooldown.milliseconds >= COOLDOWN_SHARE * held;
}
