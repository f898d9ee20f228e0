// SPDX-License-Identifier: Apache-2.0
import { quoteList } from "../../text";
import type { LintCheck } from "../lint-check";
import { type Reach, reachOf } from "../reach";

/** Stops a separation of duties that separates nothing from being counted on. */
export const conflictMoot: LintCheck = {
  id: "conflict-moot",
  finds: "A list of conflicting roles of which nobody can get two.",
  risk: "It does no harm, and is worth keeping where it shall hold whoever joins; it may also name the wrong roles.",
  severity: { note: "always" },
  check: (subject) =>
    (subject.policy.conflicts ?? []).flatMap((roles, index) => {
      const reach = reachOf(subject);
      const holders = roles.map((role) => holdersOf(role, reach));
      const isEver = holders.some((people, at) =>
        holders.slice(at + 1).some((others) => [...people].some((person) => others.has(person))),
      );
      if (isEver) return [];
      const message = `nobody can get two of ${quoteList(roles, "and")}, so the conflict never applies; look whether it names the right roles`;
      return [{ severity: "note", document: "policy", path: ["conflicts", index], message }];
    }),
};

function holdersOf(role: string, { held }: Reach): ReadonlySet<string> {
  return new Set([...(held.get(role)?.values() ?? [])].flatMap((people) => [...people]));
}
