// SPDX-License-Identifier: Apache-2.0
import { demandPhrases, hoursPhrase, parseDuration, renderDuration } from "@elevation/domain";
import type { AccessReport, OfferReport, PersonReport } from "./explain-person";
import { neutral } from "./neutral";
import { type Cell, renderInstant, renderTable } from "./table";
import type { Terminal } from "./terminal";

const HEAD = ["role", "environment", "longest", "until", "by", "hours", "takes"];

/** The report for people: who it is, what there is to have, and why not now. */
export function renderPerson(terminal: Terminal, report: PersonReport): string {
  const { access } = report;
  const rows = access.flatMap((each) => each.offers.map((offer) => rowOf(terminal, each, offer)));
  const none = `no rule gives ${report.person} anything`;
  return [
    whoIs(report),
    "",
    rows.length === 0 ? neutral(access.length === 0 ? none : noneOf(report)) : renderTable(terminal, HEAD, rows),
    ...access.flatMap((each) => obstaclesOf(terminal, each)),
    ...access.flatMap((each) => othersOf(terminal, each)),
  ].join("\n");
}

/** How long, or what stands against it. */
export function longestCell({ colours }: Terminal, { longest, possible, possibleFrom, takenBy }: OfferReport): Cell {
  if (possible && longest !== null) return { text: renderDuration(parseDuration(longest) ?? 0), paint: colours.green };
  if (possibleFrom !== null) return { text: `from ${renderInstant(possibleFrom)}`, paint: colours.yellow };
  if (takenBy.length > 0) return { text: `taken by ${takenBy.join(", ")}`, paint: colours.red };
  return { text: "not now", paint: colours.red };
}

export function takes({ demands }: OfferReport): string {
  return demandPhrases(demands).join("; ");
}

function whoIs({ at, jobFunctions, name, onCall, person }: PersonReport): string {
  const who = name === null ? person : `${person} (${name})`;
  const has = jobFunctions.length === 0 ? "no job function" : jobFunctions.join(", ");
  const duties = onCall.map(({ schedule, until }) => `; on call in ${schedule} until ${renderInstant(until)}`);
  return neutral(`${who} at ${renderInstant(at)}: ${has}${duties.join("")}`);
}

function noneOf({ access, person }: PersonReport): string {
  return access.map(({ environment, role }) => `no rule gives ${person} ${role} in ${environment}`).join("; ");
}

function rowOf(terminal: Terminal, { environment, role }: AccessReport, offer: OfferReport): Cell[] {
  const hours = hoursPhrase(offer.demands) ?? "";
  return [
    role,
    environment,
    longestCell(terminal, offer),
    renderInstant(offer.expiresAt),
    offer.rule,
    hours,
    takes(offer),
  ];
}

function obstaclesOf({ colours }: Terminal, { environment, offers, role }: AccessReport): string[] {
  return offers.flatMap(({ obstacles, rule }) =>
    obstacles.length === 0
      ? []
      : [
          "",
          `${colours.bold(neutral(`${role} in ${environment}`))} by ${neutral(rule)}, not now:`,
          ...obstacles.map(({ id, message }) => `  ${colours.yellow(id)}: ${neutral(message)}`),
        ],
  );
}

function othersOf({ colours }: Terminal, { nearest, notFor }: AccessReport): string[] {
  if (nearest === undefined || notFor === undefined) return [];
  const rules = notFor.map(({ onCallFrom, rule, who }) => {
    const duty = onCallFrom === null ? "" : `; on call from ${renderInstant(onCallFrom)}`;
    return neutral(`  ${rule}: ${who}${duty}`);
  });
  return [
    ...(rules.length === 0 ? [] : ["", colours.bold("rules that give it to others"), ...rules]),
    "",
    `${colours.bold("nearest")}: ${neutral(nearest)}`,
  ];
}
