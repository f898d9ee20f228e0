// SPDX-License-Identifier: Apache-2.0
import type { Directory, Policy, Request } from "@elevation/domain";

// A second answer to design §5, made to be read beside it: it walks minute by minute where decide() computes with intervals, and takes
// its calendar from Intl alone. Instants of the documents are whole minutes; clock times and offsets whole quarters of an hour.

type Rule = Policy["rules"][number];
type Hours = NonNullable<Rule["hours"]>;
const MINUTE = 60_000;
const ms = (text: string): number => Date.parse(text);
export const duration = (text: string): number => {
  const [, hours = "0", minutes = "0", seconds = "0"] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(text) ?? [];
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
};

const formats = new Map<string, Intl.DateTimeFormat>();
/** `2026-11-24 08:00` as clocks of the zone show it. */
function shown(zone: string, at: number): string {
  const format =
    formats.get(zone) ?? new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  formats.set(zone, format);
  return format.format(at);
}

const found = new Map<string, number>();
/** The first instant that shows the day and time; where they are skipped, as if the clocks had not changed yet. */
function instantOf(zone: string, day: string, clock: string): number {
  if (clock === "24:00") return instantOf(zone, dayAfter(day, 1), "00:00");
  const key = `${zone} ${day} ${clock}`;
  const known = found.get(key);
  if (known !== undefined) return known;
  const wanted = `${day} ${clock}`;
  let at = ms(`${day}T${clock}Z`) - 14 * 60 * MINUTE;
  while (shown(zone, at) < wanted) at += 15 * MINUTE;
  if (shown(zone, at) !== wanted) {
    const before = shown(zone, at - MINUTE);
    at = at - MINUTE + (ms(`${wanted.replace(" ", "T")}Z`) - ms(`${before.replace(" ", "T")}Z`));
  }
  found.set(key, at);
  return at;
}

function dayAfter(day: string, days: number): string {
  return new Date(ms(`${day}T00:00:00Z`) + days * 24 * 60 * MINUTE).toISOString().slice(0, 10);
}

function isOpen(hours: Hours, at: number): boolean {
  const today = shown(hours.zone, at).slice(0, 10);
  return [-2, -1, 0, 1].some((days) => {
    const day = dayAfter(today, days);
    const weekday = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"][new Date(ms(`${day}T00:00:00Z`)).getUTCDay()];
    if (!hours.days.some((name) => name === weekday)) return false;
    const last = hours.to <= hours.from ? dayAfter(day, 1) : day;
    return instantOf(hours.zone, day, hours.from) <= at && at < instantOf(hours.zone, last, hours.to);
  });
}

export function denies(rule: Rule, at: number): boolean {
  if (rule.effect !== "deny") return false;
  const isDuring = rule.during === undefined || (ms(rule.during.from) <= at && at < ms(rule.during.to));
  return isDuring && (rule.hours === undefined || isOpen(rule.hours, at));
}

export function matches(
  who: Rule["who"],
  { people, jobFunctions, onCall }: Directory,
  person: string,
  at: number,
): boolean {
  if (who === "everyone") return person in people;
  const has = (name: string): boolean =>
    (people[person]?.jobFunctions ?? []).includes(name) || (jobFunctions?.[name]?.includes ?? []).some(has);
  return (
    (who.people ?? []).includes(person) ||
    (who.jobFunctions ?? []).some(has) ||
    (who.onCall ?? []).some((name) =>
      onCall?.[name]?.some((duty) => duty.person === person && ms(duty.from) <= at && at < ms(duty.to)),
    )
  );
}

