// SPDX-License-Identifier: Apache-2.0
import type { CompiledAllow } from "../../compiled-policy";
import { cellOf } from "../../rule-index";
import { quote, quoteList } from "../../text";
import { isAtLeastAsWide } from "../implies";
import type { LintCheck } from "../lint-check";
import { cellsOf, pathOf, type Subject } from "../subject";

/** Stops a demand that somebody wrote into a rule, and that no request ever meets because an earlier rule asks for less. */
export const ruleShadowed: LintCheck = {
  id: "rule-shadowed",
  finds: "An allow rule that never decides, because rules before it allow all that it would and demand nothing more.",
  risk: "The first rule that allows decides: approvals, a ticket or a cooldown of a later rule are never asked for. Reported is only what holds for every request, whatever job functions people get; two job functions that have the same people today are still two.",
  severity: { error: "always" },
  check: (subject) =>
    subject.rules.allows.flatMap((rule) => {
      const shadows = shadowsOf(rule, subject);
      if (shadows === null) return [];
      const before = quoteList(shadows, "and");
      const [rules, verbs, them] =
        shadows.length === 1
          ? ["rule", "allows all that it would and demands", before]
          : ["rules", "allow all that it would and demand", "them"];
      const message = `rule ${quote(rule.id)} never decides: ${rules} ${before} before it ${verbs} nothing more; move it before ${them}, or take it out`;
      return [{ severity: "error", document: "policy", path: pathOf(rule, "id"), message }];
    }),
};

/** The rules that leave a rule nothing to decide in any of its roles and environments; null where something is left. */
function shadowsOf(rule: CompiledAllow, subject: Subject): readonly string[] | null {
  const cells = cellsOf(subject, rule);
  const found = new Set<string>();
  for (const { role, environment } of cells) {
    const before = cellOf(subject.rules, role, environment).allows.all.filter(({ order }) => order < rule.order);
    const shadow = before.find((earlier) => isAtLeastAsWide(earlier, rule, environment, subject));
    if (shadow === undefined) return null;
    found.add(shadow.id);
  }
  return cells.length === 0 ? null : [...found];
}
