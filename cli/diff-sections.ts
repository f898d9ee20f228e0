// SPDX-License-Identifier: Apache-2.0
import {
  type AccessChange,
  type MeaningChange,
  parseDuration,
  type RuleChange,
  renderDuration,
  type SettingChange,
  type When,
} from "@elevation/domain";
import type { DiffReport } from "./diff-report";
import type { LiveChange } from "./live-changes";
import { describePeople } from "./people-text";
import type { ReplayChange, ReplayedDecision } from "./replay";
import { renderInstant } from "./table";

/** A part of the report: sentences, some with details below them. */
export interface Section {
  readonly title: string;
  /** Whether it is about something that is wider. */
  readonly isWider: boolean;
  readonly items: readonly { readonly text: string; readonly details: readonly string[] }[];
}

/** How what others wrote is shown: in a terminal, or in Markdown. */
export type Show = (text: string) => string;

/** What a reviewer reads, in the order of what matters. Empty where nothing changes. */
export function sectionsOf(report: DiffReport, show: Show): readonly Section[] {
  const access = (title: string, isWider: boolean, effects: readonly AccessChange["effect"][]): Section => ({
    title,
    isWider,
    items: report.access.filter(({ effect }) => effects.includes(effect)).map((change) => accessItem(change, show)),
  });
  const all: readonly Section[] = [
    settings("settings that are wider", true, report, show),
    identities(report, show),
    approvers(report, show),
    access("who gains access", true, ["gain"]),
    access("who gets more, longer or for less", true, ["wider"]),
    access("who gets more of some and less of other", true, ["both"]),
    settings("settings that are narrower", false, report, show),
    access("who loses access", false, ["loss"]),
    access("who gets less, shorter or for more", false, ["narrower"]),
    access("changes without effect", false, ["same"]),
    people(report, show),
    {
      title: "live grants that would be denied today",
      isWider: false,
      items: (report.live ?? []).map((each) => liveItem(each, show)),
    },
    {
      title: "decisions that would be others",
      isWider: false,
      items: (report.replay?.changes ?? []).map((each) => replayItem(each, show)),
    },
  ];
  return all.filter(({ items }) => items.length > 0).map(cut);
}

/** As many as anybody reads, and a comment of a pull request holds. */
const MOST_ITEMS = 40;

function cut(section: Section): Section {
  const { items } = section;
  if (items.length <= MOST_ITEMS) return section;
  const rest = { text: `${items.length - MOST_ITEMS} more; \`--json\` has them all`, details: [] };
  return { ...section, items: [...items.slice(0, MOST_ITEMS), rest] };
}

function settings(title: string, isWider: boolean, report: MeaningChange, show: Show): Section {
  const items = report.settings
    .filter(({ widened }) => widened === isWider)
    .map(({ from, narrowed, setting, to, widened }: SettingChange) => {
      const both = widened && narrowed ? " (and narrower in part)" : "";
      return { text: `${show(setting)}: ${orNone(from, show)} → ${orNone(to, show)}${both}`, details: [] };
    });
  return { title, isWider, items };
}

function approvers(report: MeaningChange, show: Show): Section {
  const names = (what: string, people: readonly string[]) =>
    people.length === 0 ? [] : [`${what} ${namesOf(people, show)}`];
  const items = report.approvers.map(({ joined, left, may, rules, who }) => ({
    text: `${show(who)} may ${may} by ${rules.map(show).join(", ")}`,
    details: [...names("now also", joined), ...names("no more", left)],
  }));
  return {
    title: "who may approve, review or ask for others",
    isWider: report.approvers.some(({ widened }) => widened),
    items,
  };
}

function identities(report: MeaningChange, show: Show): Section {
  const items = report.identities.map(({ from, kind, person, to }) => ({
    text: `${show(person)}: ${show(kind)} ${orNone(from, show)} → ${orNone(to, show)}`,
    details: [],
  }));
  return {
    title: "whose access opens under another login or key",
    isWider: report.identities.some(({ widened }) => widened),
    items,
  };
}

function namesOf(people: readonly string[], show: Show): string {
  return `${people.slice(0, MOST_PEOPLE).map(show).join(", ")}${more(people.length)}`;
}

