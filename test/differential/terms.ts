// SPDX-License-Identifier: Apache-2.0
import type { Directory, Policy } from "@elevation/domain";

export type Rule = Policy["rules"][number];
export type AllowRule = Extract<Rule, { effect: "allow" }>;
export type Who = Rule["who"];

/** Hears of a question and its answer, as in `clamp: true` or `cooldown: exactly`. */
export type Note = (answered: string) => void;

export const ms = (text: string): number => Date.parse(text);

const lengths = new Map<string, number>();
/** A duration in milliseconds. */
export function duration(text: string): number {
  let length = lengths.get(text);
  if (length === undefined) {
    const shape = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
    const [, weeks, days, hours, minutes, seconds] = (shape.exec(text) ?? []).map((digits) => Number(digits ?? 0));
    length = ((((weeks ?? 0) * 7 + (days ?? 0)) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
    length *= 1000;
    lengths.set(text, length);
  }
  return length;
}

export function seen(note: Note | undefined, question: string, answer: boolean): boolean {
  note?.(`${question}: ${answer}`);
  return answer;
}

/** `one < other`; notes when they are the same or a millisecond apart. */
export function isBefore(note: Note | undefined, question: string, one: number, other: number): boolean {
  note?.(`${question}: ${one < other ? "before" : one === other ? "exactly" : "after"}`);
  if (Math.abs(one - other) === 1) note?.(`${question}: one millisecond ${one < other ? "before" : "after"}`);
  return one < other;
}

export function names(list: "*" | readonly string[], name: string): boolean {
  return list === "*" || list.includes(name);
}

/** Whether somebody is meant at an instant; `by` says of what, for the note. */
export type Matches = (who: Who | undefined, person: string, at: number, by: string) => boolean;

export function about(directory: Directory, note?: Note): Matches {
  return (who, person, at, by) => {
    if (who === undefined) return false;
    const means = matches(who, directory, person, at);
    note?.(`${by} means somebody: ${means}`);
    if (who !== "everyone" && who.onCall !== undefined) {
      for (const duty of who.onCall.flatMap((schedule) => directory.onCall?.[schedule] ?? [])) {
        if (duty.person !== person) continue;
        isBefore(note, "on call from", at, ms(duty.from));
        isBefore(note, "on call to", at, ms(duty.to));
      }
    }
    return means;
  };
}

export function matches(who: Who, { people, jobFunctions, onCall }: Directory, person: string, at: number): boolean {
  if (who === "everyone") return Object.hasOwn(people, person);
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
