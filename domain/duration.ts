// SPDX-License-Identifier: Apache-2.0

const UNITS = [
  { letter: "W", milliseconds: 604_800_000n },
  { letter: "D", milliseconds: 86_400_000n },
  { letter: "H", milliseconds: 3_600_000n },
  { letter: "M", milliseconds: 60_000n },
  { letter: "S", milliseconds: 1_000n },
] as const;
/** ISO 8601 text of fixed length, in shape; {@link parseDuration} also looks at fractions and the length. */
export const DURATION_SHAPE =
  /^P(?=.)(?:(\d+(?:[.,]\d{1,9})?)W)?(?:(\d+(?:[.,]\d{1,9})?)D)?(?:T(?=\d)(?:(\d+(?:[.,]\d{1,9})?)H)?(?:(\d+(?:[.,]\d{1,9})?)M)?(?:(\d+(?:[.,]\d{1,9})?)S)?)?$/;

/** 100 years of 365 days in milliseconds: sums of instants and durations stay far inside what a date can say. */
export const LONGEST_DURATION = 3_153_600_000_000;

/**
 * Milliseconds of an ISO 8601 duration of fixed length (design §4): weeks, days of 24 h, hours, minutes, seconds; a decimal
 * fraction in the last part only. Null for everything else: months and years, a sign, parts of a millisecond, more than
 * {@link LONGEST_DURATION}.
 */
export function parseDuration(text: string): number | null {
  const parts = text.length > 64 ? null : DURATION_SHAPE.exec(text);
  if (parts === null) return null;
  const given = UNITS.map((unit, index) => ({ unit, text: parts[index + 1] })).filter(
    (part) => part.text !== undefined,
  );
  let scaled = 0n;
  for (const [index, part] of given.entries()) {
    const [whole = "", fraction = ""] = (part.text ?? "").split(/[.,]/);
    if (fraction !== "" && index < given.length - 1) return null;
    scaled += BigInt(whole + fraction.padEnd(9, "0")) * part.unit.milliseconds;
  }
  const milliseconds = scaled / 1_000_000_000n;
  if (scaled % 1_000_000_000n !== 0n || milliseconds > BigInt(LONGEST_DURATION)) return null;
  return Number(milliseconds);
}

/** For people: `9 h`, `1 h 30 min`, `45 s`, `2 d`, `0 s`. Milliseconds are shown only where there are any. */
export function renderDuration(milliseconds: number): string {
  const parts = split(milliseconds).map(([count, , word]) => `${count} ${word}`);
  return parts.length === 0 ? "0 s" : parts.join(" ");
}

/** For documents: the shortest ISO 8601 form with days, hours, minutes and seconds, as in `PT1H30M`. */
export function formatDuration(milliseconds: number): string {
  const parts = split(milliseconds);
  const days = parts.filter(([, letter]) => letter === "D").map(([count]) => `${count}D`);
  const rest = parts
    .filter(([, letter]) => letter === "H" || letter === "M")
    .map(([count, letter]) => `${count}${letter}`);
  const seconds = (milliseconds % 60_000) / 1000;
  if (seconds !== 0) rest.push(`${seconds}S`);
  if (days.length + rest.length === 0) return "PT0S";
  return `P${days.join("")}${rest.length === 0 ? "" : `T${rest.join("")}`}`;
}

function split(milliseconds: number): [number, string, string][] {
  const units: [number, string, string][] = [
    [86_400_000, "D", "d"],
    [3_600_000, "H", "h"],
    [60_000, "M", "min"],
    [1000, "S", "s"],
    [1, "", "ms"],
  ];
  const parts: [number, string, string][] = [];
  let left = milliseconds;
  for (const [size, letter, word] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push([count, letter, word]);
  }
  return parts;
}
