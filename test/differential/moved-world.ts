// SPDX-License-Identifier: Apache-2.0
import { DAY, type Hours, MINUTE, shown } from "./calendar";
import type { World } from "./world";

const WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const INSTANT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
/** What a World writes as milliseconds. */
const MILLISECONDS = ["now", "at", "activatedAt", "expiresAt", "endedAt", "reviewedAt"];

/**
 * The case as it would be if its `now` were another instant: every instant of it is as far from `now` as it was, and
 * hours open and close, by the minute, when they would have.
 */
export function movedTo(given: World, now: number): World {
  const by = now - given.now;
  return JSON.parse(JSON.stringify(given), (key, value: unknown) => {
    if (typeof value === "string" && INSTANT.test(value)) return new Date(Date.parse(value) + by).toISOString();
    if (typeof value === "number" && MILLISECONDS.includes(key)) return value + by;
    return key === "hours" ? movedHours(value as Hours, given.now, now) : value;
  }) as World;
}

function movedHours(hours: Hours, before: number, now: number): Hours {
  const [zone, day] = [hours.zone, DAY / MINUTE];
  const [from, to] = [minuteOf(hours.from), minuteOf(hours.to)];
  const opens = from + Math.floor((shown(zone, now) - shown(zone, before)) / MINUTE);
  const closes = opens + to - from;
  const later = Math.floor(opens / day);
  const days = hours.days.map((name) => WEEK[modulo(WEEK.indexOf(name) + later, 7)] ?? name);
  return { ...hours, days, from: clockOf(modulo(opens, day)), to: clockOf(modulo(closes, day)) };
}

function minuteOf(clock: string): number {
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  return hour * 60 + minute;
}

function clockOf(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((number) => String(number).padStart(2, "0")).join(":");
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
