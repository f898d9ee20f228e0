// SPDX-License-Identifier: Apache-2.0
import { hoursPhrase, type Violation } from "@elevation/domain";
import { longestCell, takes } from "./explain-person-table";
import type { EnvironmentReport, GroupReport, RoleReport } from "./explain-role";
import { neutral } from "./neutral";
import { describePeople } from "./people-text";
import { type Cell, renderInstant, renderTable } from "./table";
import type { Terminal } from "./terminal";

const HEAD = ["environment", "people", "longest", "until", "by", "hours", "takes"];

/** The report for people: in each environment who could get the role, those who could get the same in one row. */
export function renderRole(terminal: Terminal, report: RoleReport): string {
  const { at, environments, role } = report;
  const rows = environments.flatMap((each) => each.groups.flatMap((group) => rowsOf(terminal, each, group)));
  return [
    neutral(`${role} at ${renderInstant(at)}`),
    "",
    ...(rows.length === 0 ? [] : [renderTable(terminal, HEAD, rows), ""]),
    ...(environments.length === 0 ? [neutral(`${role} does not exist there`)] : environments.map(withoutLine)),
  ].join("\n");
}

function rowsOf(terminal: Terminal, { environment }: EnvironmentReport, group: GroupReport): Cell[][] {
  return group.offers.map((offer, index) => {
    // What stands against it in words: `explain PERSON` tells it of each.
    const obstacles = [...new Set(offer.obstacles.map(briefly))];
    const why = obstacles.length === 0 ? "" : `${obstacles.join(", ")}; `;
    return [
      environment,
      index === 0 ? describePeople(group) : '"',
      longestCell(terminal, offer),
      renderInstant(offer.expiresAt),
      offer.rule,
      hoursPhrase(offer.demands) ?? "",
      `${why}${takes(offer)}`,
    ];
  });
}

function briefly({ id, limit, rule }: Violation): string {
  if (id === "denied") return `denied by ${rule}`;
  return id === "approvals-missing" ? `nobody to approve it (${limit})` : id;
}

function withoutLine({ environment, groups, without }: EnvironmentReport): string {
  const people = without === 1 ? "1 person" : `${without} people`;
  return neutral(`${environment}: ${groups.length === 0 ? "nobody could get it" : `${people} could not get it`}`);
}
