// SPDX-License-Identifier: Apache-2.0
import { type CompiledAllow, names } from "../../compiled-policy";
import { renderDuration } from "../../duration";
import { quote, quoteList } from "../../text";
import { granted, lengthsOf } from "../lengths";
import type { LintCheck, Remark } from "../lint-check";
import { type Cell, cellsOf, environmentsOf, pathOf, type Subject } from "../subject";

/** Stops a rule whose shortest grant is more than a person may hold. */
export const minAboveHeld: LintCheck = {
  id: "min-above-held",
  finds: "An allow rule whose shortest grant is longer than `limits.perPerson.heldPer` lets a person hold.",
  risk: "The limit refuses each of its grants, also a person's first, unless closing time or a deny rule happens to cut one short.",
  severity: {
    error: "wherever the rule applies, and nothing cuts its grants",
    warning: "in some places of it, or where closing time or a deny rule may cut a grant",
  },
  check: (subject) => {
    const { heldPer } = subject.rules.limits;
    if (heldPer === null) return [];
    const { window, max } = heldPer;
    return subject.rules.allows.flatMap((rule): readonly Remark[] => {
      const cells = cellsOf(subject, rule);
      const refused = cells.filter(
        ({ environment }) => Math.min(shortest(rule, environment, subject), window.milliseconds) > max.milliseconds,
      );
      const [first] = refused;
      if (first === undefined) return [];
      const where = quoteList(environmentsOf(refused), "and");
      const least = renderDuration(shortest(rule, first.environment, subject));
      const [most, within] = [max, window].map(({ milliseconds }) => renderDuration(milliseconds));
      const message = `rule ${quote(rule.id)} gives no less than ${least} in ${where}, and \`limits.perPerson.heldPer\` lets a person hold ${most} within ${within}; lower \`duration.min\`, or raise the limit`;
      const isNever = refused.length === cells.length && !cells.some((cell) => isCut(rule, cell, subject));
      return [{ severity: isNever ? "error" : "warning", document: "policy", path: pathOf(rule, "duration"), message }];
    });
  },
};

/** Of what it grants, uncut. */
function shortest(rule: CompiledAllow, environment: string, subject: Subject): number {
  const lengths = lengthsOf(rule, environment, subject);
  return granted(lengths, lengths.min);
}

/** Whether a grant may end before its time. */
function isCut({ hours }: CompiledAllow, { role, environment }: Cell, { rules }: Subject): boolean {
  const isTimed = rules.denies.some(
    (deny) =>
      names(deny.roles, role) && names(deny.environments, environment) && (deny.hours !== null || deny.during !== null),
  );
  return isTimed || hours?.isHold === true;
}