function faults(rule: Extract<Rule, { effect: "allow" }>, policy: Policy, { spec }: Request, at: number) {
  const cap = policy.environments[spec.environment]?.maxDuration;
  const max = Math.min(duration(rule.duration.max), cap === undefined ? Number.POSITIVE_INFINITY : duration(cap));
  const asked = duration(spec.duration ?? rule.duration.default ?? "PT0S") || max;
  const length = [...spec.reason.replace(/^\p{White_Space}*/u, "").replace(/\p{White_Space}*$/u, "")].length;
  const ids = [
    asked < duration(rule.duration.min ?? "PT1M") && "duration-too-short",
    asked > max && rule.duration.clamp !== true && "duration-too-long",
    rule.hours !== undefined && !isOpen(rule.hours, at) && "outside-hours",
    length < (rule.reason?.minLength ?? 1) && "reason-insufficient",
    rule.reason?.matches !== undefined &&
      !new RegExp(rule.reason.matches, "u").test(spec.reason) &&
      "reason-insufficient",
    rule.ticket !== undefined && spec.ticket === undefined && "ticket-required",
    rule.ticket !== undefined &&
      spec.ticket !== undefined &&
      !new RegExp(rule.ticket.matches, "u").test(spec.ticket) &&
      "ticket-invalid",
  ].filter((id) => id !== false);
  return { rule, ids, length: Math.min(asked, max) };
}

/** `allow rule expiresAt`, or `deny rule` with the ids of all violations, sorted. */
export function oracle(policy: Policy, directory: Directory, request: Request, now: number): string {
  const { activateBy, environment, requestedAt, requester, role, startAt } = request.spec;
  const deny = (rule: string | null, ids: string[]) => `deny ${rule} ${ids.sort().join(" ")}`;
  const unknown = [];
  const roles = new Map(Object.entries(policy.roles));
  if (!Object.keys(directory.people).includes(requester)) unknown.push("unknown-requester");
  if (!roles.has(role)) unknown.push("unknown-role");
  if (!Object.keys(policy.environments).includes(environment)) unknown.push("unknown-environment");
  else if (roles.has(role) && !Object.keys(roles.get(role)?.targets ?? {}).includes(environment))
    unknown.push("unknown-environment");
  if (unknown.length > 0) return deny(null, unknown);
  const t = startAt === undefined ? now : Math.max(now, ms(startAt));
  const lapse = Math.max(ms(requestedAt), ms(startAt ?? requestedAt)) + duration(policy.activateWithin ?? "PT24H");
  const late = [];
  if (ms(requestedAt) > now) late.push("request-not-yet");
  if (startAt !== undefined && ms(startAt) > ms(requestedAt) + duration(policy.startWithin ?? "PT168H"))
    late.push("start-too-late");
  if (t >= lapse || (activateBy !== undefined && t >= ms(activateBy))) late.push("request-lapsed");
  if (late.length > 0) return deny(null, late);
  const about = (rule: Rule) =>
    (rule.roles === "*" || rule.roles.includes(role)) && matches(rule.who, directory, requester, t);
  const here = (rule: Rule) => rule.environments === "*" || rule.environments.includes(environment);
  const denying = policy.rules.filter((rule) => rule.effect === "deny" && about(rule) && here(rule));
  const ids = denying.filter((rule) => denies(rule, t)).map(() => "denied");
  const kind = roles.get(role)?.targets[environment]?.kind ?? "";
  if (directory.people[requester]?.identities?.[kind] === undefined) ids.push("no-identity");
  const mine = policy.rules.filter((rule) => rule.effect === "allow").filter(about);
  const candidates = mine.filter(here).map((rule) => faults(rule, policy, request, t));
  const fewest = Math.min(...candidates.map((candidate) => new Set(candidate.ids).size));
  const speaker = candidates.find((candidate) => new Set(candidate.ids).size === fewest);
  if (speaker === undefined) return deny(null, [...ids, mine.length > 0 ? "environment-not-allowed" : "not-eligible"]);
  if (ids.length + speaker.ids.length > 0) return deny(speaker.rule.id, [...ids, ...speaker.ids]);
  const hours = speaker.rule.hours;
  const isOver = (at: number) =>
    (hours?.mode === "hold" && !isOpen(hours, at)) || denying.some((rule) => denies(rule, at));
  let end = Math.floor(t / MINUTE + 1) * MINUTE;
  while (end < t + speaker.length && !isOver(end)) end += MINUTE;
  return `allow ${speaker.rule.id} ${new Date(Math.min(end, t + speaker.length)).toISOString()}`;
}