function accessItem({ changes, effect, gained, longest, lost, people: group, places }: AccessChange, show: Show) {
  const { from, to } = longest;
  const times = [
    ...(gained === null || gained.always ? [] : [`more ${whenText(gained)}`]),
    ...(lost === null || lost.always ? [] : [`less ${whenText(lost)}`]),
  ];
  const longestText = from === to ? [] : [`longest ${lengthText(from)} → ${lengthText(to)}`];
  // Of a rule that is new or gone, "always" is its own word.
  const isWhole = effect === "gain" || effect === "loss";
  return {
    text: `${describePeople(group, show)}: ${placesText(places, show)}${longestText.length === 0 || isWhole ? "" : `: ${longestText[0]}`}`,
    details: [...changes.map((change) => changeText(change, show)), ...times],
  };
}

/** As in `orders-admin, orders-reader in production, staging`: roles with the same environments stand together. */
function placesText(places: AccessChange["places"], show: Show): string {
  const byRole = groupBy(
    places,
    ({ role }) => role,
    ({ environment }) => environment,
  );
  const byEnvironments = groupBy(
    [...byRole],
    ([, environments]) => environments.map(show).join(", "),
    ([role]) => show(role),
  );
  return [...byEnvironments].map(([where, roles]) => `${roles.join(", ")} in ${where}`).join("; ");
}

function groupBy<T, V>(all: readonly T[], keyOf: (item: T) => string, textOf: (item: T) => V): Map<string, V[]> {
  const groups = new Map<string, V[]>();
  for (const item of all) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), textOf(item)]);
  return groups;
}

function changeText({ effect, field, from, rule, to }: RuleChange, show: Show): string {
  const name = rule === null ? "" : `${effect === "deny" ? "deny rule" : "rule"} ${show(rule)}`;
  if (rule === null) return `${field}: ${orNone(from, show)} → ${orNone(to, show)}`;
  if (field !== "rule") return `${name}: ${field} ${orNone(from, show)} → ${orNone(to, show)}`;
  return to === null ? `no more ${name} (${show(from ?? "")})` : `new ${name} (${show(to)})`;
}

function orNone(text: string | null, show: Show): string {
  return text === null ? "none" : show(text);
}

function lengthText(duration: string | null): string {
  return duration === null ? "nothing" : renderDuration(parseDuration(duration) ?? 0);
}

function whenText({ from, stretches, to }: When): string {
  const until = to === null ? "on" : `to ${renderInstant(to)}`;
  return `from ${renderInstant(from)} ${until}${stretches === 1 ? "" : `, in ${stretches} stretches`}`;
}

function people({ people: { joined, left } }: MeaningChange, show: Show): Section {
  const item = (what: string, names: readonly string[]) =>
    names.length === 0 ? [] : [{ text: `${what}: ${namesOf(names, show)}`, details: [] }];
  return { title: "people of the directory", isWider: false, items: [...item("new", joined), ...item("gone", left)] };
}

const MOST_PEOPLE = 20;

function more(count: number): string {
  return count > MOST_PEOPLE ? ` and ${count - MOST_PEOPLE} more` : "";
}

function liveItem({ ends, environment, expiresAt, name, requester, role, violations }: LiveChange, show: Show) {
  const end = ends ? "ends at once" : `lives on until ${renderInstant(expiresAt)}`;
  return {
    text: `${show(name)} (${show(requester)}): ${show(role)} in ${show(environment)}, ${end}`,
    details: violations.map(({ id, message }) => `${id}: ${show(message)}`),
  };
}

function replayItem({ at, environment, from, name, requester, role, seq, to }: ReplayChange, show: Show) {
  return {
    text: `event ${seq}, ${renderInstant(at)}, ${show(name)} (${show(requester)}): ${show(role)} in ${show(environment)}: ${decisionText(from, show)} → ${decisionText(to, show)}`,
    details: [],
  };
}

function decisionText({ expiresAt, outcome, rule, violations }: ReplayedDecision, show: Show): string {
  if (outcome === "deny") return `deny (${violations.join(", ")})`;
  return `allow by ${show(rule ?? "")} until ${renderInstant(expiresAt)}`;
}
